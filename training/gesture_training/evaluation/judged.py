"""What one model said about some people's recordings, as it is kept between runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gesture_tools.recordings import Recording
from gesture_tools.runtime import Model
from gesture_tools.simulation import gesture_labels
from gesture_tools.verdict import extend, strongest
from gesture_training.dataset import Piece
from gesture_training.evaluate import Outcome, evaluate
from gesture_training.evaluation.streams import Point, StreamOutcome, run_streams
from gesture_training.streams import continuous

WORST = 6
"""Misjudged recordings kept for drawing."""


@dataclass(frozen=True)
class Drawn:
    """The strongest motion of a misjudged recording."""

    recording: str
    subject: str
    truth: str
    verdict: str
    margin: float
    rate_hz: float
    samples: list[list[int]]
    """One window (window, channels), in milli-g."""


@dataclass(frozen=True)
class Baseline:
    """What a forest trained on the same windows said about the same people."""

    outcomes: tuple[Outcome, ...]
    right_python: int
    """Recordings that everywhereml's own Python judges right."""
    cost: list[dict[str, Any]]
    """Counted for each processor, on one fold alone; otherwise empty."""
    network_cost: list[dict[str, Any]]
    """The same of the network."""


@dataclass(frozen=True)
class Judged:
    """What one model said about some people."""

    people: tuple[str, ...]
    labels: tuple[str, ...]
    model_id: str
    model_bytes: int
    arena_bytes: int
    rate_hz: float
    window: int
    hop: int
    outcomes: tuple[Outcome, ...]
    streams: tuple[StreamOutcome, ...]
    worst: tuple[Drawn, ...]
    baseline: Baseline | None = None

    def encode(self) -> str:
        """Return the whole as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> Judged:
        """Read what encode() wrote; raise ValueError, KeyError or TypeError for anything else."""
        fields: dict[str, Any] = json.loads(text)
        streams = [
            StreamOutcome(
                **{
                    **stream,
                    "point": Point(**stream["point"]),
                    "sweep": tuple(Point(**point) for point in stream["sweep"]),
                    "latencies_ms": tuple(stream["latencies_ms"]),
                }
            )
            for stream in fields["streams"]
        ]
        baseline = fields["baseline"]
        if baseline is not None:
            told = tuple(Outcome(**outcome) for outcome in baseline["outcomes"])
            baseline = Baseline(**{**baseline, "outcomes": told})
        return cls(
            **{
                **fields,
                "baseline": baseline,
                "people": tuple(fields["people"]),
                "labels": tuple(fields["labels"]),
                "outcomes": tuple(Outcome(**outcome) for outcome in fields["outcomes"]),
                "streams": tuple(streams),
                "worst": tuple(Drawn(**drawn) for drawn in fields["worst"]),
            }
        )


def judge(model: Model, network: Any, pieces: Sequence[Piece], recordings: Sequence[Recording]) -> Judged:
    """Judge the labelled pieces of recordings, and play those that are continuous to the detector.

    network: the keras.Model that was quantized, None when it is not known.
    """
    contract = model.require_contract()
    outcomes = evaluate(model, network, pieces)
    return Judged(
        people=tuple(sorted({recording.subject for recording in recordings})),
        labels=contract.labels,
        model_id=model.model_id,
        model_bytes=len(model.data),
        arena_bytes=model.arena_size,
        rate_hz=contract.profile.rate_hz,
        window=contract.window,
        hop=contract.hop,
        outcomes=tuple(outcomes),
        streams=tuple(run_streams(model, continuous(recordings, gesture_labels(contract)))),
        worst=tuple(_worst(outcomes, pieces, contract.window)),
    )


def _worst(outcomes: Sequence[Outcome], pieces: Sequence[Piece], window: int) -> list[Drawn]:
    wrong = [pair for pair in zip(outcomes, pieces, strict=True) if pair[0].verdict != pair[0].truth]
    drawn = []
    for outcome, piece in sorted(wrong, key=lambda pair: pair[0].margin)[:WORST]:
        samples = piece.recording.samples
        start = strongest(samples, window, 1)
        part = extend(samples, window)[start : start + window].astype(np.int64)
        drawn.append(
            Drawn(
                outcome.recording,
                outcome.subject,
                outcome.truth,
                outcome.verdict,
                outcome.margin,
                round(piece.recording.rate_hz, 3),
                part.tolist(),
            )
        )
    return drawn
