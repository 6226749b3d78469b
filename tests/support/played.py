"""Made-up hops of a model on made-up recordings: what it said, without the model."""

from __future__ import annotations

import numpy as np

from gesture_tools.contract import Contract
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording, Span
from gesture_training.streams import Played

LABELS = ("background", "chop", "wave")
CONTRACT = Contract(
    profile=Profile(rate_hz=50.0),
    window=50,
    hop=10,
    gain=2097,
    labels=LABELS,
    background=0,
    thresholds=(150, 150, 150),
)
HOPS_PER_GESTURE = 6


def played(
    seconds: int,
    spoken: dict[int, tuple[str, list[int]]],
    gestures: tuple[Span, ...] = (),
    person: str = "ann",
) -> Played:
    """A recording of seconds at rest, but at some hops a label scores what is given for it."""
    count = seconds * 50
    t_us = np.arange(count, dtype=np.int64) * 20_000
    recording = Recording(
        f"{person}{seconds}", None, person, "", t_us, np.zeros((count, 3), np.int16), gestures
    )
    ends = np.arange(CONTRACT.window, count + 1, CONTRACT.hop, dtype=np.uint32)
    outputs = np.full((len(ends), 3), -128, np.int8)
    outputs[:, 0] = 127
    for hop, (label, scores) in spoken.items():
        for place, score in enumerate(scores):
            outputs[hop + place, 0] = -128
            outputs[hop + place, LABELS.index(label)] = score - 128
    return Played(recording, gestures, outputs, ends)


def gesture_at(hop: int, label: str) -> Span:
    """A gesture that ends with the second window from this hop on."""
    end = (CONTRACT.window + (hop + 1) * CONTRACT.hop) * 20_000
    return Span(label, end - 1_000_000, end)


def practice(false_score: int, true_score: int = 240, seconds: int = 3600) -> list[Played]:
    """An hour: ten waves and ten chops that score high, and ten times something that is none."""
    spoken: dict[int, tuple[str, list[int]]] = {}
    gestures = []
    for number in range(20):
        label, hop = LABELS[1 + number % 2], 100 + 200 * number
        spoken[hop] = (label, [true_score] * HOPS_PER_GESTURE)
        gestures.append(gesture_at(hop, label))
    for number in range(10):
        spoken[5000 + 200 * number] = ("wave", [false_score] * HOPS_PER_GESTURE)
    return [played(seconds, spoken, tuple(gestures))]
