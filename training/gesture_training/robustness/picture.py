"""The picture of a robustness card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gesture_training.pictures import BLUE, COLOURS, new_figure, png

RED = "#c0392b"
COLUMNS = 4


def draw(card: Mapping[str, Any]) -> bytes:
    """Draw accuracy (and recall) over the levels of every sweep, the limits as dashed lines; PNG bytes."""
    sweeps = card["sweeps"]
    rows = -(-len(sweeps) // COLUMNS)
    figure = new_figure(2.9 * COLUMNS, 0.5 + 2.3 * rows)
    grid = figure.subplots(rows, COLUMNS, sharey=True, squeeze=False).ravel()
    for axes, sweep in zip(grid, sweeps, strict=False):
        _panel(axes, sweep, card)
    for axes in grid[len(sweeps) :]:
        axes.set_visible(False)
    figure.legend(
        *grid[0].get_legend_handles_labels(), fontsize=8, frameon=False, loc="outside upper right", ncols=2
    )
    figure.supylabel("share of recordings, of gestures", fontsize=8)
    return png(figure)


def _panel(axes: Any, sweep: Mapping[str, Any], card: Mapping[str, Any]) -> None:
    levels = [point["level"] for point in sweep["points"]]
    places = range(len(levels))
    for measure, colour in (("accuracy", BLUE), ("recall", COLOURS[1])):
        if card[measure] is not None:
            axes.plot(
                places, [point[measure] for point in sweep["points"]], color=colour, marker="o", markersize=3,
                linestyle="none" if isinstance(levels[0], str) else "-", linewidth=1, label=measure,
            )  # fmt: skip
            axes.axhline(card[measure], color=colour, linewidth=0.6, alpha=0.5)
            limited = [
                place for place, point in zip(places, sweep["points"], strict=True) if point["limited"]
            ]
            if limited:
                least = card[measure] - sweep["limit"]["points"] / 100
                axes.hlines(
                    least, limited[0] - 0.3, limited[-1] + 0.3, color=colour, linewidth=1, linestyles="--"
                )
    axes.set_xticks(places, [level if isinstance(level, str) else f"{level:g}" for level in levels])
    axes.set_ylim(0, 1.03)
    axes.set_xlabel(sweep["unit"], fontsize=8)
    verdict = {True: "passed", False: "FAILED", None: "not judged"}[sweep["passed"]]
    title = axes.set_title(f"{sweep['name']}: {verdict}", fontsize=9, loc="left")
    if sweep["passed"] is False:
        title.set_color(RED)
