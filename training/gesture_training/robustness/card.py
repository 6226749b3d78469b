"""The robustness card: a model judged on disturbed recordings, sweep by sweep, against limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gesture_tools.recordings import Recording
from gesture_tools.resample import at_rate
from gesture_tools.runtime import Model
from gesture_tools.simulation import gesture_labels
from gesture_tools.verdict import verdicts
from gesture_training.dataset import Piece
from gesture_training.evaluation.streams import run_streams
from gesture_training.robustness.disturb import SWEEPS, Level, Sweep, is_xyz
from gesture_training.robustness.limits import Limit
from gesture_training.streams import continuous

Progress = Callable[[int, int], None]
"""Called with the number of levels done and to do."""


@dataclass(frozen=True)
class Subjects:
    """What is disturbed: recordings at the model's rate."""

    takes: tuple[Recording, ...]
    truths: tuple[str, ...]
    """The model's label of each take."""
    streams: tuple[Recording, ...]


@dataclass(frozen=True)
class Result:
    """What the model makes of all recordings at one level; None where there is nothing to measure."""

    accuracy: float | None
    recall: float | None
    false_activations_per_hour: float | None


def subjects_of(model: Model, pieces: Sequence[Piece], recordings: Sequence[Recording]) -> Subjects:
    """Return what a model is judged on: labelled pieces, and continuous recordings."""
    contract = model.require_contract()
    rate, tolerance = contract.profile.rate_hz, contract.profile.rate_tolerance
    streams = continuous(recordings, gesture_labels(contract))
    return Subjects(
        tuple(piece.recording for piece in pieces),
        tuple(contract.labels[piece.label] for piece in pieces),
        tuple(at_rate(recording, rate, tolerance) for recording in streams),
    )


def measure(
    model: Model, subjects: Subjects, limits: Mapping[str, Limit], seed: int, progress: Progress
) -> dict[str, Any]:
    """Return the card: accuracy, recall, false activations at every level and undisturbed, and what passed.

    A sweep passes when neither accuracy nor recall falls by more than its limit's points, at any level
    within the limit's.
    """
    contract = model.require_contract()
    channels, known = contract.profile.channels, set(gesture_labels(contract))
    sweeps = [sweep for sweep in SWEEPS if is_xyz(channels) or not sweep.needs_xyz]
    levels = {sweep.name: _levels(sweep, limits.get(sweep.name)) for sweep in sweeps}
    total, done = 1 + sum(map(len, levels.values())), 1
    base = judge(model, subjects)
    progress(done, total)
    card = []
    for sweep in sweeps:
        points = []
        for level in levels[sweep.name]:
            points.append((level, judge(model, disturbed(model, subjects, sweep, level, seed))))
            progress(done := done + 1, total)
        card.append(_row(sweep, points, base, limits.get(sweep.name)))
    return {
        "passed": all(row["passed"] is not False for row in card),
        "recordings": len(subjects.takes),
        "continuous": len(subjects.streams),
        "gestures": sum(span.label in known for one in subjects.streams for span in one.spans),
        **asdict(base),
        "sweeps": card,
        "seed": seed,
    }


def disturbed(model: Model, subjects: Subjects, sweep: Sweep, level: Level, seed: int) -> Subjects:
    """Return all recordings at one level of a sweep."""
    rate = model.require_contract().profile.rate_hz
    takes, streams = (
        tuple(sweep.disturb(recording, level, rate, seed) for recording in group)
        for group in (subjects.takes, subjects.streams)
    )
    return Subjects(takes, subjects.truths, streams)


def judge(model: Model, subjects: Subjects) -> Result:
    """Judge takes by their verdict and streams by the device's detector."""
    right = [
        verdict.label == truth
        for verdict, truth in zip(verdicts(model, subjects.takes), subjects.truths, strict=True)
    ]
    played = run_streams(model, subjects.streams, ())
    gestures = sum(one.gestures for one in played)
    hours = sum(one.hours for one in played)
    return Result(
        round(sum(right) / len(right), 4) if right else None,
        round(sum(one.point.found for one in played) / gestures, 4) if gestures else None,
        round(sum(one.point.false for one in played) / hours, 3) if hours else None,
    )


def _levels(sweep: Sweep, limit: Limit | None) -> list[Level]:
    """Return the levels tried: the sweep's own, and its limit's in every direction it has."""
    levels = list(sweep.levels)
    if limit is not None and limit.level is not None:
        own = [limit.level]
        if sweep.signed and not isinstance(limit.level, str):
            own.append(-limit.level)
        levels += [level for level in own if level not in levels]
    if isinstance(levels[0], str):
        return levels
    return sorted(levels, key=float, reverse=sweep.worse_below)


def _row(
    sweep: Sweep, points: Sequence[tuple[Level, Result]], base: Result, limit: Limit | None
) -> dict[str, Any]:
    limited = [limit is not None and sweep.reaches(level, limit.level) for level, _ in points]
    drops = [
        drop for (_, found), held in zip(points, limited, strict=True) if held for drop in _drops(base, found)
    ]
    drop = round(max(0.0, *drops), 4) if drops else None
    passed = None if limit is None or drop is None else 100 * drop <= limit.points + 1e-9
    return {
        "name": sweep.name,
        "unit": sweep.unit,
        "limit": None if limit is None else asdict(limit),
        "drop": drop,
        "passed": passed,
        "points": [
            {"level": level, "limited": held, **asdict(found)}
            for (level, found), held in zip(points, limited, strict=True)
        ],
    }


def _drops(base: Result, found: Result) -> list[float]:
    pairs = ((base.accuracy, found.accuracy), (base.recall, found.recall))
    return [before - after for before, after in pairs if before is not None and after is not None]
