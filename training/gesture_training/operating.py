"""Thresholds, hits and refractory time from a budget of false activations, on people apart.

The training people are dealt into groups; for each, a model of the same recipe is trained on the others and
plays the group's recordings. All hops together are what the final model, trained on everyone, is to expect of
new people. The device's own detector then tries every setting on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from gesture_tools.contract import Contract
from gesture_tools.simulation import gesture_labels
from gesture_tools.words import counted
from gesture_training.streams import Played

LEVELS = (255, 254, 252, 250, 246, 241, 236, 228, 220, 212, 200, 188, 175, 160, 145, 130, 115, 100)
"""Thresholds that are tried, from the strictest."""

HITS = (1, 2, 3, 4)
REFRACTORY_MS = (500, 1000, 2000)

EASE = 0.002
"""Share of the gestures that a step to an easier threshold has to find, or it is not taken: a margin for
people who are not like those at hand."""

LITTLE = 0.5
"""Share of the gestures below which a budget is warned of."""

GIVING_WAY = 1.3
"""Factor by which a budget grows that would leave too little."""

LOOSER = 3.0
"""Factor of the false activations allowed at which it is tried what the budget costs."""

WORTH_TELLING = 0.1
"""Share of the gestures that a looser budget has to find more, or nothing is said of it."""

CONFIDENT = 3.0
"""Events that a Poisson process of this mean shows at least once in 95 of 100 cases."""


Tables = dict[str, list[tuple[int, int]]]
"""Per label and level: gestures found, false activations."""


@dataclass(frozen=True)
class Operating:
    """The point at which a detector works, and what it did on the people it was chosen on."""

    thresholds: tuple[int, ...]
    hits: int
    refractory_ms: int
    budget_per_hour: float
    recall: float | None
    """Share of the gestures found; None: there were none to find."""
    gestures: int
    false_activations: int
    hours: float
    people: int
    looser: tuple[int, float] | None = None
    """False activations and recall of a looser budget that finds clearly more; None: it does not."""

    @property
    def met(self) -> bool:
        """Whether the budget was kept on the people at hand."""
        return self.false_activations <= self.budget_per_hour * self.hours

    @property
    def shown(self) -> bool:
        """Whether there was enough background to show the budget."""
        return self.hours * self.budget_per_hour >= CONFIDENT

    def lines(self) -> list[str]:
        """Return what was reached and what not, a line each."""
        rate = self.false_activations / self.hours
        budget = f"{self.budget_per_hour:g}/h"
        at_most = (self.false_activations + CONFIDENT) / self.hours
        recall = "" if self.recall is None else f", {self.recall:.0%} of {self.gestures} gestures found"
        lines = [
            f"detector: {counted(self.hits, 'hit')}, {self.refractory_ms} ms apart; "
            f"on {self.people} people apart {counted(self.false_activations, 'false activation')} "
            f"in {self.hours:.2g} h ({rate:.2g}/h){recall}"
        ]
        if not self.met:
            lines.append(
                f"warning: {budget} is not met: this detector has {rate:.2g}/h on people apart; record "
                "more of the background that fires, or allow more"
            )
        elif self.recall is not None and self.recall < LITTLE:
            lines.append(
                f"warning: {budget} leaves {self.recall:.0%} of the gestures: allow more, or see whether "
                "what fires in the background are gestures that nobody labelled"
            )
        elif not self.shown and self.budget_per_hour:
            lines.append(
                f"note: {self.hours:.2g} h of background show less than {at_most:.2g}/h, not {budget}: "
                f"{CONFIDENT / self.budget_per_hour:.2g} h without gestures and without a false one would"
            )
        if self.looser is not None:
            more, would = self.looser
            lines.append(f"note: a budget of {more / self.hours:.2g}/h would find {would:.0%} of them")
        return lines

    def fields(self) -> dict[str, Any]:
        """Return it for record.json and metrics.json."""
        return {**asdict(self), "met": self.met, "shown": self.shown}

    def applied(self, contract: Contract) -> Contract:
        """Return a contract with this detector."""
        return replace(contract, thresholds=self.thresholds, hits=self.hits, refractory_ms=self.refractory_ms)


def choose_operating(
    played: Sequence[Played], contract: Contract, budget_per_hour: float, least_recall: float = 0.0
) -> Operating:
    """Choose the detector that finds most gestures within a budget of false activations per hour.

    played: recordings of people whom the models that played them had not seen, some of it without gestures.
    Every label counts alike. Where no detector keeps the budget, the one with fewest false activations is
    taken. A budget that would leave less than least_recall of what can be found at all gives way until it
    does not.
    """
    hours = sum(one.hours for one in played)
    labels = gesture_labels(contract)
    totals = {label: sum(span.label == label for one in played for span in one.gestures) for label in labels}
    detectors = [
        replace(contract, hits=hits, refractory_ms=refractory_ms)
        for refractory_ms in REFRACTORY_MS
        for hits in HITS
    ]
    tables = [{label: _table(played, one, label) for label in labels} for one in detectors]
    most = max(table[label][-1][1] for table in tables for label in labels) * len(labels)
    allowed = budget_per_hour * hours
    best, share = _best(played, detectors, tables, totals, int(allowed))
    _, possible = _best(played, detectors, tables, totals, most)
    while share < least_recall * possible and allowed < most:
        allowed = max(1.0, GIVING_WAY * allowed)
        best, share = _best(played, detectors, tables, totals, int(allowed))
    loose, _ = _best(played, detectors, tables, totals, max(1, int(LOOSER * allowed)))
    found, false = count(played, best)
    easier, more = (sum(one.values()) for one in count(played, loose))
    gestures = sum(totals.values())
    clearly = easier - sum(found.values()) >= WORTH_TELLING * gestures > 0
    return Operating(
        thresholds=best.thresholds,
        hits=best.hits,
        refractory_ms=best.refractory_ms,
        budget_per_hour=budget_per_hour,
        recall=round(sum(found.values()) / gestures, 4) if gestures else None,
        gestures=gestures,
        false_activations=sum(false.values()),
        hours=round(hours, 5),
        people=len({one.recording.subject for one in played}),
        looser=(more, round(easier / gestures, 4)) if clearly else None,
    )


def _best(
    played: Sequence[Played],
    detectors: Sequence[Contract],
    tables: Sequence[Tables],
    totals: dict[str, int],
    allowed: int,
) -> tuple[Contract, float]:
    """Return the best of some detectors for so many false activations, with thresholds, and its recall."""
    tried = []
    for detector, table in zip(detectors, tables, strict=True):
        setting = _with(detector, _levels(table, totals, allowed))
        found, false = count(played, setting)
        shares = [found[label] / total for label, total in totals.items() if total]
        tried.append((setting, float(np.mean(shares)) if shares else 1.0, sum(false.values())))
    best, share, _ = max(
        tried, key=lambda one: (min(allowed - one[2], 0), round(one[1] - EASE * one[0].hits, 4))
    )
    return best, share


def _levels(tables: Tables, totals: dict[str, int], allowed: int) -> dict[str, int]:
    """Return a threshold per label that finds much for the false activations allowed.

    From the strictest on, the step is taken that finds most for what it costs. The tables are of one label at
    a time, all others silent; together they only silence each other.
    """
    steps = dict.fromkeys(totals, 0)

    def worth(move: tuple[str, int]) -> float:
        label, step = move
        (found, false), (now_found, now_false) = tables[label][step], tables[label][steps[label]]
        gain = (found - now_found) / max(1, totals[label]) - EASE * (step - steps[label])
        spent = sum(tables[name][taken][1] for name, taken in steps.items())
        if spent + false - now_false > allowed or gain <= 0:
            return 0.0
        return gain / (0.1 + false - now_false)

    while True:
        moves = [(label, step) for label in totals for step in range(steps[label] + 1, len(LEVELS))]
        best = max(moves, key=worth, default=None)
        if best is None or worth(best) <= 0:
            break
        steps[best[0]] = best[1]
    heard = [steps[label] for label, total in totals.items() if total] or [len(LEVELS) // 2]
    for label, total in totals.items():
        if not total:  # nothing to find by: as strict as the others are
            steps[label] = min(heard)
    return {label: LEVELS[step] for label, step in steps.items()}


def _table(played: Sequence[Played], contract: Contract, label: str) -> list[tuple[int, int]]:
    """Return per level the label's gestures found and its false activations, by itself."""
    place = contract.labels.index(label)
    loudest = [int(one.outputs[:, place].max(initial=-128)) + 128 for one in played]
    rows = []
    for level in LEVELS:
        loud = [one for one, most in zip(played, loudest, strict=True) if most >= level]
        found, false = count(loud, _with(contract, {label: level}))
        rows.append((found[label], false[label]))
    return rows


def _with(contract: Contract, levels: dict[str, int]) -> Contract:
    """Return a contract with thresholds for some labels, the others all but silent."""
    return replace(contract, thresholds=tuple(levels.get(label, 255) for label in contract.labels))


def count(played: Iterable[Played], contract: Contract) -> tuple[dict[str, int], dict[str, int]]:
    """Return per label the gestures found and the false activations of a contract's detector."""
    found, false = dict.fromkeys(contract.labels, 0), dict.fromkeys(contract.labels, 0)
    for one in played:
        for event, gesture in one.matched(contract):
            if gesture is not None:
                found[event.label] += 1
            elif not one.is_take:
                false[event.label] += 1
    return found, false
