"""Continuous recordings through the device's own detector: recall, latency and false activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gesture_tools.contract import Contract
from gesture_tools.recordings import Recording
from gesture_tools.runtime import Event, Model
from gesture_training.streams import play

SWEEP = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Thresholds of the curve of recall against false activations, the same for all labels."""


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


def run_streams(
    model: Model, recordings: Sequence[Recording], sweep: Sequence[float] = SWEEP
) -> list[StreamOutcome]:
    """Play continuous recordings to the model's stream, with its own thresholds and with those of a sweep."""
    contract = model.require_contract()
    swept = [with_threshold(contract, threshold) for threshold in sweep]
    outcomes = []
    for given, played in zip(recordings, play(model, recordings), strict=True):
        events = played.matched(contract)
        times = [(played.time_us(event), index) for event, index in events]
        outcomes.append(
            StreamOutcome(
                source=str(given.source),
                recording=given.id,
                subject=given.subject,
                hours=played.hours,
                gestures=len(played.gestures),
                point=_point(events),
                false_in_gestures=sum(
                    index is None and any(span.start_us <= time < span.end_us for span in played.gestures)
                    for time, index in times
                ),
                latencies_ms=tuple(
                    (time - played.gestures[index].end_us) / 1000
                    for time, index in times
                    if index is not None
                ),
                sweep=tuple(_point(played.matched(one)) for one in swept),
            )
        )
    return outcomes


def with_threshold(contract: Contract, threshold: float) -> Contract:
    """Return a contract with one threshold (0 to 1) for all labels."""
    return replace(contract, thresholds=(min(255, round(threshold * 256)),) * len(contract.labels))


def _point(matched: Sequence[tuple[Event, int | None]]) -> Point:
    found = sum(index is not None for _, index in matched)
    return Point(found, len(matched) - found)
