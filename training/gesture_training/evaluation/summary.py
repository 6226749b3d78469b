"""The figures of an evaluation, over all folds: what ``--json`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gesture_training.evaluate import Outcome, metrics
from gesture_training.evaluation.interval import over_people
from gesture_training.evaluation.judged import Judged
from gesture_training.evaluation.streams import SWEEP, Point, StreamOutcome


def summarize(judged: Sequence[Judged], seed: int) -> dict[str, Any]:
    """Return accuracy over all recordings, and recall, latency, false activations over continuous ones.

    judged: one per model, of the same labels and of different people. What cannot be known is None: accuracy
    without labelled recordings, an interval with few people, recall without continuous gestures.
    """
    outcomes = [outcome for one in judged for outcome in one.outcomes]
    streams = [stream for one in judged for stream in one.streams]
    return {
        **metrics(outcomes, judged[0].labels),
        "people": sorted({person for one in judged for person in one.people}),
        "accuracy_interval": over_people(right_by_person(outcomes), seed),
        **_over(streams),
        "recall_interval": over_people(_found(streams), seed),
        "per_source": {
            source: _over([stream for stream in streams if stream.source == source])
            for source in dict.fromkeys(stream.source for stream in streams)
        },
        "sweep": _sweep(streams),
        "models": [
            {
                "model_id": one.model_id,
                "model_bytes": one.model_bytes,
                "arena_bytes": one.arena_bytes,
                "rate_hz": one.rate_hz,
                "window": one.window,
                "hop": one.hop,
                "people": list(one.people),
                "recordings": len(one.outcomes),
                "accuracy": metrics(one.outcomes, one.labels)["accuracy"],
            }
            for one in judged
        ],
        **_baseline(judged, seed),
    }


def latencies_ms(judged: Iterable[Judged]) -> list[float]:
    """Return every latency: detection minus the gesture's end."""
    return [latency for one in judged for stream in one.streams for latency in stream.latencies_ms]


def _baseline(judged: Sequence[Judged], seed: int) -> dict[str, Any]:
    """Return the figures of the forests, and the network's cost beside theirs; nothing without forests."""
    forests = [one.baseline for one in judged if one.baseline is not None]
    if not forests:
        return {}
    outcomes = [outcome for forest in forests for outcome in forest.outcomes]
    right = sum(forest.right_python for forest in forests)
    return {
        "cost": [cost for forest in forests for cost in forest.network_cost],
        "baseline": {
            "kind": "forest",
            **metrics(outcomes, judged[0].labels),
            "accuracy_interval": over_people(right_by_person(outcomes), seed),
            "accuracy_python": round(right / len(outcomes), 4) if outcomes else None,
            "cost": [cost for forest in forests for cost in forest.cost],
        },
    }


def right_by_person(outcomes: Iterable[Outcome]) -> dict[str, tuple[int, int]]:
    """Return per person how many recordings were judged right, of how many."""
    counts: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        right, count = counts.get(outcome.subject, (0, 0))
        counts[outcome.subject] = right + (outcome.verdict == outcome.truth), count + 1
    return counts


def _found(streams: Iterable[StreamOutcome]) -> dict[str, tuple[int, int]]:
    """Return per person how many gestures were found, of how many."""
    counts: dict[str, tuple[int, int]] = {}
    for stream in streams:
        found, count = counts.get(stream.subject, (0, 0))
        counts[stream.subject] = found + stream.point.found, count + stream.gestures
    return counts


def _over(streams: Sequence[StreamOutcome]) -> dict[str, Any]:
    """Return the measures of continuous recordings together."""
    hours = sum(stream.hours for stream in streams)
    false = sum(stream.point.false for stream in streams)
    latencies = [latency for stream in streams for latency in stream.latencies_ms]
    quartiles = (
        [round(float(value), 1) for value in np.percentile(latencies, (25, 50, 75))] if latencies else None
    )
    return {
        "gestures": sum(stream.gestures for stream in streams),
        "recall": _recall([stream.point for stream in streams], streams),
        "latency_ms": quartiles[1] if quartiles else None,
        "latency_quartiles_ms": quartiles,
        "false_activations": false,
        "false_activations_in_gestures": sum(stream.false_in_gestures for stream in streams),
        "hours_without_gesture": round(hours, 5),
        "false_activations_per_hour": _rate(false, hours),
    }


def _sweep(streams: Sequence[StreamOutcome]) -> list[dict[str, float | None]]:
    if not streams:
        return []
    hours = sum(stream.hours for stream in streams)
    points = []
    for place, threshold in enumerate(SWEEP):
        chosen = [stream.sweep[place] for stream in streams]
        rate = _rate(sum(point.false for point in chosen), hours)
        points.append(
            {"threshold": threshold, "recall": _recall(chosen, streams), "false_activations_per_hour": rate}
        )
    return points


def _recall(points: Sequence[Point], streams: Sequence[StreamOutcome]) -> float | None:
    gestures = sum(stream.gestures for stream in streams)
    return round(sum(point.found for point in points) / gestures, 4) if gestures else None


def _rate(false: int, hours: float) -> float | None:
    return round(false / hours, 3) if hours else None
