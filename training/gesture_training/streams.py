"""Recordings as a device lives through them: every hop's outputs, and what a detector makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.recordings import Recording, Span
from gesture_tools.resample import at_rate
from gesture_tools.runtime import Event, Model, Stream, detect
from gesture_tools.simulation import gesture_labels
from gesture_tools.verdict import MATCH_SLACK_US, check_channels, match

LEAST_CONTINUOUS_S = 5.0
"""A recording of no gesture counts as continuous from here on."""


@dataclass(frozen=True, eq=False)
class Played:
    """What a model said hop by hop about a recording."""

    recording: Recording
    """At the model's rate."""
    gestures: tuple[Span, ...]
    """Its labelled gestures that the model knows."""
    outputs: NDArray[np.int8]
    """The outputs of each hop (hops, labels)."""
    ends: NDArray[np.uint32]
    """Sample number one past each hop's window."""
    is_take: bool = False
    """Whether the rest around the gesture is made up: then only what is found counts."""

    @property
    def hours(self) -> float:
        """Hours that hold no gesture of the model."""
        if self.is_take:
            return 0.0
        lasting = sum(span.end_us - span.start_us for span in self.gestures)
        return max(0.0, self.recording.duration_s - lasting / 1e6) / 3600

    def time_us(self, event: Event) -> int:
        """Return when an event was reported, on the recording's clock."""
        return int(self.recording.t_us[event.end - 1])

    def matched(self, contract: Contract) -> list[tuple[Event, int | None]]:
        """Return each event of a detector, and the index of the gesture it matches.

        contract: the model's own, or one of other thresholds and timing.
        """
        events = detect(contract, self.outputs, self.ends)
        found = match([(event.label, self.time_us(event)) for event in events], self.gestures)
        return list(zip(events, found, strict=True))


def continuous(recordings: Iterable[Recording], gestures: Sequence[str]) -> list[Recording]:
    """Return the recordings that measure a detector: with spans, or long and without any of the gestures."""
    return [
        recording
        for recording in recordings
        if recording.label is None
        or (recording.label not in gestures and recording.duration_s >= LEAST_CONTINUOUS_S)
    ]


def play(model: Model, recordings: Iterable[Recording], *, takes: bool = False) -> Iterator[Played]:
    """Play recordings to a model's stream, each from a reset and at the model's rate."""
    contract = model.require_contract()
    known = set(gesture_labels(contract))
    stream = Stream(model)
    for given in recordings:
        check_channels(contract, given)
        recording = at_rate(given, contract.profile.rate_hz, contract.profile.rate_tolerance)
        stream.reset()
        stream.push(recording.samples)
        gestures = tuple(span for span in recording.spans if span.label in known)
        yield Played(recording, gestures, stream.outputs(), stream.hop_ends(), takes)


def amid_rest(recording: Recording, label: str, contract: Contract) -> Recording:
    """Return a take of one gesture as a continuous recording, with rest around it, by its edge values."""
    step = 1e6 / contract.profile.rate_hz
    before = contract.window
    after = contract.window + round(MATCH_SLACK_US / step)
    samples = np.pad(recording.samples, ((before, after), (0, 0)), mode="edge")
    t_us = np.rint(np.arange(len(samples)) * step).astype(np.int64)
    span = Span(label, int(t_us[before]), int(t_us[before + len(recording.samples)]))
    return replace(recording, label=None, samples=samples, t_us=t_us, spans=(span,), seq=None)
