"""Training windows: drawn from pieces, varied, and turned into columns by the C core."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.runtime import columns
from gesture_tools.verdict import strongest
from gesture_training.augment import read_at, sample_positions, vary
from gesture_training.config import Augmentation
from gesture_training.dataset import Piece

COLUMN_SCALE = 64
"""Columns per unit of the float network: its input is column / 64, the int8 model's input scale 1 / 64."""

ANYWHERE = 0.7
"""Share of background windows taken anywhere, not around the strongest motion."""

SETTLED = 2
"""Time constants of the estimated gravity that are drawn before a window."""

MOTION_SHARE = 0.95
"""Share of a motion's energy after which it counts as over."""


class WindowSource:
    """Pieces laid end to end, from which batches of windows are drawn, balanced over labels and people."""

    def __init__(self, pieces: Sequence[Piece], contract: Contract) -> None:
        """Find each piece's strongest motion and its share of the windows."""
        self.contract = contract
        window = contract.window
        sizes = np.array([len(piece.samples) for piece in pieces], dtype=np.int64)
        self.samples = np.concatenate([piece.samples for piece in pieces])
        self.first = np.cumsum(sizes) - sizes
        self.last = self.first + sizes - 1
        self.start = self.first + np.array([piece.start for piece in pieces], dtype=np.int64)
        self.length = np.array([piece.end - piece.start for piece in pieces], dtype=np.int64)
        self.labels = np.array([piece.label for piece in pieces], dtype=np.int64)
        peaks = [strongest(piece.recording.samples, window, 1) for piece in pieces]
        self.peak = self.start + np.array(peaks) - np.maximum(0, window - self.length) // 2
        ends = np.array([_motion_end(piece.recording.samples) for piece in pieces])
        self.over = np.maximum(self.start + ends - window, self.peak - window // 2)
        """Where a window starts that ends with the motion, at most half a window before the strongest."""
        self.share = self._shares([piece.subject for piece in pieces])

    def draw(
        self, count: int, settings: Augmentation, rng: np.random.Generator
    ) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        """Return count varied windows (count, window, channels) of columns and their labels (count,).

        They lie about the strongest motion, and as early as a device first sees a whole gesture: when its
        motion is just over, and none of the rest behind it is in the window yet.
        """
        chosen = self.choose(count, rng)
        return self.around(chosen, settings, rng), self.labels[chosen]

    def choose(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the indices of count pieces, balanced over labels and people."""
        return rng.choice(len(self.labels), count, p=self.share)

    def around(
        self, chosen: NDArray[np.int64], settings: Augmentation, rng: np.random.Generator
    ) -> NDArray[np.int8]:
        """Return a varied window (k, window, channels) of each of the chosen pieces, as draw() does."""
        window, count = self.contract.window, len(chosen)
        high = self.peak[chosen] + settings.shift * window
        low = np.minimum(self.peak[chosen] - settings.shift * window, self.over[chosen])
        starts = low + rng.random(count) * (high - low)
        room = np.maximum(self.length[chosen] - window, 0)
        anywhere = (self.labels[chosen] == self.contract.background) & (rng.random(count) < ANYWHERE)
        starts = np.where(anywhere & (room > 0), self.start[chosen] + rng.random(count) * room, starts)
        limits = np.stack([self.first[chosen], self.last[chosen]], axis=1)
        return read_varied(self.samples, starts, limits, self.contract, settings, rng)

    def _shares(self, subjects: Sequence[str]) -> NDArray[np.float64]:
        """Weigh labels alike, and the people of a label; in the background, long pieces more."""
        people = np.array(subjects)
        share = np.zeros(len(people))
        for label in np.unique(self.labels):
            mine = self.labels == label
            weight = np.where(label == self.contract.background, self.length, 1).astype(np.float64)
            for person in np.unique(people[mine]):
                his = mine & (people == person)
                total = np.sqrt(weight[his].sum()) if label == self.contract.background else 1.0
                share[his] = total * weight[his] / weight[his].sum()
            share[mine] /= share[mine].sum()
        return np.asarray(share / share.sum())


def _motion_end(samples: NDArray[np.int16]) -> int:
    """Return the sample of (n, channels) by which MOTION_SHARE of the motion's energy has passed, 1 to n."""
    motion = samples - np.median(samples, axis=0)
    energy = np.cumsum((motion**2).sum(axis=1))
    return int(np.searchsorted(energy, MOTION_SHARE * energy[-1])) + 1


def read_varied(
    samples: NDArray[np.int16],
    starts: NDArray[np.float64],
    limits: NDArray[np.int64],
    contract: Contract,
    settings: Augmentation,
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """Return windows (k, window, channels) of samples (n, channels), varied, as columns of the C core.

    starts: first sample of each (k,). limits: first and last sample that belongs to it (k, 2).
    """
    positions = sample_positions(starts, contract.window, history(contract), limits, settings, rng)
    varied = vary(read_at(samples, positions), settings, rng)
    return columns(contract, varied)[:, -contract.window :]


def history(contract: Contract) -> int:
    """Return the samples before a window that its columns still depend on."""
    return 0 if contract.level_shift is None else SETTLED << contract.level_shift
