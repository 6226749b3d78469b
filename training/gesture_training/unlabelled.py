"""Stretches of sessions that look like gestures nobody labelled; they are not trained on as background.

In a session some gestures go unlabelled: one more try, a practice before, a label that was forgotten. Taught
as background, and sought out as hard windows because the network is so sure of them, they unteach the gesture
itself. Models of other people show them: they take the stretch for a gesture more surely than half of the
gestures that are labelled. A recording that as a whole holds no gesture, and a span with a label of its own,
is believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gesture_tools.contract import Contract
from gesture_tools.recordings import Recording, Span
from gesture_tools.simulation import gesture_labels
from gesture_tools.verdict import MATCH_SLACK_US
from gesture_training.dataset import Piece, cut
from gesture_training.labels import means_no_gesture
from gesture_training.prepare import Prepared
from gesture_training.streams import Played

SURE = 0.8
"""Least score at which a stretch is taken for a gesture, however unsure the models are of labelled ones."""

UNCLEAR = "unclear, like a gesture"
"""Label of such a stretch, which no model has."""


@dataclass(frozen=True)
class Stretch:
    """Part of a recording's background that looks like a gesture."""

    recording: str
    label: str
    start_us: int
    end_us: int


def unlabelled(played: Sequence[Played], contract: Contract) -> list[Stretch]:
    """Return the stretches that models of other people take for gestures, in order of recording and time.

    A label of which there would be more of them than of labelled gestures is left as it is: then it is the
    model that errs, not the labels.
    """
    found: list[Stretch] = []
    for label in gesture_labels(contract):
        place = contract.labels.index(label)
        best = [_loudest(one, span, place) for one in played for span in one.gestures if span.label == label]
        if not best:
            continue
        level = max(float(np.median(best)), SURE * 256)
        stretches = [
            Stretch(one.recording.id, label, start, end)
            for one in played
            if not one.is_take and one.recording.label is None
            for start, end in _loud(one, contract, place, level)
        ]
        if len(stretches) <= len(best):
            found += stretches
    return sorted(found, key=lambda stretch: (stretch.recording, stretch.start_us))


def lines(stretches: Sequence[Stretch]) -> list[str]:
    """Say which stretches there are, in a line, so that they can be looked at and labelled."""
    if not stretches:
        return []
    named = [f"{one.label} in {one.recording} at {one.start_us / 1e6:.0f} s" for one in stretches[:3]]
    more = f" and {len(stretches) - 3} more" if len(stretches) > 3 else ""
    return [
        f"note: not trained on, because it looks like gestures that nobody labelled: {', '.join(named)}{more}"
    ]


def without(prepared: Prepared, stretches: Sequence[Stretch]) -> Prepared:
    """Return a training that takes these stretches neither for background nor for gestures."""
    of = {one.recording for one in stretches}
    if not of:
        return prepared
    profile = prepared.contract.profile

    def pieces(recordings: Sequence[Recording]) -> list[Piece]:
        return cut(recordings, prepared.labels, profile.rate_hz, profile.rate_tolerance)

    old = [one for one in prepared.streams if one.id in of]
    new = [_cut_out(one, [stretch for stretch in stretches if stretch.recording == one.id]) for one in old]
    replaced = {piece.recording.id for piece in pieces(old)}
    train = [piece for piece in prepared.train if piece.recording.id not in replaced] + pieces(new)
    by_id = {one.id: one for one in new}
    return replace(prepared, train=train, streams=[by_id.get(one.id, one) for one in prepared.streams])


def _loudest(played: Played, span: Span, place: int) -> int:
    """Return the best output, 0 to 255, for a gesture while a detection would match it."""
    times = played.recording.t_us[played.ends - 1]
    heard = (times >= span.start_us) & (times <= span.end_us + MATCH_SLACK_US)
    return int(played.outputs[heard, place].max(initial=-128)) + 128


def _loud(played: Played, contract: Contract, place: int, level: float) -> list[tuple[int, int]]:
    """Return start and end (us) of stretches whose windows, of background alone, reach a level."""
    t_us, ends = played.recording.t_us, played.ends.astype(np.int64)
    start_us, end_us = t_us[np.maximum(0, ends - contract.window)], t_us[ends - 1]
    loud = played.outputs[:, place].astype(np.int64) + 128 >= level
    for span in played.recording.spans:
        if not means_no_gesture(span.label):
            loud &= (end_us < span.start_us) | (start_us >= span.end_us)
    merged: list[tuple[int, int]] = []
    for start, end in zip(start_us[loud].tolist(), end_us[loud].tolist(), strict=True):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _cut_out(recording: Recording, stretches: Sequence[Stretch]) -> Recording:
    """Return a recording with the stretches as spans of their own, cut out of spans of background."""
    spans = list(recording.spans)
    for stretch in stretches:
        parts: list[Span] = []
        start, end = stretch.start_us, stretch.end_us
        for span in spans:
            if means_no_gesture(span.label) and span.start_us < end and span.end_us > start:
                parts += [
                    Span(span.label, low, high)
                    for low, high in ((span.start_us, start), (end, span.end_us))
                    if low < high
                ]
            else:
                parts.append(span)
        spans = [*parts, Span(UNCLEAR, start, end)]
    return replace(recording, spans=tuple(sorted(spans, key=lambda span: span.start_us)))
