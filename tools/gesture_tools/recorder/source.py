"""What delivers samples, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.profile import Profile


class SourceLost(UserError):
    """A source is gone, has gone silent or began anew; all that it delivered before has been returned."""


@dataclass(frozen=True, eq=False)
class Block:
    """Samples in a row, none to many."""

    seq: NDArray[np.int64]
    """Sample numbers (n,), growing; a step of more than 1 is lost samples."""
    t_us: NDArray[np.int64]
    """Time (n,), strictly growing, within and between blocks."""
    samples: NDArray[np.int16]
    """Samples (n, channels) in milli-g."""

    def __len__(self) -> int:
        return len(self.seq)

    @classmethod
    def join(cls, blocks: list[Block]) -> Block:
        """Return blocks, at least one, as one."""
        return cls(
            np.concatenate([block.seq for block in blocks]),
            np.concatenate([block.t_us for block in blocks]),
            np.concatenate([block.samples for block in blocks]),
        )

    def part(self, first: int, end: int | None = None) -> Block:
        """Return the samples first to end (excluded)."""
        return Block(self.seq[first:end], self.t_us[first:end], self.samples[first:end])


def no_samples(channels: int) -> Block:
    """Return a block without samples."""
    nothing = np.zeros(0, np.int64)
    return Block(nothing, nothing, np.zeros((0, channels), np.int16))


@dataclass(frozen=True)
class Facts:
    """What a source says of itself, or what was measured and asked."""

    profile: Profile
    header: dict[str, str] = field(default_factory=dict)
    """Lines for the header of its logs: board, sensor, firmware, what is unverified."""


class Source(Protocol):
    """A port that delivers samples."""

    @property
    def facts(self) -> Facts:
        """What it is."""

    @property
    def malformed(self) -> int:
        """Messages that came damaged since the start. Their samples show as lost, by seq."""

    @property
    def example(self) -> str:
        """The last damaged message, to be shown; empty when there was none."""

    def read(self, timeout_s: float) -> Block:
        """Return what has come, waiting up to timeout_s for it; raise SourceLost when no more will come."""

    def skip(self) -> None:
        """Drop what is waiting, and what is half there: the next block is fresh."""

    def close(self) -> None:
        """Give the port back."""
