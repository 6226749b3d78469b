"""Stretches of background that look like gestures nobody labelled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.recordings import Recording, Span
from gesture_training.hard import HardWindows
from gesture_training.prepare import Prepared, Request, prepare
from gesture_training.unlabelled import Stretch, lines, unlabelled, without
from tests.support.played import CONTRACT, practice
from tests.support.training_data import RATE_HZ, make_recording


def test_what_looks_more_like_a_gesture_than_half_of_the_labelled_ones_is_found() -> None:
    found = unlabelled(practice(false_score=250), CONTRACT)
    assert len(found) == 10
    assert {one.label for one in found} == {"wave"}
    first = found[0]
    assert (first.start_us, first.end_us) == (1_000_000_000, 1_001_980_000)
    assert unlabelled(practice(false_score=230), CONTRACT) == []
    assert unlabelled(practice(false_score=200, true_score=150), CONTRACT) == [], "a model that is not sure"
    (line,) = lines(found)
    assert "wave in ann3600 at 1000 s" in line
    assert "and 7 more" in line
    assert lines([]) == []


def test_more_than_were_labelled_is_an_error_of_the_model() -> None:
    one = practice(250)[0]
    few = tuple(span for span in one.gestures if span.label == "wave")[:9]
    assert unlabelled([replace(one, gestures=few)], CONTRACT) == []


def test_recordings_and_spans_with_a_label_of_their_own_are_believed() -> None:
    one = practice(250)[0]
    whole = replace(one.recording, label="background")
    assert unlabelled([replace(one, recording=whole)], CONTRACT) == []
    first = unlabelled([one], CONTRACT)[0]
    for label, left in (("knock", 9), ("background", 10)):
        spans = (*one.recording.spans, Span(label, first.start_us, first.end_us))
        session = replace(one.recording, spans=spans)
        assert len(unlabelled([replace(one, recording=session)], CONTRACT)) == left


def session(person: str, background_spans: bool) -> Recording:
    """Twelve seconds with two waves, from 3 s and 8 s on, of which the first alone is labelled."""
    idle = make_recording(person, "idle", 9, 12.0)
    wave = make_recording(person, "wave", 0).samples
    samples = idle.samples.copy()
    for start in (150, 400):
        samples[start : start + len(wave)] = wave
    spans = [Span("wave", 3_000_000, 4_600_000)]
    if background_spans:
        spans += [Span("background", 0, 3_000_000), Span("background", 4_600_000, 12_000_000)]
    spans.sort(key=lambda span: span.start_us)
    return replace(idle, id=f"{person}_session", label=None, samples=samples, spans=tuple(spans))


@pytest.mark.parametrize("background_spans", [False, True])
def test_what_looks_like_a_gesture_is_not_trained_on(background_spans: bool) -> None:
    recordings = [session(person, background_spans) for person in ("ann", "ben")]
    recordings += [make_recording(person, "idle", take, 8.0) for person in ("ann", "ben") for take in (0, 1)]
    recordings = [replace(one, label=one.label and "background") for one in recordings]
    prepared = prepare(Request((Path("."),), Path("out"), test=False), recordings)
    stretch = Stretch("ann_session", "wave", 7_500_000, 10_000_000)
    cleared = without(prepared, [stretch])
    before, after = _background(prepared), _background(cleared)
    assert before - after == pytest.approx(2.5, abs=0.05)
    assert _windows_within(prepared, stretch) > 0
    assert _windows_within(cleared, stretch) == 0
    gestures = [len([one for one in each.train if one.label == 1]) for each in (prepared, cleared)]
    assert gestures == [2, 2]
    assert without(prepared, []) is prepared


def _background(prepared: Prepared) -> float:
    """Return the seconds of background that windows are drawn from."""
    return sum(one.end - one.start for one in prepared.train if one.label == 0) / RATE_HZ


def _windows_within(prepared: Prepared, stretch: Stretch) -> int:
    """Return how many windows at a hop, half of it or more within a stretch, are taken for background."""
    hard = HardWindows(prepared.streams, prepared.labels, prepared.contract)
    place = [one.id for one in prepared.streams].index(stretch.recording)
    middle = (hard.start + prepared.contract.window / 2) / RATE_HZ * 1e6
    inside = (middle > stretch.start_us) & (middle < stretch.end_us)
    return int(np.count_nonzero((hard.stream == place) & inside & (hard.labels == 0)))
