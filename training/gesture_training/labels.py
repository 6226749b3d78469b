"""Which labels of the data a model learns, and which of them mean that there is no gesture."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gesture_tools.contract import LONGEST_LABEL, MOST_LABELS
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

CONTROLS = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories of characters that are no text."""


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


def shown(label: str) -> str:
    """Return a label of the data as text for a terminal: as it is, or quoted when it cannot be a model's."""
    return repr(label) if _has_controls(label) else label


def choose_labels(found: Collection[str], wanted: Sequence[str], background: Sequence[str]) -> Labels:
    """Choose the model's labels: the background first, then gestures by name or in the order wanted.

    found: the labels of the data. wanted: those to use, none for all. background: those that mean no
    gesture, none for those whose names say so. Several background labels become one named "background".
    Raises UserError for names that are not there or that no model can hold, and for fewer than two classes.
    """
    there = ", ".join(shown(name) for name in sorted(found))
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
    if len(set(names)) < len(names):
        raise UserError(
            f"--background makes {' and '.join(shown(name) for name in none)} one label {BACKGROUND!r}, "
            f"which the data has too: name {BACKGROUND!r} with them, or leave it out with --labels"
        )
    for name in names:
        _check_name(name)
    index = {name: names.index(name) for name in gestures} | dict.fromkeys(none, 0)
    return Labels(tuple(names), 0 if none else None, index)


def _check_name(name: str) -> None:
    """Refuse a label that the contract of a model cannot hold."""
    if not name or _has_controls(name):
        raise UserError(
            f"label {name[:LONGEST_LABEL]!r} is empty or has control characters: rename it in the data, "
            "or leave it out with --labels"
        )
    if len(name.encode()) > LONGEST_LABEL:
        raise UserError(
            f"label {name[:LONGEST_LABEL]!r} takes {len(name.encode())} bytes of UTF-8, a model holds "
            f"{LONGEST_LABEL}: rename it in the data, or leave it out with --labels"
        )


def _has_controls(text: str) -> bool:
    """Whether a text has control characters, line separators or lone surrogates."""
    return any(unicodedata.category(character) in CONTROLS for character in text)
