"""Dealing people into the folds of a cross-validation."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from gesture_tools.errors import UserError
from gesture_training.dataset import LEAST_PIECES, Labelled, of_one_person

USUAL_FOLDS = 5

ATTEMPTS = 200
"""Deals tried until every fold leaves something of every class to train on."""

Counts = Mapping[str, Counter[int]]
"""Pieces per person and label."""


def deal(
    pieces: Sequence[Labelled], names: Sequence[str], folds: int | None, seed: int
) -> list[tuple[str, ...]]:
    """Deal all people into folds of about equal size and mix of labels; the same for the same arguments.

    names: the model's labels. folds: 2 or more, None for USUAL_FOLDS or, of fewer people, one each. Raises
    UserError for fewer people than folds and for a class that some fold would leave nothing to train on.
    """
    counts: dict[str, Counter[int]] = {}
    for piece in pieces:
        counts.setdefault(piece.subject, Counter())[piece.label] += 1
    if len(counts) < 2:
        raise UserError(
            f"all recordings are of one person ({', '.join(counts)}): expected two or more, to train on some "
            "and test on others; record another person"
        )
    if folds is None:
        folds = min(USUAL_FOLDS, len(counts))
    if folds > len(counts):
        raise UserError(
            f"--folds is {folds}, but the data has {len(counts)} people: expected at most one fold a person; "
            "record more people, or ask for fewer folds"
        )
    if alone := of_one_person(pieces, names):
        raise UserError(
            f"{alone}, so nobody new can be tested on it: record another person, or leave out with --labels "
            "what one recorded alone"
        )
    lacking: tuple[int, tuple[str, ...]] = (0, ())
    for attempt in range(ATTEMPTS):
        dealt = _deal_once(counts, folds, f"{seed}:{attempt}")
        found = _lacking(counts, dealt, len(names))
        if found is None:
            return dealt
        lacking = found
    label, fold = lacking
    raise UserError(
        f"class {names[label]!r} has too few recordings to train on without {', '.join(fold)}: expected "
        f"{LEAST_PIECES}; record more people, ask for more folds, or leave it out with --labels"
    )


def _deal_once(counts: Counts, folds: int, salt: str) -> list[tuple[str, ...]]:
    """Put the people with most recordings first, each where the folds' shares stay most even."""
    total: Counter[int] = Counter()
    for count in counts.values():
        total.update(count)
    dealt: list[list[str]] = [[] for _ in range(folds)]
    held: list[Counter[int]] = [Counter() for _ in range(folds)]

    def order(person: str) -> tuple[int, bytes]:
        return -counts[person].total(), hashlib.sha256(f"{salt}:{person}".encode()).digest()

    for person in sorted(counts, key=order):
        mine = counts[person]

        def unevenness(fold: int, mine: Counter[int] = mine) -> float:
            """How much the sum of squared shares would grow, over labels and over all recordings."""
            labels = sum(mine[label] * held[fold][label] / total[label] ** 2 for label in mine)
            return labels + mine.total() * held[fold].total() / total.total() ** 2

        best = min(range(folds), key=unevenness)
        dealt[best].append(person)
        held[best].update(mine)
    return [tuple(sorted(fold)) for fold in dealt]


def _lacking(
    counts: Counts, dealt: Sequence[tuple[str, ...]], labels: int
) -> tuple[int, tuple[str, ...]] | None:
    """Return a label and a fold that leaves too little of it to train on, None when there is none."""
    for fold in dealt:
        for label in range(labels):
            if sum(count[label] for person, count in counts.items() if person not in fold) < LEAST_PIECES:
                return label, fold
    return None
