"""Which frame training chooses, and windows in the levelled one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gesture_tools.contract import Contract
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording
from gesture_tools.runtime import columns
from gesture_training import augment
from gesture_training.config import Augmentation, TrainConfig
from gesture_training.dataset import Piece, cut
from gesture_training.frame import STILL, FrameChoice, choose_frame, framed, level_shift
from gesture_training.labels import choose_labels
from gesture_training.other_hand import labels_of_both_hands, mirrored
from gesture_training.windows import WindowSource, history
from tests.support.training_data import RATE_HZ, make_recording

PEOPLE = tuple(f"p{number}" for number in range(8))
CONTRACT = Contract(
    profile=Profile(rate_hz=RATE_HZ),
    window=80,
    hop=8,
    gain=4194,
    labels=("chop", "wave"),
    background=None,
    thresholds=(150, 150),
)


def held(recording: Recording, turn: np.ndarray) -> Recording:
    """The same motion by somebody who holds the board in another way."""
    return replace(recording, samples=np.rint(recording.samples @ turn.T).astype(np.int16))


def pieces_of(recordings: list[Recording]) -> list[Piece]:
    labels = choose_labels({recording.label or "" for recording in recordings}, (), ())
    return cut(recordings, labels, RATE_HZ, 0.05)


def chosen(recordings: list[Recording]) -> bool:
    variation = {False: Augmentation(turn=0.0), True: Augmentation()}
    return choose_frame(pieces_of(recordings), CONTRACT, variation, TrainConfig()).level


def takes(label: str, person: str) -> list[Recording]:
    return [make_recording(person, label, take) for take in range(4)]


def test_directions_that_people_share_keep_the_boards_own_frame() -> None:
    """Along x or along y: the same motion in the levelled frame, where people face anywhere."""
    assert not chosen(
        [one for person in PEOPLE for label in ("wave", "chop") for one in takes(label, person)]
    )


def test_people_who_hold_the_board_in_their_own_ways_get_the_levelled_frame() -> None:
    """Along or across gravity, the board held in all ways."""
    rng = np.random.default_rng(1)
    upright = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    recordings = []
    for person in PEOPLE:
        turn = augment.rotations(1, 180.0, rng)[0]
        for one in takes("wave", person):
            recordings.append(held(one, turn))
            along = one.samples.astype(float) - [0, 0, 1000]
            lifted = replace(one, id=f"{one.id}_up", label="chop")
            lifted = replace(lifted, samples=np.rint(along @ upright.T + [0, 0, 1000]).astype(np.int16))
            recordings.append(held(lifted, turn))
    assert chosen(recordings)


@pytest.mark.parametrize(("grip", "levelled"), [(30.0, False), (80.0, True)])
def test_grips_decide_where_both_frames_tell_gestures_apart(grip: float, levelled: bool) -> None:
    """Motion or none: seen in either frame."""
    pieces = pieces_of(
        [one for person in PEOPLE for label in ("wave", "idle") for one in takes(label, person)]
    )
    variation = {False: Augmentation(turn=0.0, rotation=grip), True: Augmentation()}
    found = choose_frame(pieces, CONTRACT, variation, TrainConfig())
    assert found.level == levelled
    assert (
        f"no difference, and people's grips are {'' if levelled else 'alike within '}{grip:.0f} deg"
        in str(found)
    )


def test_a_mirror_makes_another_circle_but_the_same_wave() -> None:
    recordings = []
    for person in PEOPLE[:4]:
        recordings += takes("wave", person)
        for way, label in ((1, "there"), (-1, "back")):
            for one in takes("idle", person):
                angle = 2 * np.pi * (1.5 * one.t_us / 1e6 + np.random.default_rng(len(recordings)).random())
                circle = 600 * np.stack([np.cos(way * angle), np.sin(way * angle), 0 * angle], axis=1)
                round_ = np.rint(one.samples + circle).astype(np.int16)
                recordings.append(replace(one, id=f"{one.id}_{label}", label=label, samples=round_))
    pieces = pieces_of(recordings)
    contract = replace(CONTRACT, labels=("back", "there", "wave"), thresholds=(150,) * 3)
    assert labels_of_both_hands(pieces, contract, Augmentation(turn=0.0), 1) == {2}
    assert labels_of_both_hands(pieces[:4], contract, STILL, 1) == frozenset(), "one person alone"
    twice = mirrored(mirrored(pieces[0]))
    assert np.array_equal(twice.samples, pieces[0].samples)


def test_both_accuracies_are_said_with_their_frame() -> None:
    assert str(FrameChoice(False, own=0.897, levelled=0.743)) == (
        "the board's own frame: on people apart a quick classifier reaches 74.3 % levelled, "
        "89.7 % in the board's own"
    )


def test_few_people_keep_the_boards_own_frame_and_it_is_said() -> None:
    pieces = pieces_of(
        [one for person in PEOPLE[:3] for one in takes("wave", person) + takes("chop", person)]
    )
    found = choose_frame(pieces, CONTRACT, {False: STILL, True: STILL}, TrainConfig())
    assert not found.level
    assert "too few people" in str(found)


def test_a_window_shorter_than_the_longest_convolution_will_do() -> None:
    pieces = pieces_of([one for person in PEOPLE for one in takes("wave", person) + takes("chop", person)])
    found = choose_frame(pieces, replace(CONTRACT, window=20), {False: STILL, True: STILL}, TrainConfig())
    assert found.own is not None
    assert found.own > 0.9


def test_windows_in_the_levelled_frame_are_the_core_s_columns_of_the_stream() -> None:
    """Unvaried windows equal the stream's columns, once the estimate has seen the same samples."""
    recording = make_recording("ann", "wave", 0, seconds=8.0)
    other = make_recording("ann", "chop", 0)
    source = WindowSource(pieces_of([recording, other]), framed(replace(CONTRACT, window=40), True))
    stream = columns(source.contract, recording.samples)
    before = history(source.contract)
    assert before == 2 << level_shift(RATE_HZ) == 64
    found = source.around(np.array([0]), STILL, np.random.default_rng(1))[0]
    best = min(
        np.abs(found.astype(int) - stream[start : start + 40]).max() for start in range(len(stream) - 40)
    )
    assert best <= 5, "the estimate's first 64 samples leave a little of the very first"


@pytest.mark.parametrize(("rate", "shift"), [(1.0, 1), (25.0, 4), (50.0, 5), (104.0, 6), (1000.0, 9)])
def test_the_estimate_settles_in_the_same_time_at_every_rate(rate: float, shift: int) -> None:
    assert level_shift(rate) == shift


def test_turns_about_z_keep_gravity() -> None:
    turns = augment.turns_about_z(500, 180.0, np.random.default_rng(1))
    assert np.allclose(turns @ [0, 0, 1.0], [0, 0, 1])
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3))
    assert np.abs(turns.mean(axis=0)[:2, :2]).max() < 0.1
