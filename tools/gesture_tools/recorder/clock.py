"""Time stamps for samples that have none: the host's arrival times, smoothed.

A sketch's lines carry no time, and they arrive in clumps: USB, the system and this process each hold them for
a while. The sketch itself samples evenly. So samples are laid on an even grid whose position and step follow
the arrivals slowly; where the stream pauses, the grid jumps, and the pause shows as a gap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GAP_S = 0.15
"""A clump that comes so much later than the grid expects is a pause, at any rate; at low rates
PERIODS_GAP."""

PERIODS_GAP = 4.0

_FOLLOW = 0.05
_LEARN = 0.002
"""Shares of a clump's lateness that move the grid, and that change its step."""

_LEAST_STEP = 0.25


class ArrivalClock:
    """Stamps clumps of samples by when they arrived."""

    def __init__(self, rate_hz: float) -> None:
        self._period_us = 1e6 / rate_hz
        self._patience_us = max(GAP_S * 1e6, PERIODS_GAP * self._period_us)
        self._last_us: float | None = None

    def is_pause(self, count: int, arrival_us: float) -> bool:
        """Whether stamp() would take samples that arrived by arrival_us for the first after a pause."""
        return self._last_us is not None and self._late(count, arrival_us) > self._patience_us

    def stamp(self, count: int, arrival_us: float) -> NDArray[np.int64]:
        """Return time stamps (count,) of samples that had all arrived by arrival_us, a growing time."""
        if self._last_us is None:
            self._last_us = arrival_us - count * self._period_us
        late = self._late(count, arrival_us)
        if late > self._patience_us:
            self._last_us += late
            late = 0.0
        step = self._period_us + _FOLLOW * late / count
        self._period_us += _LEARN * late / count
        stamps = self._last_us + max(step, _LEAST_STEP * self._period_us) * np.arange(1, count + 1)
        self._last_us = float(stamps[-1])
        return np.asarray(np.rint(stamps), np.int64)

    def _late(self, count: int, arrival_us: float) -> float:
        assert self._last_us is not None
        return arrival_us - (self._last_us + count * self._period_us)
