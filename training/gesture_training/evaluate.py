"""Metrics on people never seen in training: the int8 model run by the C core, float Keras beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.runtime import Model, columns
from gesture_tools.verdict import around, extend, frames, verdicts
from gesture_training.dataset import Piece
from gesture_training.windows import COLUMN_SCALE


@dataclass(frozen=True)
class Outcome:
    """What the models said about one recording."""

    recording: str
    subject: str
    truth: str
    verdict: str
    """By the int8 model, run by the C core."""
    verdict_float: str | None
    """By the float model, run by Keras, on the same windows; None without one."""
    margin: float = 0.0
    """The int8 score of the truth less the highest other, -1 to 1: negative when misjudged."""


def evaluate(model: Model, network: Any, pieces: Sequence[Piece]) -> list[Outcome]:
    """Judge every piece by the rule of gesture_tools.verdict, the int8 model and its keras.Model, if any."""
    if not pieces:
        return []
    contract = model.require_contract()
    judged = verdicts(model, [piece.recording for piece in pieces])
    floats = [None] * len(pieces) if network is None else _float_labels(contract, network, pieces)
    return [
        Outcome(
            piece.recording.id,
            piece.subject,
            contract.labels[piece.label],
            verdict.label,
            label,
            _margin(verdict.scores, piece.label),
        )
        for piece, verdict, label in zip(pieces, judged, floats, strict=True)
    ]


def metrics(outcomes: Sequence[Outcome], labels: Sequence[str]) -> dict[str, Any]:
    """Return accuracies (0 to 1, None without recordings), tables per class and person, confusion matrix.

    ``confusion[i][j]`` counts recordings of ``labels[i]`` judged ``labels[j]``.
    """
    place = {label: index for index, label in enumerate(labels)}
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for outcome in outcomes:
        confusion[place[outcome.truth], place[outcome.verdict]] += 1
    people = sorted({outcome.subject for outcome in outcomes})
    return {
        "recordings": len(outcomes),
        "accuracy": _share([o.verdict == o.truth for o in outcomes]),
        "accuracy_float": _share([o.verdict_float == o.truth for o in outcomes if o.verdict_float]),
        "per_class": {
            label: {
                "recordings": int(confusion[i].sum()),
                "recall": _share([o.verdict == label for o in outcomes if o.truth == label]),
                "precision": _share([o.truth == label for o in outcomes if o.verdict == label]),
            }
            for i, label in enumerate(labels)
        },
        "per_person": {
            person: {
                "recordings": sum(o.subject == person for o in outcomes),
                "accuracy": _share([o.verdict == o.truth for o in outcomes if o.subject == person]),
            }
            for person in people
        },
        "labels": list(labels),
        "confusion": confusion.tolist(),
    }


def collapsed(found: Mapping[str, Any], what: str = "every recording") -> list[str]:
    """Return a line of warning when all verdicts are one label and not all recordings; nothing otherwise.

    found: what metrics() returns.
    """
    made = {label for label, row in found["per_class"].items() if row["recordings"]}
    judged = {
        label for label, *column in zip(found["labels"], *found["confusion"], strict=True) if any(column)
    }
    if len(judged) != 1 or made <= judged:
        return []
    return [
        f"warning: {what} is judged {judged.pop()!r}: train longer (--epochs), or record more of every label"
    ]


def judged_windows(contract: Contract, pieces: Sequence[Piece]) -> list[NDArray[np.int8]]:
    """Return the windows of columns (k, window, channels) that the verdict of each piece averages."""
    window, hop = contract.window, contract.hop
    parts: list[NDArray[np.int8]] = []
    for piece in pieces:
        samples = piece.recording.samples
        chosen = around(samples, window, hop)
        parts.append(frames(columns(contract, extend(samples, window)), window, hop)[chosen])
    return parts


def _float_labels(contract: Contract, network: Any, pieces: Sequence[Piece]) -> list[str]:
    parts = judged_windows(contract, pieces)
    inputs = np.concatenate(parts)[:, None].astype(np.float32) / COLUMN_SCALE
    scores = network.predict(inputs, batch_size=256, verbose=0)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    return [contract.labels[int(part.mean(axis=0).argmax())] for part in np.split(scores, ends)]


def _margin(scores: NDArray[np.float64], truth: int) -> float:
    return round(float(scores[truth] - np.delete(scores, truth).max()), 4)


def _share(values: Sequence[bool]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
