"""Training before the first pass: labels, pieces, split, choices, windows, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.errors import UserError
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording, Span
from gesture_training import augment, choices, dataset
from gesture_training.config import Augmentation, Network
from gesture_training.grip import grip_rotation
from gesture_training.labels import choose_labels, means_no_gesture
from gesture_training.network import fitted, kernel_length, least_window, receptive_field
from gesture_training.prepare import Request, prepare
from gesture_training.strength import MOST, strength_spread
from gesture_training.windows import WindowSource
from tests.support.training_data import RATE_HZ, make_recording, write_table

PEOPLE = ("ann", "ben", "cem", "dia")


@pytest.mark.parametrize(
    "name", ["Idle", "background_walking", "At Rest", "negative", "Being still", "unknown"]
)
def test_names_that_mean_no_gesture(name: str) -> None:
    assert means_no_gesture(name)


def test_labels_of_no_gesture_become_one_background() -> None:
    labels = choose_labels({"wave", "chop", "Idle", "Still"}, (), ())
    assert labels.names == ("background", "chop", "wave")
    assert labels.background == 0
    assert labels.index == {"chop": 1, "wave": 2, "Idle": 0, "Still": 0}


def test_wanted_labels_keep_their_order_and_a_lone_background_its_name() -> None:
    labels = choose_labels({"wave", "chop", "walk"}, ("wave", "walk", "chop"), ("walk",))
    assert labels.names == ("walk", "wave", "chop")
    assert labels.background == 0


def test_without_background_there_is_none() -> None:
    assert choose_labels({"wave", "chop"}, (), ()).background is None


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("\x1b[31mred", r"'\\x1b\[31mred' is empty or has control characters"),
        ("a\nb", "control characters"),
        ("a\x85b", "control characters"),
        ("a\ud800b", "control characters"),
        ("", "is empty"),
        ("é" * 17, "34 bytes.*holds 32"),
    ],
)
def test_labels_that_no_model_holds_are_named(label: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_labels({"wave", label}, (), ())
    assert choose_labels({"wave", "chop", label}, ("wave", "chop"), ()).names == ("wave", "chop")
    with pytest.raises(UserError) as refused:
        choose_labels({"wave", label}, ("wafe",), ())
    assert all(ord(character) >= 0x20 for character in refused.value.message)


def test_as_many_and_as_long_labels_as_a_model_holds() -> None:
    assert choose_labels({"é" * 16, "wave"}, (), ()).names == ("wave", "é" * 16)
    assert len(choose_labels({f"l{n}" for n in range(32)}, (), ()).names) == 32
    with pytest.raises(UserError, match="33 classes, a model holds 32"):
        choose_labels({f"l{n}" for n in range(33)}, (), ())


def test_a_background_of_several_labels_beside_one_of_its_name_is_refused() -> None:
    found = {"idle", "rest", "background", "wave"}
    with pytest.raises(UserError, match="idle and rest one label 'background', which the data has too"):
        choose_labels(found, (), ("idle", "rest"))
    assert choose_labels(found, (), ("idle", "rest", "background")).names == ("background", "wave")


def continuous(spans: tuple[Span, ...], seconds: float = 20.0) -> Recording:
    count = int(seconds * RATE_HZ)
    t_us = np.arange(count, dtype=np.int64) * int(1e6 / RATE_HZ)
    samples = np.tile(np.arange(count)[:, None], (1, 3)).astype(np.int16)
    return Recording("stream", None, "ann", "", t_us, samples, spans)


def test_continuous_recordings_are_cut_at_their_spans_with_context() -> None:
    spans = (Span("wave", 5_000_000, 6_000_000), Span("chop", 6_500_000, 7_500_000))
    labels = choose_labels({"wave", "chop", "background"}, (), ())
    pieces = dataset.cut([continuous(spans)], labels, RATE_HZ, 0.05)
    found = [(labels.names[piece.label], len(piece.recording.samples)) for piece in pieces]
    assert found == [("background", 250), ("wave", 50), ("chop", 50), ("background", 625)]
    wave = pieces[1]
    assert wave.samples[wave.start, 0] == wave.recording.samples[0, 0] == 250
    assert wave.samples[0, 0] == 250 - dataset.CONTEXT_S * RATE_HZ
    assert wave.samples[-1, 0] == 324, "the context ends where the next gesture begins"
    assert len(pieces[0].samples) == 250, "background takes no context: a gesture lies there"


def test_nobody_is_held_out_whose_absence_empties_a_class() -> None:
    labels = choose_labels({"wave", "chop"}, (), ())
    recordings = [make_recording(person, "wave", take) for person in PEOPLE for take in range(2)]
    recordings += [
        make_recording(*one) for one in (("ann", "chop", 0), ("ann", "chop", 1), ("ben", "chop", 0))
    ]
    pieces = dataset.cut(recordings, labels, RATE_HZ, 0.05)
    for seed in range(20):
        chosen = dataset.hold_out(pieces, (), 0.5, seed)
        assert len(chosen) == 2
        assert "ann" not in chosen


def test_split_is_seeded_and_by_person(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    request = Request(data=(tmp_path / "a.csv",), out=tmp_path / "out")
    first, second = prepare(request), prepare(request)
    assert [p.recording.id for p in first.train] == [p.recording.id for p in second.train]
    assert not {p.subject for p in first.train} & {p.subject for p in first.test}
    assert {p.subject for p in first.train} | {p.subject for p in first.test} == set(PEOPLE)


def test_choices_follow_the_data(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE, seconds=1.6)
    contract = prepare(Request(data=(tmp_path / "a.csv",), out=tmp_path / "out")).contract
    assert contract.profile == Profile(rate_hz=50.0, full_scale_mg=2000)
    assert (contract.window, contract.hop) == (80, 10)
    assert contract.gain == round(128 * 65536 / 2000)
    assert set(contract.thresholds) == {154}


def test_a_window_counts_samples_or_seconds(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    request = Request(data=(tmp_path / "a.csv",), out=tmp_path / "out")
    assert prepare(replace(request, window=40)).contract.window == 40
    assert prepare(replace(request, window=1.5)).contract.window == 75


def test_the_window_chosen_is_no_longer_than_a_contract_holds() -> None:
    recording = continuous((Span("wave", 0, 2_500_000), Span("chop", 2_500_000, 5_000_000)))
    labels = choose_labels({"wave", "chop"}, (), ())
    pieces = dataset.cut([recording], labels, RATE_HZ, 0.05)
    assert choices.choose_window(pieces, RATE_HZ, None, Network()) == 120
    pieces = [replace(piece, start=0, end=2500) for piece in pieces]
    assert choices.choose_window(pieces, 1000.0, None, Network()) == 1024


def test_kernels_shrink_with_the_window() -> None:
    settings = Network()
    for window in range(24, 400, 4):
        network = fitted(settings, settings.rate_hz, window=window)
        kernel = kernel_length(window, network)
        assert kernel % 2 == 1
        assert receptive_field(kernel, network) <= window
    assert kernel_length(1000, settings) == settings.longest_kernel


def test_a_network_lasts_as_long_at_any_rate_and_streams_by_the_hop_asked_for() -> None:
    settings = Network(strides=(5, 1, 1), first_kernel=7)
    strides = {rate: fitted(settings, rate).strides[0] for rate in (13.0, 25.0, 50.0, 100.0, 104.0, 400.0)}
    assert strides == {13.0: 1, 25.0: 2, 50.0: 5, 100.0: 10, 104.0: 10, 400.0: 40}
    slow, fast = fitted(settings, 13.0), fitted(settings, 100.0)
    assert (slow.first_kernel, fast.first_kernel) == (3, 14)
    assert fitted(fast, 100.0) == fast, "once is enough"
    for hop in (4, 6, 7, 8, 10, 12, 15, 20):
        network = fitted(settings, 50.0, hop)
        assert hop % network.total_stride == 0
        assert 0.4 < network.strides[0] / 5 < 2.5
        assert choices.choose_hop(128, 50.0, hop, network) == hop
    assert fitted(settings, 50.0, window=32).strides[0] == 4
    assert least_window(fitted(settings, 50.0, window=20)) <= 20
    halved = replace(settings, strides=(5, 2, 1))
    assert fitted(halved, 100.0, 10).total_stride == 10
    with pytest.raises(UserError, match="a multiple of 2"):
        choices.choose_hop(128, 100.0, 9, fitted(halved, 100.0, 9))


def test_rotations_are_proper() -> None:
    turns = augment.rotations(100, 90.0, np.random.default_rng(1))
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3))
    assert np.allclose(np.linalg.det(turns), 1.0)


def test_windows_read_edges_beyond_a_piece() -> None:
    still = Augmentation(rotation=0, turn=0, speed=0, amplitude=0, gain=0, bias=0, noise=0, shift=0)
    limits = np.array([[10, 12]])
    rng = np.random.default_rng(1)
    positions = augment.sample_positions(np.array([9.0]), 5, 0, limits, still, rng)
    assert positions.tolist() == [[10.0, 10.0, 11.0, 12.0, 12.0]]
    ramp = np.tile(np.arange(20)[:, None], (1, 3)).astype(np.int16)
    assert augment.vary(augment.read_at(ramp, positions), still, rng)[0, :, 0].tolist() == [
        10,
        10,
        11,
        12,
        12,
    ]


def test_windows_without_variation_are_the_core_s_columns(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE, labels=("wave", "chop"))
    prepared = prepare(Request(data=(tmp_path / "a.csv",), out=tmp_path / "out", window=40))
    source = WindowSource(prepared.train, prepared.contract)
    still = Augmentation(rotation=0, turn=0, speed=0, amplitude=0, gain=0, bias=0, noise=0, shift=0)
    windows, labels = source.draw(64, still, np.random.default_rng(1))
    assert windows.shape == (64, 40, 3)
    assert windows.dtype == np.int8
    assert set(labels.tolist()) == {0, 1}
    gravity = windows[..., 2].astype(float).mean() / 64
    assert gravity == pytest.approx(1000 * prepared.contract.gain / 65536 / 64, abs=0.02)


def test_windows_are_balanced_over_labels_and_people(tmp_path: Path) -> None:
    recordings = [make_recording("ann", "wave", take) for take in range(30)]
    recordings += [make_recording("ben", "wave", 0), make_recording("ben", "chop", 0)]
    labels = choose_labels({"wave", "chop"}, (), ())
    pieces = dataset.cut(recordings, labels, RATE_HZ, 0.05)
    write_table(tmp_path / "a.csv", PEOPLE)
    contract = prepare(Request(data=(tmp_path / "a.csv",), out=tmp_path / "out")).contract
    source = WindowSource(pieces, replace(contract, labels=labels.names, background=None))
    assert source.share[:30].sum() == pytest.approx(0.25)
    assert source.share[30:].tolist() == pytest.approx([0.25, 0.5])


@pytest.mark.parametrize("degrees", [20.0, 60.0])
def test_grip_is_measured_from_gravity(degrees: float) -> None:
    rng = np.random.default_rng(1)
    turns = augment.rotations(200, degrees, rng)
    labels = choose_labels({"wave", "chop"}, (), ())
    recordings = []
    for person, turn in enumerate(turns):
        recording = make_recording(f"p{person}", "wave", 0)
        recordings.append(replace(recording, samples=(recording.samples @ turn.T).astype(np.int16)))
    pieces = dataset.cut(recordings, labels, RATE_HZ, 0.05)
    assert grip_rotation(pieces, 5.0) == pytest.approx(degrees, rel=0.15)


def test_without_gravity_nothing_is_known_of_the_grip() -> None:
    labels = choose_labels({"wave", "chop"}, (), ())
    recordings = [make_recording(f"p{person}", "wave", 0) for person in range(8)]
    floating = [replace(one, samples=(one.samples - [0, 0, 1000]).astype(np.int16)) for one in recordings]
    assert grip_rotation(dataset.cut(floating, labels, RATE_HZ, 0.05), 15.0) == 15.0


def test_one_person_has_the_least_grip() -> None:
    labels = choose_labels({"wave", "chop"}, (), ())
    pieces = dataset.cut([make_recording("ann", "wave", take) for take in range(3)], labels, RATE_HZ, 0.05)
    assert grip_rotation(pieces, 15.0) == 15.0


@pytest.mark.parametrize("spread", [0.3, 0.5])
def test_strength_is_measured_between_people(spread: float) -> None:
    """Not what one person's takes differ by."""
    rng = np.random.default_rng(1)
    labels = choose_labels({"wave", "chop"}, (), ())
    recordings = []
    for person in range(60):
        usual = np.exp(rng.normal(0, spread))
        for take in range(4):
            one = make_recording(f"p{person}", "wave", take)
            factor = usual * np.exp(rng.normal(0, 0.2))
            recordings.append(replace(one, samples=(one.samples * factor).astype(np.int16)))
    pieces = dataset.cut(recordings, labels, RATE_HZ, 0.05)
    assert strength_spread(pieces, 40, 0.1) == pytest.approx(spread, rel=0.25)
    assert strength_spread(pieces[:4], 40, 0.1) == 0.1, "one person alone"
    louder = [
        replace(one, samples=(one.samples * 4**number).astype(np.int16))
        for number, one in enumerate(recordings[:8:4])
    ]
    assert strength_spread(dataset.cut(louder, labels, RATE_HZ, 0.05), 40, 0.1) == MOST
