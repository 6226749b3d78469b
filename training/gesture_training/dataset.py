"""From recordings to labelled pieces: one gesture, or one stretch without any, of one person."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.recordings import BACKGROUND, Recording, Span
from gesture_tools.resample import at_rate
from gesture_tools.words import counted
from gesture_training.labels import Labels

CONTEXT_S = 2.0
"""Seconds kept before and after a piece cut from a continuous recording."""

LEAST_BACKGROUND_S = 1.0
"""Seconds between two spans of a continuous recording that make a piece of background."""

LEAST_PIECES = 2
"""Training pieces that a class needs."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A labelled part of a recording at the model's rate, with the samples around it."""

    recording: Recording
    """The labelled part alone, as evaluation takes it."""
    label: int
    """Index into the model's labels."""
    samples: NDArray[np.int16]
    """The part with its context (n, channels), in milli-g."""
    start: int
    """First labelled sample of samples."""
    end: int
    """One past the last labelled sample."""

    @property
    def subject(self) -> str:
        """The person who made it."""
        return self.recording.subject

    @property
    def is_take(self) -> bool:
        """Whether it is a recording of its own, not cut from a continuous one."""
        return self.end - self.start == len(self.samples)


class Labelled(Protocol):
    """Whatever one person made of one class: a Piece, or a Part of the outline."""

    @property
    def subject(self) -> str:
        """The person."""

    @property
    def label(self) -> int:
        """Index into the model's labels."""


class Part(NamedTuple):
    """Who made a labelled part of the data and what it is, before anything is cut."""

    subject: str
    label: int


def labels_of(recordings: Iterable[Recording]) -> Counter[str]:
    """Count the recordings, spans and backgrounds of continuous recordings per label."""
    counts: Counter[str] = Counter()
    for recording in recordings:
        counts.update(part.label for part in _parts(recording))
    return counts


def outline(recordings: Iterable[Recording], labels: Labels) -> list[Part]:
    """Return person and class of everything that cut() would return, whatever the rate."""
    return [
        Part(recording.subject, labels.index[part.label])
        for recording in recordings
        for part in _parts(recording)
        if part.label in labels.index
    ]


def cut(recordings: Iterable[Recording], labels: Labels, rate_hz: float, tolerance: float) -> list[Piece]:
    """Return the pieces of recordings that carry one of the labels, at the model's rate."""
    pieces: list[Piece] = []
    for recording in recordings:
        if any(part.label in labels.index for part in _parts(recording)):
            resampled = at_rate(recording, rate_hz, tolerance)
            pieces += _pieces(resampled, labels)
    return pieces


def hold_out(pieces: Sequence[Labelled], names: Sequence[str], share: float, seed: int) -> frozenset[str]:
    """Choose the people of the test: those named, or a share of all by a seeded hash of their names.

    Without names, nobody is chosen whose absence would leave a class too little to train on. Raises UserError
    when nobody can be held out or a name is unknown.
    """
    people = sorted({piece.subject for piece in pieces})
    if len(people) < 2:
        raise UserError(
            f"all recordings are of one person ({people[0]}), so nobody is left to test on: record another "
            "person, or train with --no-test and know that the accuracy on other people is unknown"
        )
    for name in names:
        if name not in people:
            raise UserError(f"no recordings of {name!r} to test on: the data has {', '.join(people)}")
    if set(names) == set(people):
        raise UserError(f"all people of the data ({', '.join(people)}) are to be tested on: leave some out")
    if names:
        return frozenset(names)
    count = max(1, round(share * len(people)))
    labels = {piece.label for piece in pieces}
    chosen: set[str] = set()
    for person in sorted(people, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest()):
        rest = Counter(piece.label for piece in pieces if piece.subject not in chosen | {person})
        if len(chosen) < count and all(rest[label] >= LEAST_PIECES for label in labels):
            chosen.add(person)
    return frozenset(chosen)


