"""The levelled frame: what docs/formats.md says, on the host and on emulated processors."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.contract import PREPROCESS, PREPROCESS_LEVEL, Contract
from gesture_tools.profile import Profile
from gesture_tools.runtime import Model, Stream, check_contract, columns
from gesture_tools.runtime.emulated import CPUS, emulated_machine
from gesture_tools.runtime.opening import Refused

pytest.importorskip("tensorflow")
from tests.support.models import contract, convolutional, pass_through

Samples = NDArray[np.int16]
GAIN = 4194
"""Gravity of 1 g gives 64."""


def walk(seed: int, count: int = 300, step: float = 60.0) -> Samples:
    """A random walk from a random attitude."""
    rng = np.random.default_rng(seed)
    start = rng.normal(0, 800, 3)
    return np.clip(start + np.cumsum(rng.normal(0, step, (count, 3)), 0), -32768, 32767).astype(np.int16)


def by_the_book(samples: Samples, gain: int, shift: int) -> NDArray[np.int64]:
    """docs/formats.md, step by step, in Python's whole numbers."""
    rows, gravity = [], None
    for sample in samples.tolist():
        if gravity is None:
            gravity = [value * 256 for value in sample]
        else:
            gravity = [g + ((a * 256 - g) >> shift) for g, a in zip(gravity, sample, strict=True)]
        half = half_way(gravity)
        twice = sum(h * a for h, a in zip(half, sample, strict=True)) >> 13
        x, y = (a - (twice * h >> 14) for h, a in zip(half[:2], sample[:2], strict=True))
        z = (twice * half[2] >> 14) - sample[2]
        levelled = [max(-32768, min(32767, value)) for value in (x, y, z)]
        rows.append([max(-128, min(127, (value * gain + 32768) >> 16)) for value in levelled])
    return np.array(rows)


def half_way(gravity: list[int]) -> list[int]:
    if not any(gravity):
        return [0, 0, 16384]
    v = scaled(gravity)
    v[2] += square(v) * root_of(square(v)) >> 15
    if not any(v):
        return [16384, 0, 0]
    v = scaled(v)
    root = root_of(square(v))
    return [value * root >> 13 for value in v]


def scaled(v: list[int]) -> list[int]:
    largest = max(map(abs, v))
    bits = largest.bit_length() - 13
    return [value >> bits if bits >= 0 else value << -bits for value in v]


def square(v: list[int]) -> int:
    return sum(value * value for value in v) >> 12


def root_of(square: int) -> int:
    root = 8192 if square >= 16384 else 16384
    for _ in range(5):
        root = root * (3 * 8192 - (square * (root * root >> 13) >> 16)) >> 14
    return root


def samples_of_every_kind() -> list[Samples]:
    rng = np.random.default_rng(1)
    extremes = rng.choice(np.array([-32768, -32767, -1, 0, 1, 32767], np.int16), (400, 3))
    upside_down = np.concatenate([np.tile([0, 0, -1000], (40, 1)), rng.integers(-3, 3, (40, 3))])
    return [
        *(walk(seed) for seed in range(6)),
        rng.integers(-32768, 32768, (500, 3)).astype(np.int16),
        extremes,
        np.zeros((20, 3), np.int16),
        upside_down.astype(np.int16),
    ]


@pytest.mark.parametrize("shift", [1, 5, 10])
def test_columns_are_those_of_the_specification(shift: int) -> None:
    for gain in (GAIN, 65535):
        fields = contract(gain=gain, level_shift=shift)
        for samples in samples_of_every_kind():
            assert (columns(fields, samples) == by_the_book(samples, gain, shift)).all()


@pytest.mark.parametrize("cpu", CPUS)
def test_columns_are_the_same_on_every_processor(cpu: str) -> None:
    machine = emulated_machine(cpu)
    fields = contract(gain=GAIN, level_shift=5)
    for samples in samples_of_every_kind():
        assert (columns(fields, samples, machine) == columns(fields, samples)).all()


@pytest.mark.parametrize("cpu", CPUS)
def test_a_sample_costs_few_instructions(cpu: str) -> None:
    machine = emulated_machine(cpu)
    counts = []
    for shift in (None, 5):
        with machine.measured() as count:
            columns(contract(gain=GAIN, level_shift=shift), walk(1, count=500, step=20), machine)
        counts.append(count.instructions)
    assert (counts[1] - counts[0]) / 500 < 500


