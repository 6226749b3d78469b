"""Labels, people and background: enough of each to train, and to test on people never seen."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from gesture_tools.contract import LONGEST_LABEL
from gesture_tools.lint.finding import ERROR, INFO, WARNING, Finding, found
from gesture_tools.lint.gather import DataSet
from gesture_tools.recordings import BACKGROUND
from gesture_tools.words import counted

FEW_PEOPLE = 5
FEW_TAKES = 10
IMBALANCE = 3.0
"""Takes of the most frequent gesture over those of the rarest that training copes with well."""

SHORT_S = 0.3
"""No gesture of a hand is shorter."""

LONG_S = 15.0

CONFIDENCE = 0.95


def supported_rate(hours: float) -> float:
    """Smallest rate of false activations per hour that so many hours without one show, at 95 %.

    Activations come as a Poisson process: none in T hours bounds the rate by -ln(0.05) / T, about 3 / T.
    """
    return float("inf") if hours <= 0 else -float(np.log(1 - CONFIDENCE)) / hours


def check(data: DataSet, budget_per_hour: float) -> list[Finding]:
    """Return findings on labels, people and background."""
    takes = list(data.takes())
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for recording, span in takes:
        counts[span.label][recording.subject] += 1
    gestures = {label: people for label, people in counts.items() if label != BACKGROUND}
    if not data.recordings:
        return []
    if not gestures:
        advice = "record takes of each gesture, each under its own label"
        return [Finding("labels", ERROR, "no gesture at all: only background", advice)]
    background_h = sum(s.end_us - s.start_us for _, s in takes if s.label == BACKGROUND) / 3.6e9
    return [
        *_labels(list(counts)),
        *_people(gestures),
        *_takes(gestures),
        *_lengths(data),
        *_background(background_h, budget_per_hour),
        *_synthetic(data),
    ]


def _labels(labels: list[str]) -> list[Finding]:
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike["".join(label.casefold().replace("_", " ").replace("-", " ").split())].append(label)
    places = [" and ".join(map(repr, sorted(same))) for same in alike.values() if len(same) > 1]
    advice = "give one gesture one label: they are trained as different gestures"
    too_long = [f"{label[:LONGEST_LABEL]!r}..." for label in labels if len(label.encode()) > LONGEST_LABEL]
    what = f"labels longer than the {LONGEST_LABEL} bytes that a model holds"
    return [
        *found("long-label", ERROR, what, "rename them in the data", too_long),
        *found("labels", WARNING, "labels that differ only in case, spaces or dashes", advice, places),
    ]


def _people(gestures: dict[str, Counter[str]]) -> list[Finding]:
    people = sorted({person for counter in gestures.values() for person in counter})
    if len(people) == 1:
        return [
            Finding(
                "people",
                ERROR,
                f"every gesture is of one person, {people[0]!r}: nothing can be said about anybody else",
                f"record at least {FEW_PEOPLE} people, each under a subject of their own",
            )
        ]
    findings = []
    if len(people) < FEW_PEOPLE:
        what = f"gestures of {len(people)} people: the accuracy for new people will be a rough guess"
        findings.append(Finding("people", WARNING, what, f"record {FEW_PEOPLE - len(people)} more people"))
    missing = [
        f"{label}: not from {', '.join(absent[:4])}{f' and {len(absent) - 4} more' if absent[4:] else ''}"
        for label, counter in sorted(gestures.items())
        if (absent := [person for person in people if person not in counter])
    ]
    what = f"gestures that not all of the {len(people)} people made: a person may be taken for the gesture"
    advice = "record the missing gestures of these people"
    return findings + found("coverage", WARNING, what, advice, missing)


def _takes(gestures: dict[str, Counter[str]]) -> list[Finding]:
    totals = {label: counter.total() for label, counter in gestures.items()}
    most = max(totals.values())
    few = [
        f"{label}: {counted(total, 'take')}" for label, total in sorted(totals.items()) if total < FEW_TAKES
    ]
    rare = [
        f"{label}: {counted(total, 'take')}, the most frequent has {most}"
        for label, total in sorted(totals.items(), key=lambda item: item[1])
        if total >= FEW_TAKES and most > IMBALANCE * total
    ]
    what = f"gestures of more than {IMBALANCE:g} times fewer takes than another"
    advice = f"record at least {int(np.ceil(most / IMBALANCE))} takes of each"
    enough = f"record at least {FEW_TAKES} takes of each, better that many of each person"
    return [
        *found("takes", WARNING, f"gestures with fewer than {FEW_TAKES} takes", enough, few),
        *found("imbalance", WARNING, what, advice, rare),
    ]


def _lengths(data: DataSet) -> list[Finding]:
    short, long = [], []
    for recording, span in data.takes():
        seconds = (span.end_us - span.start_us) / 1e6
        if span.label == BACKGROUND:
            continue
        place = f"{recording.id}: {span.label}, {seconds:.2f} s"
        if recording.label is None:
            place += f" at {(span.start_us - int(recording.t_us[0])) / 1e6:.1f} s"
        if seconds < SHORT_S:
            short.append(place)
        elif seconds > LONG_S:
            long.append(place)
    again = "record them again from before the movement to after it, or correct their spans"
    cut = "mark the single gestures in a spans file: of a long take only the strongest motion is used"
    return [
        *found("short", WARNING, f"takes shorter than {SHORT_S:g} s, too short for a gesture", again, short),
        *found("long", WARNING, f"takes of a gesture longer than {LONG_S:g} s", cut, long),
    ]


def _background(hours: float, budget: float) -> list[Finding]:
    need = -float(np.log(1 - CONFIDENCE)) / budget
    if hours == 0:
        advice = (
            "record everything the board goes through when no gesture is meant, under the label background "
            "(or name its label with --background)"
        )
        what = "no background: every motion would be taken for a gesture"
        return [Finding("background", ERROR, what, advice)]
    what = (
        f"{_time(hours)} of background: without a single false activation it shows no fewer than "
        f"{_rate(supported_rate(hours))} per hour (95 %)"
    )
    if hours >= need:
        advice = f"enough for a budget of {budget:g} per hour"
        return [Finding("background", INFO, what, advice)]
    advice = f"record {_time(need - hours)} more to show {budget:g} per hour (--budget), {_time(need)} in all"
    return [Finding("background", WARNING, what, advice)]


def _time(hours: float) -> str:
    if hours < 1 / 60:
        return f"{hours * 3600:.0f} s"
    return f"{hours:.1f} h" if hours >= 1 else f"{round(hours * 60)} min"


def _rate(per_hour: float) -> str:
    return f"{per_hour:.0f}" if per_hour >= 10 else f"{per_hour:.2g}"


def _synthetic(data: DataSet) -> list[Finding]:
    synthetic = [r.id for r in data.recordings if r.header.get("synthetic") == "yes"]
    share = f"{len(synthetic)} of {len(data.recordings)} recordings are synthetic: nobody moved a board"
    advice = "test on recordings of real people only"
    return found("synthetic", INFO, share, advice, synthetic)
