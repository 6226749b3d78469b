"""A small accelerometer with errors and a clock of its own, modelled on 12-bit parts such as the LIS2DH12."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gesture_training.synthesis.trajectory import RATE_HZ, Array

STEP_MG = 2
"""One step of the sensor, milli-g (12 bits over +-4 g)."""

CLOCK_ERROR = 0.04
"""Largest error of the sensor's own clock, as a share of its rate."""


@dataclass(frozen=True, eq=False)
class Sensor:
    """One sensor as soldered on one board; its ranges are those of `draw`."""

    bias_mg: Array
    """Reading without any force (3,), within +-60 milli-g, most within 20."""
    response: Array
    """Gain of each axis (diagonal, within 3 %) and cross-axis sensitivity (off it, up to 1 %): (3, 3)."""
    noise_mg: float
    """Noise of one sample, rms: noise density 150 to 500 micro-g per root hertz over the bandwidth."""
    bandwidth_hz: float
    """Corner of the second-order low-pass before sampling, 12 to 22 Hz at 50 samples a second."""
    clock: float
    """Rate of the sensor's clock over its nominal rate, 1 +- CLOCK_ERROR."""
    jitter_us: float
    """Spread of the time stamps, which the processor makes on the sensor's interrupt, 20 to 300 us."""


def draw(rng: np.random.Generator) -> Sensor:
    """Draw one sensor."""
    bandwidth = rng.uniform(12, 22)
    gain = rng.normal(1, 0.012, 3).clip(0.97, 1.03)
    cross_axis = rng.uniform(-0.01, 0.01, (3, 3)) * (1 - np.eye(3))
    return Sensor(
        bias_mg=rng.normal(0, 20, 3).clip(-60, 60),
        response=np.diag(gain) + cross_axis,
        noise_mg=rng.uniform(0.15, 0.5) * np.sqrt(bandwidth),
        bandwidth_hz=bandwidth,
        clock=1 + rng.uniform(-CLOCK_ERROR, CLOCK_ERROR),
        jitter_us=rng.uniform(20, 300),
    )


def low_pass(force: Array, corner_hz: float) -> Array:
    """Second-order Butterworth low-pass of (n, 3) on the model's grid, in steady state at the start."""
    omega = 2 * np.pi * corner_hz
    t = np.arange(round(1.5 / corner_hz * RATE_HZ)) / RATE_HZ
    response = np.exp(-omega * t / np.sqrt(2)) * np.sin(omega * t / np.sqrt(2))
    response /= response.sum()
    before = np.repeat(force[:1], len(t) - 1, axis=0)
    padded = np.concatenate([before, force])
    return np.stack([np.convolve(axis, response, mode="valid") for axis in padded.T], axis=1)


def measure(
    sensor: Sensor, force: Array, rate_hz: float, full_scale_mg: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """Time stamps (k,) in microseconds and samples (k, 3) in milli-g of a force (n, 3) in g on the grid.

    The force is low-passed, taken at the sensor's own rate, distorted, made noisy, rounded to whole steps of
    STEP_MG and limited to the full scale.
    """
    period = 1 / (rate_hz * sensor.clock)
    taken = np.arange(int((len(force) - 1) / RATE_HZ / period) + 1) * period
    grid = np.arange(len(force)) / RATE_HZ
    smooth = low_pass(force, sensor.bandwidth_hz)
    exact = np.stack([np.interp(taken, grid, axis) for axis in smooth.T], axis=1)
    distorted = 1000 * exact @ sensor.response.T + sensor.bias_mg
    noisy = distorted + rng.normal(0, sensor.noise_mg, distorted.shape)
    limit = full_scale_mg // STEP_MG
    samples = STEP_MG * np.clip(np.rint(noisy / STEP_MG), -limit, limit)
    late = np.abs(rng.normal(0, sensor.jitter_us, len(taken))).clip(0, 0.25e6 * period)
    stamps = np.rint(1e6 * taken + late)
    return (stamps - stamps[0]).astype(np.int64), samples.astype(np.int16)
