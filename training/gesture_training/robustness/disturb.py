"""Disturbances of recordings: what a mounting, a sensor or a lossy wire does to samples, level by level.

They act on samples (int16, milli-g) at the model's rate, before the C core. The device knows of none of
them: a disturbed recording carries the time stamps that it believes in.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.recordings import ACCELERATION, Recording, Span
from gesture_tools.resample import at_rate

Samples = NDArray[np.int16]
Level = float | str
"""A number in the sweep's unit, or the name of a mistake."""

FULL_SCALE = 32767

FASTER = "% faster"
"""Unit of a clock's levels; below 0 it is slower."""

MIRRORED_SWAPPED: Mapping[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "-x": ((0, 1, 2), (-1, 1, 1)),
    "-y": ((0, 1, 2), (1, -1, 1)),
    "-z": ((0, 1, 2), (1, 1, -1)),
    "xy": ((1, 0, 2), (1, 1, 1)),
    "xz": ((2, 1, 0), (1, 1, 1)),
    "yz": ((0, 2, 1), (1, 1, 1)),
}
"""Order and signs of x, y, z for a mirrored (-x) or swapped (xy) axis."""


@dataclass(frozen=True)
class Sweep:
    """One kind of disturbance and the levels that are tried."""

    name: str
    unit: str
    levels: tuple[Level, ...]
    apply: Callable[[Recording, Level, float, np.random.Generator], Recording]
    """Takes a recording, a level and the model's rate in Hz."""
    worse_below: bool = False
    """Whether smaller levels disturb more: a range that clips."""
    signed: bool = False
    """Whether a level stands for both directions."""
    needs_xyz: bool = False

    def disturb(self, recording: Recording, level: Level, rate_hz: float, seed: int) -> Recording:
        """Return a disturbed recording; chance is the same at every level, and other for every recording."""
        names = [seed, zlib.crc32(recording.id.encode()), zlib.crc32(self.name.encode())]
        return self.apply(recording, level, rate_hz, np.random.default_rng(names))

    def reaches(self, level: Level, limit: Level | None) -> bool:
        """Say whether a level lies within a limit's level; a limit without one holds for all."""
        if limit is None:
            return True
        if isinstance(level, str) or isinstance(limit, str):
            return level == limit
        return level >= limit if self.worse_below else abs(level) <= abs(limit) + 1e-9


def is_xyz(channels: tuple[str, ...]) -> bool:
    """Say whether the first three channels are acceleration along x, y, z, which turn together."""
    return channels[:3] == ACCELERATION


def _turned(recording: Recording, level: Level, _: float, rng: np.random.Generator) -> Recording:
    axis = rng.normal(size=3)
    x, y, z = axis / np.linalg.norm(axis)
    angle = np.radians(float(level))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    samples = recording.samples.astype(np.float64)
    samples[:, :3] = samples[:, :3] @ matrix.T
    return replace(recording, samples=_rounded(samples))


def _clock(recording: Recording, level: Level, rate_hz: float, _: np.random.Generator) -> Recording:
    """Return what a sensor gives that runs faster (below 0: slower) than it says."""
    fast = at_rate(recording, rate_hz * (1 + float(level) / 100), 0.0)
    return _as_believed(fast, fast.samples, fast.t_us, rate_hz)


def _gained(recording: Recording, level: Level, _: float, __: np.random.Generator) -> Recording:
    return replace(recording, samples=_rounded(recording.samples * (1 + float(level) / 100)))


def _noisy(recording: Recording, level: Level, _: float, rng: np.random.Generator) -> Recording:
    noise = rng.standard_normal(recording.samples.shape)
    return replace(recording, samples=_rounded(recording.samples + float(level) * noise))


def _biased(recording: Recording, level: Level, _: float, rng: np.random.Generator) -> Recording:
    signs = rng.choice([-1.0, 1.0], recording.samples.shape[1])
    return replace(recording, samples=_rounded(recording.samples + float(level) * signs))


def _lossy(recording: Recording, level: Level, rate_hz: float, rng: np.random.Generator) -> Recording:
    """Lose samples that nobody misses: the rest close up."""
    arrive = rng.random(len(recording.samples)) >= float(level) / 100
    arrive[:2] = True
    return _as_believed(recording, recording.samples[arrive], recording.t_us[arrive], rate_hz)


def _clipped(recording: Recording, level: Level, _: float, __: np.random.Generator) -> Recording:
    return replace(
        recording, samples=np.clip(recording.samples, -float(level), float(level)).astype(np.int16)
    )


def _wrong_axes(recording: Recording, level: Level, _: float, __: np.random.Generator) -> Recording:
    order, signs = MIRRORED_SWAPPED[str(level)]
    samples = recording.samples.astype(np.float64)
    samples[:, :3] = samples[:, order] * signs
    return replace(recording, samples=_rounded(samples))


SWEEPS = (
    Sweep("rotation", "degrees", (10, 20, 30, 45, 60, 90), _turned, needs_xyz=True),
    Sweep("rate", FASTER, (-10, -5, -2, 2, 5, 10), _clock, signed=True),
    Sweep("gain", "%", (-20, -10, -5, 5, 10, 20), _gained, signed=True),
    Sweep("noise", "milli-g", (10, 25, 50, 100), _noisy),
    Sweep("bias", "milli-g", (25, 50, 100, 200), _biased),
    Sweep("lost", "% of samples", (1, 2, 5, 10), _lossy),
    Sweep("clipping", "milli-g", (4000, 2000, 1500, 1200), _clipped, worse_below=True),
    Sweep("axes", "", tuple(MIRRORED_SWAPPED), _wrong_axes, needs_xyz=True),
)
"""Every disturbance, in the order shown; docs/formats.md says what each means."""


def _as_believed(
    recording: Recording, samples: Samples, times_us: NDArray[np.int64], rate_hz: float
) -> Recording:
    """Return samples taken at times_us with the stamps that the device believes in, spans moved along."""
    stamps = recording.t_us[0] + np.rint(np.arange(len(samples)) * 1e6 / rate_hz).astype(np.int64)
    edges = np.array([(span.start_us, span.end_us) for span in recording.spans], dtype=np.float64).reshape(
        -1, 2
    )
    moved = np.rint(np.interp(edges, times_us, stamps)).astype(np.int64)
    spans = tuple(
        Span(span.label, int(start), int(end))
        for span, (start, end) in zip(recording.spans, moved, strict=True)
        if end > start
    )
    return replace(recording, samples=samples, t_us=stamps, seq=None, spans=spans)


def _rounded(samples: NDArray[np.floating[Any]]) -> Samples:
    return np.asarray(np.clip(np.rint(samples), -FULL_SCALE, FULL_SCALE), dtype=np.int16)
