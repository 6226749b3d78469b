"""What a device with a model would report on recordings, by the same C core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gesture_tools.recordings import BACKGROUND, Recording, Span
from gesture_tools.resample import at_rate
from gesture_tools.verdict import Verdict, check_channels, match, verdicts

if TYPE_CHECKING:
    from gesture_tools.contract import Contract
    from gesture_tools.runtime import Event, Model

MIN_PIECE = 8
"""Samples of a stretch that tell a rate."""


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
    """Run the model's stream on each recording, from a reset, at the model's rate.

    After lost samples it starts anew, as a board's does: no event before a window of unbroken samples.
    """
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
        first = int(recording.t_us[0])
        found: list[tuple[Event, int, int]] = []  # with its start and time
        for piece in _unbroken(before, recording, contract):
            stream.reset()
            times = (piece.t_us - first).tolist()
            for event in stream.push(np.ascontiguousarray(piece.samples)):
                found.append((event, times[event.start], times[event.end - 1]))
        gestures = _gestures(contract, recording)
        matched = match([(event.label, time) for event, _, time in found], gestures)
        simulations.append(
            Simulation(
                recording=recording,
                measured_hz=before.rate_hz,
                resampled=recording is not before,
                lost=before.lost,
                gestures=gestures,
                detections=tuple(
                    Detection(event.label, event.score, start, time, index)
                    for (event, start, time), index in zip(found, matched, strict=True)
                ),
                verdict=verdict,
            )
        )
    return simulations


def _unbroken(before: Recording, ready: Recording, contract: Contract) -> list[Recording]:
    """Return the stretches without a lost sample that hold a window, at the model's rate.

    before: the recording as it is; ready: the whole of it at the model's rate.
    """
    if before.lost == 0 or before.seq is None:
        return [ready]
    profile = contract.profile
    gaps = np.flatnonzero(np.diff(before.seq) > 1) + 1
    pieces = []
    for start, end in pairwise([0, *gaps.tolist(), len(before.t_us)]):
        if end - start < MIN_PIECE:
            continue
        piece = replace(
            before,
            t_us=before.t_us[start:end],
            samples=before.samples[start:end],
            seq=before.seq[start:end],
        )
        if abs(before.rate_hz - profile.rate_hz) > profile.rate_tolerance * profile.rate_hz:
            piece = at_rate(piece, profile.rate_hz, 0.0)
        if len(piece.t_us) >= contract.window:
            pieces.append(piece)
    return pieces


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
