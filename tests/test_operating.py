"""Thresholds, hits and refractory time from a budget of false activations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gesture_tools.recordings import Recording, Span
from gesture_tools.runtime import Model, Stream, detect
from gesture_training.frame import STILL
from gesture_training.hard import HardWindows
from gesture_training.labels import choose_labels
from gesture_training.operating import LEVELS, choose_operating, count
from gesture_training.streams import amid_rest, continuous, play
from tests.support.played import CONTRACT, gesture_at, played, practice
from tests.support.training_data import make_recording


def test_thresholds_keep_out_what_is_false_and_let_in_what_is_not() -> None:
    found = choose_operating(practice(false_score=200), CONTRACT, 1.0)
    assert found.met
    assert (found.recall, found.false_activations, found.gestures) == (1.0, 0, 20)
    assert found.hours == pytest.approx(1.0, abs=0.01)
    assert 200 < found.thresholds[2] <= 240
    assert count(practice(200), found.applied(CONTRACT))[1]["wave"] == 0


def test_labels_have_thresholds_of_their_own() -> None:
    """Chops score low here, and nothing is falsely taken for one."""
    one = practice(false_score=200)[0]
    outputs = one.outputs.copy()
    outputs[outputs[:, 1] == 240 - 128, 1] = 140 - 128
    found = choose_operating([replace(one, outputs=outputs)], CONTRACT, 1.0)
    assert (found.recall, found.false_activations) == (1.0, 0)
    assert found.thresholds[1] <= 140
    assert found.thresholds[2] > 200


def test_more_is_found_where_more_is_allowed() -> None:
    """False ones score like the gestures: all ten an hour, or nothing of that label."""
    strict = choose_operating(practice(240), CONTRACT, 1.0)
    assert (strict.recall, strict.false_activations) == (0.5, 0)
    easy = choose_operating(practice(240), CONTRACT, 10.5)
    assert (easy.recall, easy.false_activations) == (1.0, 10)
    near = choose_operating(practice(240), CONTRACT, 4.0)
    assert (near.recall, near.false_activations) == (0.5, 0)
    assert "note: a budget of 10/h would find 100% of them" in near.lines()
    assert strict.looser is easy.looser is None


def test_short_bursts_are_told_apart_by_hits() -> None:
    one = practice(240)[0]
    outputs = one.outputs.copy()
    for number in range(10):
        outputs[5002 + 200 * number : 5006 + 200 * number] = outputs[0]
    found = choose_operating([replace(one, outputs=outputs)], CONTRACT, 1.0)
    assert found.hits > 2
    assert (found.recall, found.false_activations) == (1.0, 0)


def test_a_second_report_of_one_gesture_is_told_apart_by_the_refractory_time() -> None:
    spoken, gestures = {}, []
    for number in range(10):
        hop = 100 + 200 * number
        spoken |= {hop: ("wave", [240] * 3), hop + 6: ("wave", [240] * 3)}
        gestures.append(gesture_at(hop, "wave"))
    found = choose_operating([played(3600, spoken, tuple(gestures))], CONTRACT, 1.0)
    assert found.refractory_ms > 500
    assert (found.recall, found.false_activations) == (1.0, 0)


def test_a_budget_that_cannot_be_met_is_said() -> None:
    found = choose_operating(practice(255), CONTRACT, 1.0)
    assert not found.met
    assert found.false_activations == 10
    assert any("1/h is not met" in line for line in found.lines())
    assert " 10 false activations in " in found.lines()[0]
    assert " 1 false activation in " in replace(found, false_activations=1).lines()[0]


def test_a_budget_that_leaves_little_is_warned_of() -> None:
    """False waves score above all true ones, and chops are never heard."""
    one = practice(255, true_score=200)[0]
    outputs = one.outputs.copy()
    outputs[outputs[:, 1] > 0, 1] = -100
    found = choose_operating([replace(one, outputs=outputs)], CONTRACT, 1.0)
    assert (found.recall or 0) < 0.5
    assert any(line.startswith("warning: ") for line in found.lines())


def test_a_budget_gives_way_to_the_least_recall() -> None:
    found = choose_operating(practice(240), CONTRACT, 1.0, least_recall=0.9)
    assert (found.recall, found.false_activations, found.met) == (1.0, 10, False)


def test_little_background_is_said_to_show_little() -> None:
    few = choose_operating(
        [played(360, {100: ("wave", [200] * 6)}, (gesture_at(100, "wave"),))], CONTRACT, 1.0
    )
    assert few.met
    assert not few.shown
    assert any("0.1 h of background show less than 30/h" in line for line in few.lines())
    assert choose_operating(practice(200, seconds=4 * 3600), CONTRACT, 1.0).shown


def test_no_false_activation_at_all_can_be_asked_for() -> None:
    found = choose_operating(practice(200), CONTRACT, 0.0)
    assert (found.recall, found.false_activations, found.met) == (1.0, 0, True)
    assert len(found.lines()) == 1


def test_a_label_without_gestures_is_as_strict_as_the_others() -> None:
    found = choose_operating(
        [played(3600, {100: ("wave", [200] * 6)}, (gesture_at(100, "wave"),))], CONTRACT, 1.0
    )
    assert found.thresholds[1] == found.thresholds[2] < LEVELS[0]


def test_takes_are_found_and_count_no_hours() -> None:
    take = replace(practice(240)[0], is_take=True)
    quiet = played(3600, {}, person="ben")
    found = choose_operating([take, quiet], CONTRACT, 1.0)
    assert (found.recall, found.false_activations) == (1.0, 0)
    assert found.hours == pytest.approx(1.0, abs=0.01)


def test_a_take_amid_rest_is_a_stream_with_one_span() -> None:
    take = make_recording("ann", "wave", 0)
    stream = amid_rest(take, "wave", CONTRACT)
    (span,) = stream.spans
    inside = (stream.t_us >= span.start_us) & (stream.t_us < span.end_us)
    assert (stream.samples[inside] == take.samples).all()
    assert inside.argmax() == CONTRACT.window
    assert continuous([stream, take], ["wave"]) == [stream]


def test_hops_played_again_give_the_events_of_the_device() -> None:
    pytest.importorskip("tensorflow")
    from tests.support.models import contract, pass_through

    fields = contract(window=4, hop=2, gain=65535, hits=2, refractory_ms=500, thresholds=(0, 60, 60))
    samples = np.random.default_rng(3).integers(-128, 128, (4000, 3)).astype(np.int16)
    model = Model(pass_through(fields))
    stream = Stream(model)
    events = stream.push(samples)
    assert len(events) > 10
    assert detect(fields, stream.outputs(), stream.hop_ends()) == events
    times = np.arange(len(samples), dtype=np.int64) * 20_000
    (one,) = play(model, [Recording("a", None, "ann", "", times, samples)])
    assert [event for event, _ in one.matched(fields)] == events
    strict = replace(fields, thresholds=(0, 200, 200))
    assert len(one.matched(strict)) < len(events)


def test_windows_of_a_stream_are_gestures_or_background_or_unclear() -> None:
    """Five seconds, a wave of 0.8 s from 2 s on, windows of one second every 0.2 s."""
    labels = choose_labels({"background", "chop", "wave"}, (), ())
    samples = make_recording("ann", "idle", 0, 5.0).samples
    t_us = np.arange(250, dtype=np.int64) * 20_000
    spans = (Span("wave", 2_000_000, 2_800_000),)
    hard = HardWindows([Recording("a", None, "ann", "", t_us, samples, spans)], labels, CONTRACT)
    by_start = dict(zip(hard.start.tolist(), hard.labels.tolist(), strict=True))
    gestures = [start for start, label in by_start.items() if label == 2]
    assert gestures == [90, 100], "the whole wave, and at most half a second after it"
    background = {start for start, label in by_start.items() if label == 0}
    assert background == {*range(0, 61, 10), *range(130, 201, 10)}


def test_a_search_keeps_what_the_network_gets_wrong() -> None:
    labels = choose_labels({"background", "chop", "wave"}, (), ())
    recording = replace(make_recording("ann", "idle", 0, 20.0), label="background")
    hard = HardWindows([recording], labels, CONTRACT)
    rng = np.random.default_rng(1)
    asked = []

    def scores(columns: np.ndarray) -> np.ndarray:
        asked.append(columns)
        found = np.tile(np.array([0.9, 0.05, 0.05], np.float32), (len(columns), 1))
        found[3] = [0.1, 0.1, 0.8]
        return found

    hard.search(scores, rng)
    assert hard.count == 1
    windows, wanted = hard.draw(5, STILL, rng)
    assert windows.shape == (5, 50, 3)
    assert set(wanted.tolist()) == {0}
    assert np.concatenate(asked).shape == (len(hard.start), 50, 3)
