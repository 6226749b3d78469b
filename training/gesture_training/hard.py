"""Hard windows: those of the training people's continuous recordings that the network gets wrong so far.

A device sees a window at every hop, not only the ones about a gesture: gestures that come and go, half of one
in the window, motions that merely resemble one. Which of them fire falsely shows on the way; training then
takes a share of its windows from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.recordings import Recording
from gesture_tools.resample import at_rate
from gesture_tools.runtime import columns
from gesture_tools.verdict import MATCH_SLACK_US, frames
from gesture_training.config import Augmentation
from gesture_training.labels import Labels
from gesture_training.windows import read_varied

WHOLE = 0.95
"""Share of a gesture, or of the window when that is shorter, that makes a window one of the gesture."""

APART = 0.25
"""Share of it up to which a window is one of the background; those between are not trained on."""

LEAST_CERTAIN = 0.6
"""A window is hard when the network gives its label less than this."""

MOST_WINDOWS = 40_000
"""Windows looked at in one search."""

BATCH = 2048

Scores = Callable[[NDArray[np.int8]], NDArray[np.float32]]
"""From columns (k, window, channels) to scores (k, labels) of the network so far."""


class HardWindows:
    """The windows of continuous recordings at every hop, and which of them are hard."""

    def __init__(self, recordings: Sequence[Recording], labels: Labels, contract: Contract) -> None:
        """Label the windows of recordings (at any rate); unclear ones are left out."""
        profile = contract.profile
        self.contract = contract
        resampled = [at_rate(one, profile.rate_hz, profile.rate_tolerance) for one in recordings]
        streams = [one for one in resampled if len(one.samples) >= contract.window]
        sizes = np.array([len(one.samples) for one in streams], dtype=np.int64)
        self.bounds = np.concatenate(([0], np.cumsum(sizes)))
        channels = len(profile.channels)
        self.samples = np.concatenate([one.samples for one in streams] or [np.empty((0, channels), np.int16)])
        found = [_labelled(one, labels, contract) for one in streams]
        self.stream = np.repeat(np.arange(len(found)), [len(starts) for starts, _ in found])
        self.start = np.concatenate([starts for starts, _ in found] or [np.empty(0, np.int64)])
        self.labels = np.concatenate([wanted for _, wanted in found] or [np.empty(0, np.int64)])
        self.weight = np.zeros(len(self.start))

    @property
    def count(self) -> int:
        """Windows found hard by the last search."""
        return int(np.count_nonzero(self.weight))

    def search(self, scores: Scores, rng: np.random.Generator) -> None:
        """Find the hard windows; the further from its label, the more often a window will be drawn."""
        self.weight[:] = 0.0
        looked_at = np.zeros(len(self.start), dtype=bool)
        chosen = rng.permutation(len(self.start))[:MOST_WINDOWS]
        looked_at[chosen] = True
        for stream in range(len(self.bounds) - 1):
            mine = np.flatnonzero(looked_at & (self.stream == stream))
            if not len(mine):
                continue
            ready = columns(self.contract, self.samples[self.bounds[stream] : self.bounds[stream + 1]])
            windows = frames(ready, self.contract.window, 1)[self.start[mine]]
            for low in range(0, len(mine), BATCH):
                part = mine[low : low + BATCH]
                given = scores(windows[low : low + BATCH])[np.arange(len(part)), self.labels[part]]
                self.weight[part] = np.where(given < LEAST_CERTAIN, 1.0 - given, 0.0)

    def draw(
        self, count: int, settings: Augmentation, rng: np.random.Generator
    ) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        """Return count varied hard windows (count, window, channels) of columns and their labels (count,)."""
        chosen = rng.choice(len(self.start), count, p=self.weight / self.weight.sum())
        stream = self.stream[chosen]
        jitter = (rng.random(count) - 0.5) * self.contract.hop
        limits = np.stack([self.bounds[stream], self.bounds[stream + 1] - 1], axis=1)
        starts = self.bounds[stream] + self.start[chosen] + jitter
        return read_varied(self.samples, starts, limits, self.contract, settings, rng), self.labels[chosen]


def _labelled(
    recording: Recording, labels: Labels, contract: Contract
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return starts and labels of a recording's windows at every hop, without the unclear ones."""
    window, t_us = contract.window, recording.t_us
    starts = np.arange(0, len(t_us) - window + 1, contract.hop)
    whole = labels.index.get(recording.label or "", labels.background)
    wanted = np.full(len(starts), -1 if whole is None else whole)
    slack = round(MATCH_SLACK_US * contract.profile.rate_hz / 1e6)
    for span in recording.spans:
        label = labels.index.get(span.label)
        if label is not None and label == labels.background:
            continue
        first, last = np.searchsorted(t_us, [span.start_us, span.end_us]).tolist()
        overlap = np.minimum(starts + window, last) - np.maximum(starts, first)
        share = overlap / max(1, min(last - first, window))
        wanted[share > APART] = -1
        if label is not None:
            wanted[(share >= WHOLE) & (starts + window <= last + slack)] = label
    clear = wanted >= 0
    return starts[clear], wanted[clear]
