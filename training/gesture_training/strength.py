"""How differently strong people's motions are in the same gesture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gesture_tools.verdict import strongest
from gesture_training.dataset import Piece

MOST = float(np.log(2))
"""Largest deviation: a third of the windows beyond half or twice as strong. More drowns or clips motions."""


def strength_spread(pieces: Sequence[Piece], window: int, least: float) -> float:
    """Return the deviation between people of a motion's strength (natural logarithm), `least` to MOST.

    pieces: gestures. window: samples about the strongest motion that are looked at. A person's strength in a
    gesture is the mean over takes of the logarithm of its effective acceleration, gravity taken away. Its
    variance over people, less what their own takes differ by, is averaged over gestures. Where no gesture has
    two people it is `least`.
    """
    between, weights = [], []
    for label in sorted({piece.label for piece in pieces}):
        takes: dict[str, list[float]] = {}
        for piece in pieces:
            if piece.label == label:
                takes.setdefault(piece.subject, []).append(_strength(piece, window))
        if len(takes) < 2:
            continue
        means = [np.mean(values) for values in takes.values()]
        own = [np.var(values, ddof=1) / len(values) for values in takes.values() if len(values) > 1]
        between.append(np.var(means, ddof=1) - (np.mean(own) if own else 0.0))
        weights.append(len(takes) - 1)
    if not between:
        return least
    spread = np.sqrt(max(0.0, float(np.average(between, weights=weights))))
    return float(np.clip(spread, least, max(least, MOST)))


def _strength(piece: Piece, window: int) -> float:
    samples = piece.recording.samples
    start = strongest(samples, window, 1)
    motion = samples[start : start + window].astype(np.float64)
    motion -= motion.mean(axis=0)
    return float(np.log(1.0 + np.sqrt((motion**2).sum(axis=1).mean())))