def check_classes(
    pieces: Sequence[Labelled], test: frozenset[str], names: Sequence[str], by_chance: bool
) -> None:
    """Raise UserError naming classes that are too small to train on or, where it is by chance, to split.

    by_chance: whether people were to be held out, nobody by name.
    """
    if by_chance and (alone := of_one_person(pieces, names)):
        raise UserError(
            f"too small to split by person: {alone}; record another person, leave out with --labels what "
            "one recorded alone, name the test people with --test-subjects, or train with --no-test"
        )
    if by_chance and not test:
        raise UserError(
            "nobody can be held out to test on: whoever is, some class is left with fewer than "
            f"{LEAST_PIECES} recordings to train on; record more, or train with --no-test"
        )
    for label, name in enumerate(names):
        count = sum(piece.label == label and piece.subject not in test for piece in pieces)
        if count < LEAST_PIECES:
            raise UserError(
                f"class {name!r} is too small: {counted(count, 'recording')} to train on, expected "
                f"{LEAST_PIECES}; record more, leave it out with --labels, or choose other --test-subjects"
            )


def of_one_person(pieces: Sequence[Labelled], names: Sequence[str]) -> str:
    """Say which classes were recorded by one person only; nothing where none was."""
    people = [
        sorted({piece.subject for piece in pieces if piece.label == label}) for label in range(len(names))
    ]
    alone = [f"{name!r} ({mine[0]})" for name, mine in zip(names, people, strict=True) if len(mine) == 1]
    if not alone:
        return ""
    classes = f"class {alone[0]} was" if len(alone) == 1 else f"classes {', '.join(alone)} were"
    return f"{classes} recorded by one person only"


def digest(recordings: Sequence[Recording]) -> str:
    """Return the SHA-256 over the ids, labels, people and samples of recordings, in hexadecimal."""
    state = hashlib.sha256()
    for recording in sorted(recordings, key=lambda r: r.id):
        spans = [(span.label, span.start_us, span.end_us) for span in recording.spans]
        state.update(
            repr((recording.id, recording.label, recording.subject, recording.session, spans)).encode()
        )
        state.update(recording.t_us.astype("<i8").tobytes())
        state.update(recording.samples.astype("<i2").tobytes())
    return state.hexdigest()


def _parts(recording: Recording) -> list[Span]:
    """Return the labelled parts of a recording in order of time; long gaps between spans are background."""
    first, last = int(recording.t_us[0]), int(recording.t_us[-1]) + 1
    if recording.label is not None:
        return [Span(recording.label, first, last)]
    parts = []
    position = first
    for span in [*sorted(recording.spans, key=lambda s: s.start_us), Span("", last, last)]:
        if span.start_us - position >= LEAST_BACKGROUND_S * 1e6:
            parts.append(Span(BACKGROUND, position, span.start_us))
        parts.append(span)
        position = max(position, span.end_us)
    return parts[:-1]


def _pieces(recording: Recording, labels: Labels) -> Iterator[Piece]:
    parts = _parts(recording)
    for place, part in enumerate(parts):
        label = labels.index.get(part.label)
        low_us, high_us = part.start_us, part.end_us
        if label is not None and label != labels.background:
            neighbours = (
                parts[place - 1] if place else None,
                parts[place + 1] if place + 1 < len(parts) else None,
            )
            low_us, high_us = _with_context(part, *neighbours, labels)
        low, start, end, high = np.searchsorted(
            recording.t_us, [low_us, part.start_us, part.end_us, high_us]
        ).tolist()
        if label is None or end - start < 2:
            continue
        name = recording.id if len(parts) == 1 else f"{recording.id}@{part.start_us / 1e6:.2f}s"
        alone = replace(
            recording,
            id=name,
            label=labels.names[label],
            t_us=recording.t_us[start:end],
            samples=recording.samples[start:end],
            spans=(),
            seq=None if recording.seq is None else recording.seq[start:end],
        )
        yield Piece(alone, label, recording.samples[low:high], start - low, end - low)


def _with_context(part: Span, before: Span | None, after: Span | None, labels: Labels) -> tuple[int, int]:
    """Return the time (us) around a gesture in which no other gesture was made, CONTEXT_S at most."""

    def is_background(span: Span) -> bool:
        return labels.background is not None and labels.index.get(span.label) == labels.background

    reach = int(CONTEXT_S * 1e6)
    low, high = part.start_us - reach, part.end_us + reach
    if before is not None:
        low = max(low, before.start_us if is_background(before) else before.end_us)
    if after is not None:
        high = min(high, after.end_us if is_background(after) else after.start_us)
    return min(low, part.start_us), max(high, part.end_us)
