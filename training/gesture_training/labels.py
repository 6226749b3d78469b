"""Which labels of the data a model learns, and which of them mean that there is no gesture."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gesture_tools.errors import UserError
from gesture_tools.recordings import BACKGROUND

# fmt: off
NO_GESTURE = frozenset({
    "at rest", "being still", "idle", "inactive", "no gesture", "no motion", "noise", "none", "normal",
    "nothing", "null", "other", "others", "rest", "resting", "standstill", "stationary", "still", "unknown",
})
# fmt: on
"""Labels, in lower-case words, that mean no gesture; so does every label that begins with one of PREFIXES."""

PREFIXES = ("background", "negative", "not a", "unlabelled", "unlabeled")

MOST_LABELS = 32
MOST_LABEL_BYTES = 32


@dataclass(frozen=True)
class Labels:
    """The model's labels in the order of its outputs."""

    names: tuple[str, ...]
    background: int | None
    """Index of the label that is no gesture, None when the data has none."""
    index: Mapping[str, int]
    """Output of every label of the data that is used; several may mean the background."""


def means_no_gesture(label: str) -> bool:
    """Say whether a label's name means that no gesture was made."""
    words = " ".join(re.findall(r"[a-z0-9]+", label.lower()))
    return words in NO_GESTURE or words.startswith(PREFIXES)


def choose_labels(found: Collection[str], wanted: Sequence[str], background: Sequence[str]) -> Labels:
    """Choose the model's labels: the background first, then gestures by name or in the order wanted.

    found: the labels of the data. wanted: those to use, none for all. background: those that mean no
    gesture, none for those whose names say so. Several background labels become one named "background".
    Raises UserError for names that are not there and for fewer than two classes.
    """
    there = ", ".join(sorted(found))
    for name in [*wanted, *background]:
        if name not in found:
            raise UserError(f"no recording has the label {name!r}: the data has {there}")
    used = list(dict.fromkeys(wanted)) if wanted else sorted(found)
    none = [name for name in used if (name in background if background else means_no_gesture(name))]
    gestures = [name for name in used if name not in none]
    names = ([none[0] if len(none) == 1 else BACKGROUND] if none else []) + gestures
    if len(names) < 2 or not gestures:
        raise UserError(
            f"expected at least two classes, found {' and '.join(names) or 'none'} (of {there}): "
            "record another gesture, or some background without gestures"
        )
    if len(names) > MOST_LABELS:
        raise UserError(f"found {len(names)} classes, a model holds {MOST_LABELS}: choose some with --labels")
    for name in names:
        if len(name.encode()) > MOST_LABEL_BYTES:
            raise UserError(f"label {name!r} is longer than {MOST_LABEL_BYTES} bytes: rename it in the data")
    index = {name: names.index(name) for name in gestures} | dict.fromkeys(none, 0)
    return Labels(tuple(names), 0 if none else None, index)