def test_the_turn_is_the_shortest_one_to_within_half_a_column() -> None:
    """Against floating point: gravity by a first-order low-pass, then the shortest turn to z."""
    for seed in range(8):
        samples = walk(seed)
        gravity = samples[0].astype(float)
        for sample, found in zip(samples, columns(contract(gain=GAIN, level_shift=5), samples), strict=True):
            gravity += (sample - gravity) / 32
            half = gravity / np.linalg.norm(gravity) + [0, 0, 1]
            half /= np.linalg.norm(half)
            turned = (2 * half * (half @ sample) - sample) * [-1, -1, 1] * GAIN / 65536
            assert np.abs(np.clip(turned, -128, 127) - found).max() < 1.5, seed


def test_rest_is_gravity_along_z_however_the_board_lies() -> None:
    rng = np.random.default_rng(2)
    fields = contract(gain=GAIN, level_shift=5)
    attitudes = rng.normal(size=(50, 3))
    attitudes = np.concatenate([attitudes, np.eye(3), -np.eye(3)])
    for attitude in attitudes / np.linalg.norm(attitudes, axis=1, keepdims=True):
        rest = np.tile(np.rint(1000 * attitude).astype(np.int16), (4, 1))
        found = columns(fields, rest)
        assert np.abs(found[:, :2]).max() <= 1
        assert np.abs(found[:, 2] - 64).max() <= 1


def test_a_turn_about_z_stays_a_turn_about_z() -> None:
    fields = contract(gain=GAIN, level_shift=4)
    samples = walk(3, step=20) // 2
    angle = math.radians(70)
    turn = np.array(
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
    )
    turned = columns(fields, np.rint(samples @ turn.T).astype(np.int16)).astype(int)
    wanted = columns(fields, samples).astype(int) @ turn.T
    inside = (np.abs(wanted) < 120).all(axis=1)
    assert inside.sum() > 100
    assert np.abs(turned - wanted)[inside].max() < 2


def test_columns_do_not_depend_on_the_window() -> None:
    fields = contract(window=20, hop=6, level_shift=3, gain=GAIN)
    model, samples = Model(convolutional(fields)), walk(5)
    stream = Stream(model)
    stream.push(samples)
    prepared = columns(fields, samples)
    windows = np.stack([prepared[end - 20 : end] for end in stream.hop_ends()])
    assert (stream.outputs() == model.invoke(windows[:, np.newaxis])).all()


def test_a_reset_starts_the_estimate_anew() -> None:
    fields = contract(window=1, hop=1, level_shift=5, gain=65535)
    stream = Stream(Model(pass_through(fields)))
    stream.push(walk(1))
    stream.reset()
    stream.push(walk(2))
    assert (stream.outputs() == columns(fields, walk(2))).all()


def test_many_streams_are_preprocessed_each_from_the_start() -> None:
    fields = contract(level_shift=5, gain=GAIN)
    streams = np.stack([walk(seed, 40) for seed in range(5)])
    assert (columns(fields, streams) == np.stack([columns(fields, one) for one in streams])).all()


def test_the_contract_keeps_the_levelled_frame() -> None:
    fields = contract(level_shift=5)
    assert Contract.decode(fields.encode()) == fields
    assert fields.interface_id == contract().interface_id


@pytest.mark.parametrize("shift", [0, 11, 255])
def test_a_time_constant_out_of_range_is_refused(shift: int) -> None:
    with pytest.raises(Refused):
        check_contract(contract(level_shift=shift).encode(), "it")


def test_a_record_of_the_wrong_size_is_refused() -> None:
    good = contract(level_shift=5).encode()
    record = struct.pack("<HHBHB", PREPROCESS, 4, PREPROCESS_LEVEL, 2097, 5)
    assert record in good
    for size in (1, 2, 3, 5):
        value = struct.pack("<BHBB", PREPROCESS_LEVEL, 2097, 5, 0)[:size]
        body = good[8:].replace(record, struct.pack("<HH", PREPROCESS, size) + value)
        with pytest.raises(Refused):
            check_contract(good[:6] + struct.pack("<H", len(body)) + body, "it")


@pytest.mark.parametrize("kinds", ["x", "xy", "yxz", "xzy"])
def test_other_channels_cannot_be_levelled(kinds: str) -> None:
    profile = Profile(rate_hz=50.0, channels=tuple(f"acceleration_{kind}" for kind in kinds))
    plain = contract(profile=profile)
    check_contract(plain.encode(), "it")
    with pytest.raises(Refused):
        check_contract(replace(plain, level_shift=5).encode(), "it")
