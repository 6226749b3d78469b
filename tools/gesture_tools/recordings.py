"""Recordings: what a log or a row group of a table holds."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gesture_tools.profile import CHANNEL_UNITS

BACKGROUND = "background"
"""Label of a recording without a gesture, and of a continuous log outside its spans."""

SPANS_SUFFIX = ".spans.csv"

FORCED = "forced"
"""Header key of a log that breaks its profile, and was kept at the user's wish: why."""

UNVERIFIED = "unverified"
"""Header key of a log whose values nobody vouches for: which."""

MAX_GAP_US = 60_000_000
"""Longest time between two samples of one recording; more is a wrong clock, or two recordings."""

MAX_NUMBER = 10**15
"""Largest magnitude of a time stamp (us) or sequence number."""

ACCELERATION = tuple(CHANNEL_UNITS)[:3]


@dataclass(frozen=True)
class Span:
    """A labelled stretch of a continuous recording, on its clock: start_us <= t < end_us."""

    label: str
    start_us: int
    end_us: int


@dataclass(frozen=True, eq=False)
class Recording:
    """Samples of one person in one session, with their device time."""

    id: str
    """Unique among the recordings loaded together."""
    label: str | None
    """None: a continuous recording, labelled by its spans."""
    subject: str
    session: str
    """Empty when unknown."""
    t_us: NDArray[np.int64]
    """Time stamps (n,), strictly increasing, n >= 2."""
    samples: NDArray[np.int16]
    """Samples (n, channels) in milli-g."""
    spans: tuple[Span, ...] = ()
    source: Path = Path()
    channels: tuple[str, ...] = ACCELERATION
    """Channel kinds in sample order."""
    seq: NDArray[np.int64] | None = None
    """The device's sequence numbers (n,), strictly increasing; None: consecutive."""
    header: Mapping[str, str] = field(default_factory=dict)
    """What else the log's header says (board, sensor, synthetic, ...)."""

    def __post_init__(self) -> None:
        """Check that the parts fit each other; raise ValueError when they do not."""
        count = len(self.t_us)
        if count < 2 or self.t_us.dtype != np.int64 or (np.diff(self.t_us) <= 0).any():
            raise ValueError(f"{self.id}: t_us must be at least two strictly increasing int64 time stamps")
        if self.samples.dtype != np.int16 or self.samples.shape != (count, len(self.channels)):
            raise ValueError(f"{self.id}: samples must be int16 of shape ({count}, {len(self.channels)})")
        if self.seq is not None and (len(self.seq) != count or (np.diff(self.seq) <= 0).any()):
            raise ValueError(f"{self.id}: seq must be {count} strictly increasing numbers")

    @property
    def duration_s(self) -> float:
        """Seconds from the first sample to the last."""
        return float(self.t_us[-1] - self.t_us[0]) / 1e6

    @property
    def lost(self) -> int:
        """Samples the device took that are missing here, by its sequence numbers."""
        return 0 if self.seq is None else int(self.seq[-1] - self.seq[0]) + 1 - len(self.seq)

    @property
    def rate_hz(self) -> float:
        """Measured rate of the sensor: steps taken (lost samples included) over the time they took."""
        return (len(self.t_us) - 1 + self.lost) / self.duration_s


def has_control(text: str) -> bool:
    """Whether a name holds a control character or line end: it would garble tables and terminals."""
    return any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)


def find_gap(t_us: NDArray[np.int64]) -> tuple[int, str] | None:
    """Return the index of the first sample after a gap of more than MAX_GAP_US and what to do, or None."""
    steps = np.diff(t_us)
    if not (steps > MAX_GAP_US).any():
        return None
    index = int(np.argmax(steps > MAX_GAP_US)) + 1
    return index, (
        f"a gap of {steps[index - 1] / 1e6:g} s before this sample: expected at most {MAX_GAP_US / 1e6:g} s; "
        "split the recording there"
    )
