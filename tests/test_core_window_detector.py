"""Window, preprocessing and detector, through the stream that the simulator uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.profile import Profile
from gesture_tools.runtime import Event, Model, Stream, columns

pytest.importorskip("tensorflow")
from tests.support.models import contract, convolutional, pass_through

Samples = NDArray[np.int16]
IDLE = (128, 0, 0)
"""Scores of a hop in which the background is surest."""


def samples_of(count: int, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).integers(-6000, 6000, (count, 3)).astype(np.int16)


def all_samples() -> Samples:
    """Every int16 value."""
    return np.arange(-32768, 32768, dtype=np.int16)


# Preprocessing


@pytest.mark.parametrize("gain", [1, 2, 255, 1049, 2097, 4194, 32767, 32768, 65535])
def test_preprocessing_of_every_sample(gain: int) -> None:
    """column = saturate_int8(round(sample * gain / 65536)), halves up."""
    one = contract(profile=Profile(rate_hz=50.0, channels=("acceleration_x",)), gain=gain)
    samples = all_samples()
    exact = np.floor(samples.astype(np.float64) * gain / 65536 + 0.5)
    found = columns(one, samples[:, np.newaxis])[:, 0]
    assert (found == np.clip(exact, -128, 127)).all()


def test_preprocessing_rounds_halves_up_and_saturates() -> None:
    one = contract(profile=Profile(rate_hz=50.0, channels=("acceleration_x",)), gain=32768)
    samples = np.array([[1], [-1], [3], [-3], [254], [255], [-256], [-258], [32767], [-32768]], np.int16)
    assert columns(one, samples)[:, 0].tolist() == [1, 0, 2, -1, 127, 127, -128, -128, 127, -128]


def test_channels_stay_in_order() -> None:
    plain = contract(gain=65535)
    samples = np.array([[1, 2, 3], [-4, 5, -6]], np.int16)
    assert columns(plain, samples).tolist() == samples.tolist()


# Window


@pytest.mark.parametrize(("window", "hop"), [(1, 1), (4, 1), (8, 2), (8, 3), (8, 8), (31, 7), (1024, 1000)])
def test_windows_are_due_at_every_hop_and_hold_the_newest_samples(window: int, hop: int) -> None:
    fields = contract(window=window, hop=hop, gain=65535)
    model = Model(pass_through(fields))
    stream = Stream(model)
    samples = samples_of(window + 5 * hop + hop // 2)
    stream.push(samples)
    ends = list(range(window, len(samples) + 1, hop))
    assert stream.hop_ends().tolist() == ends
    newest = columns(fields, samples)[[end - 1 for end in ends]]
    assert (stream.outputs() == newest).all()


@pytest.mark.parametrize("pieces", [(1,), (7, 3), (50, 13, 1)])
def test_outputs_are_those_of_the_whole_windows(pieces: tuple[int, ...]) -> None:
    """However the samples arrive."""
    fields = contract(window=20, hop=6)
    model = Model(convolutional(fields))
    samples = samples_of(200)
    stream = Stream(model)
    position = 0
    while position < len(samples):
        size = pieces[position % len(pieces)]
        stream.push(samples[position : position + size])
        position += size
    prepared = columns(fields, samples)
    windows = np.stack([prepared[end - 20 : end] for end in stream.hop_ends()])
    assert len(windows) == (200 - 20) // 6 + 1
    expected = model.invoke(windows[:, np.newaxis])
    assert (stream.outputs() == expected).all()
    assert len(np.unique(expected)) > 10


def test_no_window_before_it_is_full() -> None:
    stream = Stream(Model(convolutional(contract(window=8, hop=2))))
    stream.push(samples_of(7))
    assert len(stream.outputs()) == 0
    stream.push(samples_of(1))
    assert len(stream.outputs()) == 1


def test_reset_forgets_everything() -> None:
    fields = contract(window=20, hop=6, hits=2, refractory_ms=1000)
    stream = Stream(Model(convolutional(fields)))
    first, second = samples_of(73, seed=1), samples_of(55, seed=2)
    stream.push(second)
    expected, ends = stream.outputs(), stream.hop_ends()
    stream.reset()
    stream.push(first)
    stream.reset()
    assert len(stream.outputs()) == 0
    stream.push(second)
    assert (stream.outputs() == expected).all()
    assert (stream.hop_ends() == ends).all()


# Detector


def play(fields: Contract, scores: list[tuple[int, ...]]) -> list[Event]:
    """Events of a stream whose hops have these scores (0 to 255, in 1/256, per label)."""
    stream = Stream(Model(pass_through(fields)))
    idle = np.tile(np.array([127, -128, -128], np.int16), (fields.window - fields.hop, 1))
    events = stream.push(idle)
    for hop in scores:
        events += stream.push(np.tile(np.array(hop, np.int16) - 128, (fields.hop, 1)))
    assert stream.outputs().tolist() == [[s - 128 for s in hop] for hop in scores]
    return events


def rules(window: int = 4, hop: int = 2, **changes: object) -> Contract:
    return contract(window=window, hop=hop, gain=65535, **changes)


def left(score: int = 200) -> tuple[int, ...]:
    return (20, score, 10)


def right(score: int = 200) -> tuple[int, ...]:
    return (20, 10, score)


def test_an_event_says_which_samples_made_it() -> None:
    (event,) = play(rules(), [IDLE, IDLE, left(150)])
    # Windows of 4 samples end at 4, 6 and 8; the third one hit.
    assert event == Event("left", 150 / 256, 4, 8)


def test_a_score_below_the_threshold_is_no_hit() -> None:
    assert play(rules(thresholds=(0, 100, 180)), [left(99)] * 5) == []
    assert len(play(rules(thresholds=(0, 100, 180)), [left(100)])) == 1
    assert play(rules(thresholds=(0, 100, 180)), [right(179)]) == []
    assert len(play(rules(thresholds=(0, 100, 180)), [right(180)])) == 1


def test_only_the_highest_score_can_hit() -> None:
    assert play(rules(), [(201, 200, 10)] * 3) == []
    assert [e.label for e in play(rules(), [(20, 200, 201)])] == ["right"]
    assert [e.label for e in play(rules(), [(20, 200, 200)])] == ["left"], "the first of equals"


def test_the_background_is_never_an_event() -> None:
    assert play(rules(thresholds=(0, 0, 0)), [(255, 0, 0)] * 4) == []
    assert [e.label for e in play(rules(background=None, thresholds=(9, 0, 0)), [(255, 0, 0)])] == [
        "background"
    ]
    assert play(rules(background=2), [right()] * 3) == []


def test_consecutive_hits() -> None:
    three = rules(hits=3)
    assert play(three, [left(), left(), IDLE, left(), left(), IDLE]) == []
    assert play(three, [left(), left(), right(), left(), left()]) == []
    (event,) = play(three, [IDLE, left(150), left(160), left(170), IDLE])
    assert event == Event("left", 170 / 256, 2, 10), "from the first hit's window to the last one's end"


def test_one_long_gesture_is_one_event() -> None:
    assert len(play(rules(), [left()] * 50)) == 1
    assert len(play(rules(hits=2, refractory_ms=100), [left()] * 50)) == 1


def test_the_same_gesture_again_after_a_pause() -> None:
    assert [e.end for e in play(rules(), [left(), IDLE, left(), left(), IDLE, left()])] == [4, 8, 14]
    assert len(play(rules(), [left(), left(20), left()])) == 2, "a pause may be a score below the threshold"


def test_another_gesture_follows_at_once() -> None:
    assert [(e.label, e.end) for e in play(rules(), [left(), right(), left()])] == [
        ("left", 4),
        ("right", 6),
        ("left", 8),
    ]


@pytest.mark.parametrize(("milliseconds", "samples"), [(79, 3), (80, 4), (119, 5), (120, 6)])
def test_refractory_time(milliseconds: int, samples: int) -> None:
    """At 50 Hz: whole samples of it must have passed between the ends of two events."""
    fields = rules(hop=1, refractory_ms=milliseconds)
    for gap in range(2, 9):
        scores = [left(), *[IDLE] * (gap - 1), left(), IDLE]
        assert len(play(fields, scores)) == (2 if gap >= samples else 1), gap


def test_a_gesture_that_outlasts_the_refractory_time_counts_once_it_is_over() -> None:
    fields = rules(hop=1, refractory_ms=100)  # 5 samples
    assert [(e.label, e.end) for e in play(fields, [left(), *[right()] * 8])] == [("left", 4), ("right", 9)]
    assert [e.end for e in play(fields, [left(), IDLE, *[left()] * 8])] == [4, 9]


def test_a_refractory_time_counts_from_the_last_event() -> None:
    fields = rules(hop=1, refractory_ms=100)
    scores = [left(), IDLE, IDLE, IDLE, IDLE, right(), IDLE, left(), IDLE, IDLE, left()]
    assert [(e.label, e.end) for e in play(fields, scores)] == [("left", 4), ("right", 9), ("left", 14)]


@dataclass
class Rules:
    """The detector as tg_detector.h describes it, hop by hop."""

    fields: Contract
    hits: int = 0
    label: int | None = None
    first: int = 0
    last_event: int | None = None
    reported: int | None = None

    def push(self, scores: tuple[int, ...], end: int) -> Event | None:
        fields = self.fields
        best = max(range(len(scores)), key=lambda i: (scores[i], -i))
        hit = best if best != fields.background and scores[best] >= fields.thresholds[best] else None
        self.hits = self.hits + 1 if hit is not None and hit == self.label else int(hit is not None)
        self.label = hit
        if self.hits == 1:
            self.first = end - fields.window
        if hit != self.reported:
            self.reported = None
        refractory = int(fields.refractory_ms * fields.profile.rate_hz // 1000)
        quiet = self.last_event is not None and end - self.last_event < refractory
        if hit is None or self.hits < fields.hits or quiet or self.reported == hit:
            return None
        self.last_event, self.reported = end, hit
        return Event(fields.labels[hit], scores[hit] / 256, self.first, end)


@pytest.mark.parametrize("seed", range(40))
def test_random_scores_follow_the_rules(seed: int) -> None:
    rng = np.random.default_rng(seed)
    window = int(rng.integers(1, 6))
    fields = rules(
        window=window,
        hop=int(rng.integers(1, window + 1)),
        hits=int(rng.integers(1, 4)),
        refractory_ms=int(rng.choice([0, 40, 130, 400])),
        thresholds=tuple(int(t) for t in rng.integers(0, 200, 3)),
        background=[0, 1, 2, None][seed % 4],
    )
    levels = np.repeat(rng.integers(0, 256, (150, 3)), rng.integers(1, 6, 150), axis=0)[:300]
    scores = [tuple(int(s) for s in hop) for hop in levels]
    expected = []
    detector = Rules(fields)
    for i, hop in enumerate(scores):
        if (event := detector.push(hop, fields.window + i * fields.hop)) is not None:
            expected.append(event)
    assert play(fields, scores) == expected
    assert len(expected) > 2


def test_reset_ends_the_refractory_time() -> None:
    fields = rules(hop=1, refractory_ms=60000)
    stream = Stream(Model(pass_through(fields)))
    burst = np.tile(np.array([-128, 100, -128], np.int16), (6, 1))
    assert [e.end for e in stream.push(burst)] == [4]
    stream.reset()
    assert [e.end for e in stream.push(burst)] == [4]


# Self-test


def test_self_test_cases_differ_and_repeat() -> None:
    stream = Stream(Model(convolutional(contract(window=40, hop=8))))
    outputs = [stream.self_test_outputs(seed) for seed in (1, 2, 3, 0xFFFFFFFF)]
    assert len(set(outputs)) == 4
    assert [stream.self_test_outputs(seed) for seed in (1, 2, 3, 0xFFFFFFFF)] == outputs


def test_self_test_walk() -> None:
    """The walk of docs/formats.md, by definition: xorshift32, its top nine bits less 256, clipped."""
    fields = contract(window=40, hop=8, gain=2097, profile=Profile(rate_hz=50.0, full_scale_mg=700))
    model = Model(convolutional(fields))
    state, position, walk = 12345, [0, 0, 0], []
    for _ in range(fields.window):
        for channel in range(3):
            state ^= state << 13 & 0xFFFFFFFF
            state ^= state >> 17
            state ^= state << 5 & 0xFFFFFFFF
            position[channel] = min(700, max(-700, position[channel] + (state >> 23) - 256))
        walk.append(list(position))
    samples = np.array(walk, np.int16)
    assert (np.abs(samples) == 700).any()
    expected = model.invoke(columns(fields, samples)[np.newaxis, np.newaxis])
    assert Stream(model).self_test_outputs(12345) == tuple(expected.reshape(-1).tolist())
