"""What a stream is like while it is recorded: rate, jitter, gaps, losses, clipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gesture_tools.lint.signal import clipped
from gesture_tools.lint.timing import GAP, GAP_S
from gesture_tools.profile import Profile
from gesture_tools.recorder.source import Block, no_samples

RECENT_S = 5.0


@dataclass(frozen=True)
class Reading:
    """Figures of a stream."""

    samples: int
    seconds: float
    rate_hz: float
    """Over the last RECENT_S; 0 when there is nothing to measure."""
    jitter_ms: float
    """Standard deviation of the steps between samples, over the same time."""
    gaps: int
    lost: int
    clipped: int


class Meter:
    """Measures a stream block by block, in bounded memory."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._first_us: int | None = None
        self._samples = self._gaps = self._lost = self._clipped = 0
        self.recent = no_samples(len(profile.channels))
        """The last samples, RECENT_S of them."""

    def update(self, block: Block) -> None:
        """Take in samples."""
        if not len(block):
            return
        if self._first_us is None:
            self._first_us = int(block.t_us[0])
        joined = Block.join([self.recent.part(-1), block])
        numbers = np.diff(joined.seq)
        steps = np.diff(joined.t_us) / numbers
        self._gaps += int(((steps > GAP * 1e6 / self._profile.rate_hz) & (steps >= GAP_S * 1e6)).sum())
        self._lost += int((numbers - 1).sum())
        self._clipped += clipped(block.samples, self._profile.full_scale_mg)
        self._samples += len(block)
        joined = Block.join([self.recent, block])
        keep = int(np.searchsorted(joined.t_us, joined.t_us[-1] - round(RECENT_S * 1e6)))
        self.recent = joined.part(keep)

    def read(self) -> Reading:
        """Return the figures so far."""
        recent = self.recent
        rate = jitter = seconds = 0.0
        if len(recent) > 1:
            numbers = np.diff(recent.seq)
            rate = float(numbers.sum() / (recent.t_us[-1] - recent.t_us[0]) * 1e6)
            jitter = float((np.diff(recent.t_us) / numbers).std() / 1000)
        if self._first_us is not None:
            seconds = float(recent.t_us[-1] - self._first_us) / 1e6
        return Reading(self._samples, seconds, rate, jitter, self._gaps, self._lost, self._clipped)
