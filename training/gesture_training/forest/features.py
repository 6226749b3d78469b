"""The features of a window as the C++ that everywhereml writes computes them, value for value.

everywhereml's own Python computes some of them otherwise (the largest magnitude, the place of the maximum,
skewness, kurtosis, the variation coefficient). A forest trained on those would meet other values on the
device, so it is trained on these: 32-bit floats, summed in the same order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

EPS = 1e-3
"""everywhereml's own default."""

PER_CHANNEL = 20


def features(windows: Floats) -> Floats:
    """Return the features (k, 20 * channels) of windows (k, samples, channels)."""
    count, samples, channels = windows.shape
    x = np.ascontiguousarray(windows, np.float32)
    zero = np.zeros((count, channels), np.float32)
    mean, energy, change, complexity = (zero.copy() for _ in range(4))
    before = x[:, 0]
    for i in range(samples):
        now = x[:, i]
        difference = now - before
        mean += now
        energy += now * now
        change += np.abs(difference)
        complexity += difference * difference
        before = now
    size = np.float32(samples)
    mean, energy, change, complexity = mean / size, energy / size, change / size, complexity / size
    largest, least = x.max(axis=1), x.min(axis=1)
    first_order = [
        largest, least, np.abs(x).max(axis=1), np.abs(x).min(axis=1), mean, energy, change, complexity
    ]  # fmt: skip
    columns = np.stack([*first_order, *_second_order(x, mean, largest, least)], axis=2)
    return np.asarray(columns.reshape(count, PER_CHANNEL * channels), np.float32)


def _second_order(x: Floats, mean: Floats, largest: Floats, least: Floats) -> list[Floats]:
    count, samples, channels = x.shape
    size = np.float32(samples)
    variance, skew, kurtosis = (np.zeros((count, channels), np.float32) for _ in range(3))
    for i in range(samples):
        off = x[:, i] - mean
        square = off * off
        variance += square
        counts = square > EPS
        skew += np.where(counts, square * off, np.float32(0))
        kurtosis += np.where(counts, square * square, np.float32(0))
    variance = variance / size
    deviation = np.sqrt(variance)
    spread = variance > EPS
    safe = np.where(spread, variance, np.float32(1))
    skew = np.where(spread, skew / (safe.astype(np.float64) * np.sqrt(safe)), 0).astype(np.float32)
    kurtosis = np.where(spread, kurtosis / (safe * safe), np.float32(0))
    off = x - mean[:, None]
    above = (largest.astype(np.float64) - np.abs(largest) * np.float64(0.02)).astype(np.float32)
    below = (least.astype(np.float64) + np.abs(least) * np.float64(0.02)).astype(np.float32)
    return [
        deviation,
        variance,
        (off > EPS).sum(axis=1),
        (off < -EPS).sum(axis=1),
        _third(np.abs(x - largest[:, None]) < EPS, channels),
        _third(np.abs(x - least[:, None]) < EPS, channels),
        (x > above[:, None]).sum(axis=1),
        (x < below[:, None]).sum(axis=1),
        deviation > 0.25 * (largest - least).astype(np.float64),
        skew,
        kurtosis,
        np.where(mean > EPS, variance / np.where(mean > EPS, mean, np.float32(1)), np.float32(0)),
    ]


def _third(near: NDArray[np.bool_], channels: int) -> NDArray[np.int64]:
    """Return where the first true sample lies, counted in values of all channels per window length."""
    return np.asarray(near.argmax(axis=1) * channels // near.shape[1], np.int64)
