"""Cutting single gestures out of a continuous stream: where the board moves, and where it is quiet again.

The measure is how much the acceleration varies within a short stretch, so that neither gravity nor a slow
turn of the hand counts. A movement begins where it exceeds a threshold above the hand's own tremor and ends
where it has stayed below for QUIET_S: shorter pauses belong to the gesture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STRETCH_S = 0.14
"""Stretch that the variation is measured over."""

LEAST_MG, MOST_MG = 90.0, 250.0
TREMOR = 4.0
"""Variation (milli-g, all axes) that begins a movement: so many times the tremor, within these."""

END = 0.5
"""A movement ends below this share of what begins one."""

PEAK = 2.0
"""A movement's largest variation is at least so many times what begins one; less is fidgeting."""

QUIET_S = 0.45
"""Quiet that ends a movement."""

MARGIN_S = 0.35
"""Stream that a take keeps before and after its movement."""

LEAST_TAKE_S = 1.5
"""Length that a take has at least, where the stream has it: more margin for short gestures."""

LONGEST_S = 6.0
"""A movement beyond this is no single gesture."""


@dataclass(frozen=True)
class Movement:
    """A movement in a stream, as indices of its samples: first <= i < end."""

    first: int
    end: int
    quiet: bool
    """Whether QUIET_S have passed since, so that it is over."""


def variation(samples: NDArray[np.int16], rate_hz: float) -> NDArray[np.float64]:
    """Return the standard deviation (n,) of samples (n, channels) around each, over all axes, in milli-g."""
    width = max(3, round(STRETCH_S * rate_hz) | 1)
    values = np.pad(samples.astype(np.float64), ((width // 2, width // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0)
    squares = np.cumsum(np.pad(values * values, ((1, 0), (0, 0))), axis=0)
    mean = (sums[width:] - sums[:-width]) / width
    power = (squares[width:] - squares[:-width]) / width - mean * mean
    return np.asarray(np.sqrt(np.clip(power, 0, None).sum(axis=1)))


def find_movements(samples: NDArray[np.int16], rate_hz: float) -> list[Movement]:
    """Return the movements in a stream, in order of time."""
    if len(samples) < 3:
        return []
    level = variation(samples, rate_hz)
    begin = min(MOST_MG, max(LEAST_MG, TREMOR * float(np.percentile(level, 10))))
    above = np.flatnonzero(level >= END * begin)
    quiet = round(QUIET_S * rate_hz)
    movements = []
    for run in np.split(above, np.flatnonzero(np.diff(above) > quiet) + 1):
        if len(run) and level[run].max() >= PEAK * begin:
            strong = run[level[run] >= begin]
            first, end = (
                int(max(run[0], strong[0] - quiet // 2)),
                int(min(run[-1], strong[-1] + quiet // 2)) + 1,
            )
            movements.append(Movement(first, end, len(samples) - int(run[-1]) > quiet))
    return movements


def whole(movements: list[Movement], count: int, rate_hz: float) -> list[Movement]:
    """Return the movements that a stream of count samples holds from rest to rest, margins behind included.

    One that goes on where the stream begins has lost its beginning.
    """
    least = round(STRETCH_S * rate_hz)
    return [
        movement
        for movement in movements
        if movement.quiet and movement.first > least and _margin(movement, rate_hz) <= count - movement.end
    ]


def strongest(samples: NDArray[np.int16], movements: list[Movement]) -> Movement:
    """Return the movement of the most energy; the first of equals."""
    values = samples.astype(np.float64)
    return max(movements, key=lambda m: float(values[m.first : m.end].var(axis=0).sum()) * (m.end - m.first))


def with_margin(movement: Movement, count: int, rate_hz: float) -> tuple[int, int]:
    """Return first and end of the take around a movement in a stream of count samples."""
    margin = _margin(movement, rate_hz)
    return max(0, movement.first - margin), min(count, movement.end + margin)


def _margin(movement: Movement, rate_hz: float) -> int:
    missing = round(LEAST_TAKE_S * rate_hz) - (movement.end - movement.first)
    return max(round(MARGIN_S * rate_hz), -(-missing // 2))
