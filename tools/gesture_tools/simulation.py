"""What a device with a model would report on recordings, by the same C core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gesture_tools.recordings import BACKGROUND, Recording, Span
from gesture_tools.resample import at_rate
from gesture_tools.verdict import Verdict, check_channels, match, verdicts

if TYPE_CHECKING:
    from gesture_tools.contract import Contract
    from gesture_tools.runtime import Model


@dataclass(frozen=True)
class Detection:
    """An event of the simulated device, in microseconds since the log's first sample."""

    label: str
    score: float
    start_us: int
    """First sample of the windows that made it."""
    time_us: int
    """When it was reported."""
    gesture: int | None
    """Index of the labelled gesture that it matches."""


@dataclass(frozen=True)
class Simulation:
    """What the model makes of one recording."""

    recording: Recording
    """As the model saw it."""
    measured_hz: float
    resampled: bool
    lost: int
    gestures: tuple[Span, ...]
    """Labelled gestures that the model knows, in microseconds since the first sample."""
    detections: tuple[Detection, ...]
    verdict: Verdict


def simulate(model: Model, recordings: Iterable[Recording]) -> list[Simulation]:
    """Run the model's stream on each recording, from a reset, at the model's rate."""
    from gesture_tools.runtime import Stream

    contract = model.require_contract()
    profile = contract.profile
    stream = Stream(model)
    given = list(recordings)
    for recording in given:
        check_channels(contract, recording)
    ready = [at_rate(recording, profile.rate_hz, profile.rate_tolerance) for recording in given]
    simulations = []
    for before, recording, verdict in zip(given, ready, verdicts(model, ready), strict=True):
        stream.reset()
        events = stream.push(np.ascontiguousarray(recording.samples))
        times = (recording.t_us - recording.t_us[0]).tolist()
        gestures = _gestures(contract, recording)
        matched = match([(event.label, times[event.end - 1]) for event in events], gestures)
        simulations.append(
            Simulation(
                recording=recording,
                measured_hz=before.rate_hz,
                resampled=recording is not before,
                lost=before.lost,
                gestures=gestures,
                detections=tuple(
                    Detection(event.label, event.score, times[event.start], times[event.end - 1], index)
                    for event, index in zip(events, matched, strict=True)
                ),
                verdict=verdict,
            )
        )
    return simulations


def _gestures(contract: Contract, recording: Recording) -> tuple[Span, ...]:
    known = set(gesture_labels(contract))
    first = int(recording.t_us[0])
    return tuple(
        Span(span.label, span.start_us - first, span.end_us - first)
        for span in recording.spans
        if span.label in known
    )


def gesture_labels(contract: Contract) -> list[str]:
    """Return the labels that are gestures: all but the background."""
    return [
        label
        for index, label in enumerate(contract.labels)
        if index != contract.background and label != BACKGROUND
    ]
