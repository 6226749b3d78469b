"""The forest on the data of a network: the same windows to learn from, the same recordings to judge."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gesture_tools.contract import Contract
from gesture_tools.cost import recorded_costs as network_costs
from gesture_tools.runtime import Model, columns
from gesture_tools.verdict import extend, frames
from gesture_training.dataset import Piece
from gesture_training.evaluate import Outcome, judged_windows, metrics
from gesture_training.evaluation.interval import over_people
from gesture_training.evaluation.judged import Baseline
from gesture_training.evaluation.summary import right_by_person
from gesture_training.forest.cost import recorded_costs
from gesture_training.forest.model import Forest, fit
from gesture_training.prepare import Prepared
from gesture_training.windows import WindowSource

COUNTED_HOPS = 2
"""Hops after the first full window whose instructions are counted."""


@dataclass(frozen=True)
class TrainedForest:
    """A forest, its C++, and what it says of the recordings of the test."""

    header: str
    outcomes: list[Outcome]
    measured: dict[str, Any]
    """What metrics.json holds of a forest."""


def baseline(prepared: Prepared, model: Model, counted: bool) -> Baseline:
    """Train a forest beside a network, for an evaluation; counted: whether costs are counted too."""
    trained = train_forest(prepared, "gesture evaluate", counted)
    share = trained.measured["accuracy_python"] or 0
    return Baseline(
        outcomes=tuple(trained.outcomes),
        right_python=round(share * len(trained.outcomes)),
        cost=trained.measured["cost"],
        network_cost=network_costs(model)[0] if counted else [],
    )


def train_forest(prepared: Prepared, command: str, counted: bool = True) -> TrainedForest:
    """Fit, judge and count a forest; raise UserError when everywhereml is not installed."""
    config, contract = prepared.config, prepared.contract
    rng = np.random.default_rng(config.seed)
    source = WindowSource(prepared.train, contract)
    windows, labels = source.draw(config.forest.windows, config.augmentation, rng)
    forest = fit(windows, labels, contract, config.forest, config.seed)
    header = forest.header(contract, command)
    outcomes, python = _judge(forest, contract, prepared.test)
    costs, reason = _costs(forest, header, contract, prepared.train) if counted else ([], None)
    measured = {
        "model_id": hashlib.sha256(header.encode()).hexdigest(),
        "kind": "forest",
        **metrics(outcomes, contract.labels),
        "accuracy_interval": over_people(right_by_person(outcomes), config.seed),
        "accuracy_python": round(float(np.mean(python)), 4) if python else None,
        "trees": config.forest.trees,
        "nodes": sum(int(tree.tree_.node_count) for tree in forest.classifier.estimators_),
        "cost": costs,
        "cost_unknown": reason,
    }
    return TrainedForest(header, outcomes, measured)


def _judge(forest: Forest, contract: Contract, pieces: Sequence[Piece]) -> tuple[list[Outcome], list[bool]]:
    """Judge pieces by the label that most windows of a verdict get, the first of equals.

    Returns outcomes as the C++ says, and whether everywhereml's own Python is right, for every piece.
    """
    if not pieces:
        return [], []
    parts = judged_windows(contract, pieces)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    together = np.concatenate(parts)
    names = contract.labels
    outcomes, python = [], []
    said = np.split(forest.predict(together), ends), np.split(forest.predict_python(together), ends)
    for piece, labels, others in zip(pieces, *said, strict=True):
        shares = np.bincount(labels, minlength=len(names)) / len(labels)
        margin = round(float(shares[piece.label] - np.delete(shares, piece.label).max()), 4)
        verdict = names[int(shares.argmax())]
        outcomes.append(Outcome(piece.recording.id, piece.subject, names[piece.label], verdict, None, margin))
        python.append(int(np.bincount(others, minlength=len(names)).argmax()) == piece.label)
    return outcomes, python


def _costs(
    forest: Forest, header: str, contract: Contract, pieces: Sequence[Piece]
) -> tuple[list[dict[str, Any]], str | None]:
    """Count on a training recording: its first window and some hops more."""
    size = contract.window + COUNTED_HOPS * contract.hop
    samples = extend(pieces[len(pieces) // 2].recording.samples, size)[:size]
    stream = columns(contract, samples)
    expected = forest.predict(np.ascontiguousarray(frames(stream, contract.window, contract.hop)))
    return recorded_costs(header, stream, contract, expected)
