"""How differently people hold or mount the board, measured from gravity in their gestures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gesture_tools.recordings import ACCELERATION
from gesture_training.dataset import Piece

ANY_GRIP = 180.0
"""Deviation in degrees that stands for people holding the board in every way."""

LEAST_GRAVITY_MG = 500.0
"""Mean acceleration of a take below which gravity was taken away, and says nothing of the grip."""


def grip_rotation(pieces: Sequence[Piece], least: float) -> float:
    """Return the deviation (degrees) of the rotations between people, at least `least`, at most ANY_GRIP.

    For every gesture, each person's mean acceleration points along gravity. The mean length R of these
    directions over people (1: all hold it alike), unbiased for their number, is what random rotations with
    a normal angle of deviation s about any axis would give: R = 1/3 + 2/3 exp(-s^2 / 2). Where recordings
    hold no gravity it is `least`.
    """
    lengths, weights = [], []
    for label in sorted({piece.label for piece in pieces}):
        means: dict[str, list[np.ndarray]] = {}
        for piece in pieces:
            if piece.label == label and piece.samples.shape[1] >= 3:
                means.setdefault(piece.subject, []).append(piece.recording.samples[:, :3].mean(axis=0))
        directions = np.array([np.mean(values, axis=0) for values in means.values()]).reshape(-1, 3)
        size = np.linalg.norm(directions, axis=1, keepdims=True)
        directions /= np.maximum(size, 1.0)
        people = len(directions)
        if people > 1:
            lengths.append((people * np.sum(directions.mean(axis=0) ** 2) - 1) / (people - 1))
            weights.append(people - 1)
    if not lengths or not holds_gravity(pieces):
        return least
    length = np.sqrt(max(0.0, float(np.average(lengths, weights=weights))))
    share = (3 * length - 1) / 2
    return (
        ANY_GRIP
        if share <= np.exp(-(np.pi**2) / 2)
        else float(max(least, np.degrees(np.sqrt(-2 * np.log(share)))))
    )


def holds_gravity(pieces: Sequence[Piece]) -> bool:
    """Whether recordings measure gravity as accelerometers do; some sources take it away.

    True for channels that are not acceleration along x, y, z.
    """
    sizes = [
        float(np.linalg.norm(piece.recording.samples[:, :3].mean(axis=0)))
        for piece in pieces
        if piece.recording.channels[:3] == ACCELERATION
    ]
    return not sizes or float(np.median(sizes)) >= LEAST_GRAVITY_MG
