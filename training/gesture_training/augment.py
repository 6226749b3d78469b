"""Augmentation: what differs between people, boards and moments, applied to int16 samples before the C core.

Everything works on whole batches with numpy, in the samples' own unit, so that the trained network only ever
sees columns that the device's own preprocessing made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_training.config import Augmentation

Samples = NDArray[np.int16]
Floats = NDArray[np.floating[Any]]

FULL_SCALE = 32767


def sample_positions(
    starts: Floats,
    window: int,
    history: int,
    limits: NDArray[np.int64],
    settings: Augmentation,
    rng: np.random.Generator,
) -> Floats:
    """Return the positions (k, history + window) at which a batch of windows reads its segments.

    starts: first sample of each unstretched window (k,), may lie outside the segment. history: samples
    before the window. limits: first and last
    readable sample of each segment (k, 2). Time is stretched about the window's middle; positions outside the
    limits read the edge sample, as a board at rest before and after would.
    """
    speed = np.exp(rng.normal(0.0, settings.speed, len(starts)))
    middle = (window - 1) / 2
    offsets = (np.arange(-history, window) - middle) * speed[:, None] + middle
    places = offsets.shape[1]
    gap = rng.integers(1, 4, (len(starts), 1)) * (rng.random((len(starts), 1)) < settings.lost)
    offsets = offsets + gap * (np.arange(places) >= rng.integers(0, places, (len(starts), 1)))
    return np.clip(starts[:, None] + offsets, limits[:, :1], limits[:, 1:])


def read_at(samples: Samples, positions: Floats) -> Floats:
    """Read samples (n, channels) at fractional positions (k, window), linearly: (k, window, channels)."""
    left = np.floor(positions).astype(np.int64)
    right = np.minimum(left + 1, len(samples) - 1)
    share = (positions - left).astype(np.float32)[..., None]
    before = samples[left].astype(np.float32)
    return np.asarray(before + (samples[right] - before) * share)


def rotations(count: int, degrees: float, rng: np.random.Generator) -> Floats:
    """Return random rotations (count, 3, 3): angle normal with the given deviation, axis uniform."""
    axis = rng.normal(size=(count, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    angle = np.radians(degrees) * rng.normal(size=(count, 1, 1))
    cross = np.zeros((count, 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross -= cross.transpose(0, 2, 1)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross))


def turns_about_z(count: int, degrees: float, rng: np.random.Generator) -> Floats:
    """Return rotations about z (count, 3, 3) by angles of the given deviation."""
    angle = np.radians(degrees) * rng.normal(size=count)
    turns = np.tile(np.eye(3), (count, 1, 1))
    turns[:, 0, 0] = turns[:, 1, 1] = np.cos(angle)
    turns[:, 1, 0] = np.sin(angle)
    turns[:, 0, 1] = -turns[:, 1, 0]
    return turns


def vary(windows: Floats, settings: Augmentation, rng: np.random.Generator) -> Samples:
    """Return a batch of windows (k, window, channels) as other hands, mountings and sensors would measure it.

    The first three channels are taken for acceleration along x, y, z and turn together.
    """
    count, _, channels = windows.shape
    rest = windows.mean(axis=1, keepdims=True)
    strength = np.exp(rng.normal(0.0, settings.amplitude, (count, 1, 1))).astype(windows.dtype)
    varied = rest + (windows - rest) * strength
    if channels >= 3:
        turns = turns_about_z(count, settings.turn, rng) @ rotations(count, settings.rotation, rng)
        turned = varied[..., :3] @ turns.transpose(0, 2, 1).astype(windows.dtype)
        varied = np.concatenate([turned, varied[..., 3:]], axis=2)
    varied *= np.exp(rng.normal(0.0, settings.gain, (count, 1, channels))).astype(windows.dtype)
    varied += rng.normal(0.0, settings.bias, (count, 1, channels)).astype(windows.dtype)
    noise = np.abs(rng.normal(0.0, settings.noise, (count, 1, 1))).astype(windows.dtype)
    varied += noise * rng.standard_normal(varied.shape, dtype=np.float32)
    samples: Samples = np.clip(np.rint(varied), -FULL_SCALE, FULL_SCALE).astype(np.int16)
    return samples
