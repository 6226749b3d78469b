"""Takes mirrored into the other hand, for the labels that stay what they are in a mirror.

A left hand makes a right hand's motion mirrored. For some gestures that is the same gesture, for others it
is another one: a circle turns the other way. Which label allows it, no name says; it is found from the data:
a quick classifier is shown mirrored takes of people it was not trained on, and has to take them for the same
label almost as often as the takes themselves. The ablation says whether training on them helps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_training.config import Augmentation
from gesture_training.dataset import Piece
from gesture_training.frame import groups, told
from gesture_training.prepare import Prepared
from gesture_training.windows import WindowSource

AS_OFTEN = 0.7
"""Share of the takes told right that has to stay right in the mirror."""


def with_other_hand(prepared: Prepared) -> list[Piece]:
    """Return the training pieces, and mirrored ones of the labels that allow it."""
    config = prepared.config
    allowed = labels_of_both_hands(prepared.train, prepared.contract, config.augmentation, config.seed)
    return prepared.train + [mirrored(piece) for piece in prepared.train if piece.label in allowed]


def labels_of_both_hands(
    pieces: Sequence[Piece], contract: Contract, settings: Augmentation, seed: int
) -> frozenset[int]:
    """Return the labels, by index, that a mirror leaves what they are; none with one person alone."""
    source = WindowSource(pieces, contract)
    mirror = WindowSource([mirrored(piece) for piece in pieces], contract)
    group = groups(pieces, seed)
    if len(np.unique(group)) < 2:
        return frozenset()
    right, still = (told(source, group, settings, seed, tried) == source.labels for tried in (source, mirror))
    return frozenset(
        int(label)
        for label in np.unique(source.labels)
        if still[source.labels == label].sum() >= AS_OFTEN * right[source.labels == label].sum()
    )


def mirrored(piece: Piece) -> Piece:
    """Return a piece as the other hand would have made it: x, to the right, turned to the left."""
    recording = replace(piece.recording, samples=_mirrored(piece.recording.samples))
    return replace(piece, recording=recording, samples=_mirrored(piece.samples))


def _mirrored(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    turned = samples.copy()
    turned[:, 0] = -np.maximum(samples[:, 0], -np.iinfo(np.int16).max)
    return turned
