"""Continuous recordings through the device's own detector: recall, latency and false activations."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from gesture_tools.contract import DETECTOR
from gesture_tools.recordings import Recording, Span
from gesture_tools.resample import at_rate
from gesture_tools.runtime import Event, Model, Stream
from gesture_tools.runtime.flatbuffer import contract_bytes
from gesture_tools.simulation import gesture_labels
from gesture_tools.verdict import check_channels, match

SWEEP = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Thresholds of the curve of recall against false activations, the same for all labels."""

LEAST_CONTINUOUS_S = 10.0
"""A recording of no gesture counts as continuous from here on."""


@dataclass(frozen=True)
class Point:
    """What a detector found in one recording."""

    found: int
    """Labelled gestures matched."""
    false: int
    """False activations."""


@dataclass(frozen=True)
class StreamOutcome:
    """What the device would report on one continuous recording."""

    source: str
    """The file."""
    recording: str
    subject: str
    hours: float
    """Hours that hold no gesture of the model."""
    gestures: int
    point: Point
    """At the model's own thresholds."""
    false_in_gestures: int
    """Those of the false activations that came while a gesture was made: another label, or a second time."""
    latencies_ms: tuple[float, ...]
    """From a gesture's end to its detection."""
    sweep: tuple[Point, ...]
    """One point for each threshold of the sweep."""


def continuous(recordings: Sequence[Recording], gestures: Sequence[str]) -> list[Recording]:
    """Return the recordings that measure a detector: with spans, or long and without any of the gestures."""
    return [
        recording
        for recording in recordings
        if recording.label is None
        or (recording.label not in gestures and recording.duration_s >= LEAST_CONTINUOUS_S)
    ]


def run_streams(
    model: Model, recordings: Sequence[Recording], sweep: Sequence[float] = SWEEP
) -> list[StreamOutcome]:
    """Play continuous recordings to the model's stream, with its own thresholds and with those of a sweep."""
    contract = model.require_contract()
    own = Stream(model)
    swept = [Stream(with_threshold(model, threshold)) for threshold in sweep] if recordings else []
    outcomes = []
    for given in recordings:
        check_channels(contract, given)
        recording = at_rate(given, contract.profile.rate_hz, contract.profile.rate_tolerance)
        gestures = [span for span in recording.spans if span.label in gesture_labels(contract)]
        events = _events(own, recording)
        matched = _match(events, recording, gestures)
        times = [_time(event, recording) for event in events]
        lasting = sum(span.end_us - span.start_us for span in gestures)
        outcomes.append(
            StreamOutcome(
                source=str(given.source),
                recording=given.id,
                subject=given.subject,
                hours=max(0.0, recording.duration_s - lasting / 1e6) / 3600,
                gestures=len(gestures),
                point=_point(matched),
                false_in_gestures=sum(
                    index is None and any(span.start_us <= time < span.end_us for span in gestures)
                    for time, index in zip(times, matched, strict=True)
                ),
                latencies_ms=tuple(
                    (time - gestures[index].end_us) / 1000
                    for time, index in zip(times, matched, strict=True)
                    if index is not None
                ),
                sweep=tuple(
                    _point(_match(_events(stream, recording), recording, gestures)) for stream in swept
                ),
            )
        )
    return outcomes


def with_threshold(model: Model, threshold: float) -> Model:
    """Return the model with one threshold (0 to 1) for all labels; everything else stays as it is."""
    contract = model.require_contract()
    level = min(255, round(threshold * 256))
    size = 3 + len(contract.labels)
    start = struct.pack("<HHBH", DETECTOR, size, contract.hits, contract.refractory_ms)
    old = contract_bytes(model.data) or b""
    new = old.replace(start + bytes(contract.thresholds), start + bytes([level]) * len(contract.labels))
    return Model(model.data.replace(old, new), machine=model.machine)


def _events(stream: Stream, recording: Recording) -> list[Event]:
    stream.reset()
    return stream.push(recording.samples)


def _time(event: Event, recording: Recording) -> int:
    return int(recording.t_us[event.end - 1])


def _match(events: Sequence[Event], recording: Recording, gestures: Sequence[Span]) -> list[int | None]:
    return match([(event.label, _time(event, recording)) for event in events], gestures)


def _point(matched: Sequence[int | None]) -> Point:
    found = sum(index is not None for index in matched)
    return Point(found, len(matched) - found)
