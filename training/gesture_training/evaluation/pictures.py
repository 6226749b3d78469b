"""Pictures of an evaluation, as PNG bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gesture_training.evaluation.judged import Drawn
from gesture_training.pictures import BLUE, COLOURS, Window, example_windows, new_figure, png

MOST_DRAWN = 12


def trade_off(summary: Mapping[str, Any]) -> bytes:
    """Draw recall against false activations per hour over the sweep, the model's own thresholds marked."""
    figure = new_figure(5.0, 3.2)
    axes = figure.add_subplot()
    rates = [point["false_activations_per_hour"] for point in summary["sweep"]]
    recalls = [point["recall"] for point in summary["sweep"]]
    axes.plot(rates, recalls, color=BLUE, marker="o", markersize=3, linewidth=1)
    for rate, recall, point in zip(rates, recalls, summary["sweep"], strict=True):
        axes.annotate(
            f"{point['threshold']:g}", (rate, recall), (3, -9), textcoords="offset points", fontsize=7
        )
    own = summary["false_activations_per_hour"], summary["recall"]
    axes.plot(*own, marker="D", color=COLOURS[1], linestyle="none", label="chosen thresholds")
    if min(*rates, own[0]) >= 1:
        axes.set_xscale("log")
    else:
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(left=0)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("false activations per hour (below 1: linear)")
    axes.set_ylabel("recall")
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return png(figure)


def latency_histogram(latencies_ms: Sequence[float]) -> bytes:
    """Draw how long after (or before) a gesture's end it was reported."""
    figure = new_figure(5.0, 2.4)
    axes = figure.add_subplot()
    low, high = min(*latencies_ms, 0), max(*latencies_ms, 500)
    axes.hist(latencies_ms, bins=np.arange(low // 100 * 100, high + 100, 100), color=BLUE, rwidth=0.92)
    median = float(np.median(latencies_ms))
    axes.axvline(median, color=COLOURS[1], label=f"median {median:.0f} ms")
    axes.set_xlabel("detection after the gesture's end (ms)")
    axes.set_ylabel("gestures")
    axes.legend(fontsize=8, frameon=False)
    return png(figure)


def worst(drawn: Sequence[Drawn]) -> bytes:
    """Draw the strongest motion of the worst recordings, at most MOST_DRAWN."""
    windows = [
        Window(f"{one.recording}\n{one.truth}, taken for {one.verdict}", np.array(one.samples), one.rate_hz)
        for one in drawn[:MOST_DRAWN]
    ]
    return example_windows(windows, same_scale=False)
