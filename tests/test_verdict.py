"""The verdict's rule, against a slow and literal version of it, and the matching of detections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording, Span
from gesture_tools.runtime import Model
from gesture_tools.verdict import around, extend, frames, match, strongest, verdict, verdicts

pytest.importorskip("tensorflow")
from tests.support.models import contract, means

WINDOW, HOP = 32, 4


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(means(contract(window=WINDOW, hop=HOP)))


def recording(samples: NDArray[Any], name: str = "r") -> Recording:
    """A recording of these samples at 50 Hz."""
    t_us = np.arange(len(samples), dtype=np.int64) * 20_000
    return Recording(name, "left", "p", "s", t_us, samples.astype(np.int16), source=Path("r.csv"))


def noise(count: int, seed: int) -> NDArray[np.int16]:
    """A random walk of any strength (count, 3)."""
    walk = np.random.default_rng(seed).normal(0, 60, (count, 3)).cumsum(axis=0)
    return np.asarray(np.clip(walk, -32768, 32767), dtype=np.int16)


def test_windows_are_taken_at_every_hop() -> None:
    samples = noise(41, 0)
    windows = frames(samples, WINDOW, HOP)
    assert windows.shape == (3, WINDOW, 3)
    for index, window in enumerate(windows):
        assert (window == samples[HOP * index : HOP * index + WINDOW]).all()
    assert len(frames(samples[:35], WINDOW, HOP)) == 1
    assert len(frames(samples[:36], WINDOW, HOP)) == 2


def test_short_recordings_get_their_edges_at_both_ends() -> None:
    samples = noise(27, 1)
    long = extend(samples, WINDOW)
    assert len(long) == WINDOW
    assert (long[:2] == samples[0]).all()
    assert (long[2:29] == samples).all()
    assert (long[29:] == samples[-1]).all()
    assert extend(samples, 27) is samples or (extend(samples, 27) == samples).all()


@pytest.mark.parametrize("count", [2, 31, 32, 33, 36, 64, 200, 333])
@pytest.mark.parametrize("seed", range(5))
def test_the_rule_taken_literally(model: Model, count: int, seed: int) -> None:
    samples = noise(count, seed)
    long = extend(samples, WINDOW)
    starts = list(range(0, len(long) - WINDOW + 1, HOP))
    strength = [long[start : start + WINDOW].astype(float).var(axis=0).sum() for start in starts]
    best = starts[int(np.argmax(strength))]
    assert starts[strongest(samples, WINDOW, HOP)] == best

    near = [start for start in starts if abs(start - best) <= WINDOW / 4]
    quantised = np.clip(np.rint(long.astype(float) * 2097 / 65536), -128, 127).astype(np.int8)
    outputs = model.invoke(np.stack([quantised[start : start + WINDOW][None] for start in near]))
    found = verdict(model, recording(samples))
    assert (found.outputs == outputs).all()
    assert found.windows == len(near)
    assert found.scores == pytest.approx((outputs.astype(float).mean(axis=0) + 128) / 256)
    assert found.label == model.require_contract().labels[int(np.argmax(outputs.astype(float).mean(axis=0)))]


@pytest.mark.parametrize(("window", "hop"), [(10, 3), (128, 32), (100, 12), (7, 7), (8, 1)])
def test_the_reach_is_a_quarter_of_the_window(window: int, hop: int) -> None:
    samples = np.zeros((1000, 3), dtype=np.int16)
    samples[500] = 1000
    chosen = around(samples, window, hop)
    best = strongest(samples, window, hop)
    starts = np.arange(0, 1000 - window + 1, hop)
    assert np.flatnonzero(np.abs(starts - starts[best]) <= window / 4).tolist() == list(range(1000))[chosen]


def test_the_strongest_motion_decides_not_the_longest(model: Model) -> None:
    samples = np.zeros((400, 3))
    samples[50:300, 0] = np.repeat(-900, 250)
    samples[340:350, 0] = 4000
    assert verdict(model, recording(samples)).label == "right"


def test_full_scale_motion_does_not_overflow() -> None:
    samples = np.zeros((5000, 3), dtype=np.int16)
    samples[:3000:2] = 32767
    samples[1:3000:2] = -32768
    samples[:1000] //= 2
    assert strongest(samples, 1024, 8) == 125


def test_batches_equal_single_verdicts_and_other_rates_are_resampled(model: Model) -> None:
    many = [recording(noise(count, count), str(count)) for count in (300, 20, 64)]
    slow = recording(np.repeat(noise(100, 9), 2, axis=0), "slow")
    slow = Recording("slow", None, "p", "s", slow.t_us * 2, slow.samples)
    together = verdicts(model, [*many, slow])
    assert len(together) == 4
    for one, other in zip(together, [verdict(model, r) for r in [*many, slow]], strict=True):
        assert one.label == other.label
        assert (one.outputs == other.outputs).all()
    assert verdicts(model, []) == []


def test_other_channels_are_refused(model: Model) -> None:
    flat = recording(noise(64, 1))
    flat = Recording("f", "x", "p", "s", flat.t_us, flat.samples[:, :2], channels=flat.channels[:2])
    with pytest.raises(UserError, match="channels differ from the model's contract"):
        verdict(model, flat)


GESTURE = Span("left", 1_000_000, 2_000_000)


@pytest.mark.parametrize(
    ("detection", "matched"),
    [
        (("left", 1_000_000), True),
        (("left", 2_500_000), True),
        (("left", 999_999), False),
        (("left", 2_500_001), False),
        (("right", 1_500_000), False),
    ],
)
def test_a_detection_matches_inside_its_gesture_and_half_a_second_after(
    detection: tuple[str, int], matched: bool
) -> None:
    assert match([detection], [GESTURE]) == [0 if matched else None]


def test_a_gesture_is_matched_once_by_the_first() -> None:
    assert match([("left", 2_400_000), ("left", 1_500_000)], [GESTURE]) == [None, 0]


def test_of_two_gestures_the_earlier_end_is_matched_first() -> None:
    later = Span("left", 2_100_000, 3_000_000)
    assert match([("left", 2_200_000), ("left", 2_300_000)], [later, GESTURE]) == [1, 0]
    assert match([("left", 2_200_000), ("left", 2_700_000)], [GESTURE, later]) == [0, 1]
    assert match([], [GESTURE]) == []
    assert match([("left", 1)], []) == [None]
