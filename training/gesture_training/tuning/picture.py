"""The picture of a search."""

from __future__ import annotations

from collections.abc import Sequence

from gesture_training.pictures import BLUE, COLOURS, new_figure, png
from gesture_training.tuning.shape_cost import Budget
from gesture_training.tuning.study import Found


def draw(trials: Sequence[Found], best: Sequence[Found], budget: Budget, cpu: str) -> bytes:
    """Draw every finished trial by cost and accuracy, the Pareto front joined, the budget as a line; PNG."""
    figure = new_figure(6.4, 4.2)
    axes = figure.add_subplot()
    axes.scatter(
        [trial.cost.instructions / 1000 for trial in trials],
        [trial.accuracy for trial in trials],
        s=[trial.cost.flash / 250 for trial in trials],
        color=BLUE,
        alpha=0.35,
        linewidth=0,
        label="trials (area: bytes of the model)",
    )
    axes.plot(
        [trial.cost.instructions / 1000 for trial in best],
        [trial.accuracy for trial in best],
        color=COLOURS[1], marker="o", markersize=4, linewidth=1, drawstyle="steps-post", label="Pareto front",
    )  # fmt: skip
    for trial in best:
        place = trial.cost.instructions / 1000, trial.accuracy
        axes.annotate(f"{trial.number}", place, (3, 4), textcoords="offset points", fontsize=7)
    axes.axvline(budget.instructions / 1000, color=COLOURS[2], linewidth=1, linestyle="--", label="budget")
    axes.set_xlabel(f"instructions of one hop, {cpu} (thousands)")
    axes.set_ylabel("accuracy, people held out")
    axes.legend(fontsize=8, frameon=False)
    return png(figure)
