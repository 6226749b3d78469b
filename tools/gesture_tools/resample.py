"""Bringing a recording to another sampling rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording

CUTOFF = 0.9
"""Half-gain frequency of the low-pass, as a share of the lower of the two Nyquist frequencies."""

LOBES = 16
"""Zero crossings of the kernel on each side."""

KAISER_BETA = 5.65
"""Kaiser window for 60 dB: with LOBES lobes the pass band ends at 0.8 of the Nyquist frequency, the stop band
begins at it."""

MAX_SAMPLES = 50_000_000
"""Longest recording at its measured rate, lost samples included, and at the rate wanted."""

_TABLE_STEPS = 512
_CHUNK = 4096
_CHUNK_WEIGHTS = 1 << 23


def at_rate(recording: Recording, rate_hz: float, tolerance: float = 0.05) -> Recording:
    """Return the recording as a sensor running at exactly rate_hz would have given it.

    A recording whose measured rate lies within tolerance (a share) of rate_hz, with no sample lost, is what a
    device with that tolerance sees: the same object is returned. Otherwise the result has samples at
    ``t_us[0] + k * 1e6 / rate_hz`` up to the last stamp, in two steps:

    1. onto the even grid of the measured rate, by monotone cubic interpolation on the stamps (nothing changes
       for even stamps; a gap is bridged without overshoot);
    2. ``y(u) = sum_k x[k] h(u - k) / sum_k h(u - k)``, u in samples of that grid, edge values beyond the
       ends, ``h(v) = sinc(c v) kaiser(c v / LOBES)``, ``c = CUTOFF * min(1, rate_hz / measured)``.

    Values are rounded half to even and saturated to int16. Spans, in time, stay. Raises UserError for more
    than MAX_SAMPLES samples: the device's clock or sequence numbers are wrong.
    """
    measured = recording.rate_hz
    if recording.lost == 0 and abs(measured - rate_hz) <= tolerance * rate_hz:
        return recording
    seconds = (recording.t_us - recording.t_us[0]) / 1e6
    duration = float(seconds[-1])
    even_count, count = int(duration * measured + 0.5) + 1, int(duration * rate_hz + 1e-6) + 1
    if max(even_count, count) > MAX_SAMPLES:
        raise UserError(
            f"{recording.source}: recording {recording.id!r} is {duration:g} s at {measured:g} Hz, "
            f"{recording.lost} lost samples included, and needs {max(even_count, count)} samples at an even "
            f"rate: expected at most {MAX_SAMPLES}; split it or correct its seq and t_us"
        )
    even = np.arange(even_count) / measured
    source = _interpolate(seconds, recording.samples.astype(np.float64), even)
    times = np.arange(count) / rate_hz
    values = _filter(source, times * measured, CUTOFF * min(1.0, rate_hz / measured))
    samples = np.clip(np.rint(values), -32768, 32767).astype(np.int16)
    if len(times) < 2:
        times, samples = np.array([0.0, 1 / rate_hz]), np.repeat(samples, 2, axis=0)
    t_us = recording.t_us[0] + np.rint(times * 1e6).astype(np.int64)
    return replace(recording, t_us=t_us, samples=samples, seq=None)


def _interpolate(
    t: NDArray[np.float64], x: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Monotone cubic Hermite interpolation of x (n, channels) at times inside t (n,), increasing.

    Slopes are the weighted harmonic means of Fritsch and Butland (1984): zero at extrema, no overshoot.
    """
    step = np.diff(t)[:, None]
    secant = np.diff(x, axis=0) / step
    before, after = secant[:-1], secant[1:]
    left, right = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
    same = before * after > 0
    weighted = np.divide(left, before, where=same, out=np.ones_like(before))
    weighted += np.divide(right, after, where=same, out=np.ones_like(before))
    slope = np.zeros_like(x)
    slope[1:-1] = np.where(same, (left + right) / weighted, 0.0)
    slope[0], slope[-1] = secant[0], secant[-1]

    result = np.empty((len(at), x.shape[1]))
    for start in range(0, len(at), _CHUNK):
        part = at[start : start + _CHUNK]
        index = np.clip(np.searchsorted(t, part, side="right") - 1, 0, len(t) - 2)
        width = step[index]
        u = np.clip((part - t[index])[:, None] / width, 0.0, 1.0)
        rest = 1 - u
        result[start : start + _CHUNK] = rest**2 * (
            (1 + 2 * u) * x[index] + u * width * slope[index]
        ) + u**2 * ((1 + 2 * rest) * x[index + 1] - rest * width * slope[index + 1])
    return result


def _filter(x: NDArray[np.float64], at: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    """Evaluate the low-pass of x (n, channels) at positions in samples; cutoff: a share of its Nyquist."""
    grid = np.linspace(0, LOBES, LOBES * _TABLE_STEPS + 1)
    kernel = np.sinc(grid) * np.kaiser(2 * len(grid) - 1, KAISER_BETA)[len(grid) - 1 :]
    reach = int(np.ceil(LOBES / cutoff))
    taps = np.arange(1 - reach, reach + 1)
    result = np.empty((len(at), x.shape[1]))
    chunk = max(1, min(_CHUNK, _CHUNK_WEIGHTS // len(taps)))
    for start in range(0, len(at), chunk):
        position = at[start : start + chunk]
        nearest = np.floor(position).astype(np.int64)
        neighbours = nearest[:, None] + taps
        weights = np.interp(np.abs(position[:, None] - neighbours) * cutoff, grid, kernel, right=0.0)
        weights /= weights.sum(axis=1, keepdims=True)
        near = x[np.clip(neighbours, 0, len(x) - 1)]
        result[start : start + chunk] = np.einsum("kt,ktc->kc", weights, near)
    return result
