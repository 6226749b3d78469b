"""The report of an evaluation: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gesture_training import pictures
from gesture_training.evaluation import pictures as drawn
from gesture_training.evaluation.judged import Judged
from gesture_training.evaluation.summary import latencies_ms
from gesture_training.report import fill


def render(title: str, summary: Mapping[str, Any], judged: Sequence[Judged], notes: Sequence[str]) -> str:
    """Return report.html: summary as evaluation.json holds it, notes as lines of text."""
    images: dict[str, bytes] = {}
    if summary["accuracy"] is not None:
        images["confusion"] = pictures.confusion_matrix(summary["labels"], summary["confusion"])
        images["people"] = pictures.person_bars(summary["per_person"])
    if summary["recall"] is not None and summary["hours_without_gesture"]:
        images["trade_off"] = drawn.trade_off(summary)
    if latencies := latencies_ms(judged):
        images["latency"] = drawn.latency_histogram(latencies)
    if worst := sorted((one for part in judged for one in part.worst), key=lambda one: one.margin):
        images["worst"] = drawn.worst(worst)
    return fill(
        "evaluation.html.j2",
        {name: images.get(name, b"") for name in ("confusion", "people", "trade_off", "latency", "worst")},
        title=title,
        m=summary,
        rows=list(summary["per_source"].items()),
        notes=notes,
    )
