"""Pictures of a training, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

INK = "#1f2933"
BLUE = "#2563a8"
COLOURS = ("#2563a8", "#d97706", "#2f855a")


def confusion_matrix(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> bytes:
    """Draw counts (truth by verdict), shaded by the share of each row."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.55 * len(labels)
    figure = new_figure(side + 0.6, side)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", parse_math=False)
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_xlabel("verdict")
    axes.set_ylabel("truth")
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            colour = "white" if shares[row, column] > 0.5 else INK
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    return png(figure)


class Window(NamedTuple):
    """One window of samples (window, channels), in milli-g, to be drawn."""

    title: str
    samples: NDArray[Any]
    rate_hz: float


def example_windows(windows: Sequence[Window], same_scale: bool = True) -> bytes:
    """Draw windows side by side, each over its own time."""
    columns = min(3, len(windows))
    rows = -(-len(windows) // columns)
    figure = new_figure(3.2 * columns, 0.4 + 1.9 * rows)
    axes = figure.subplots(rows, columns, sharey=same_scale, squeeze=False).ravel()
    for axis, window in zip(axes, windows, strict=False):
        seconds = np.arange(len(window.samples)) / window.rate_hz
        for channel, name, colour in zip(window.samples.T / 1000, "xyz", COLOURS, strict=False):
            axis.plot(seconds, channel, color=colour, linewidth=1.1, label=name)
        axis.set_title(window.title, fontsize=8, loc="left", parse_math=False)
    for axis in axes[len(windows) :]:
        axis.set_visible(False)
    axes[0].legend(fontsize=7, ncols=3, frameon=False)
    figure.supylabel("acceleration (g)", fontsize=8)
    figure.supxlabel("time (s)", fontsize=8)
    return png(figure)


def training_curve(losses: Sequence[float], teaching: int) -> bytes:
    """Draw the mean loss of every pass: first those of a wider network that teaches, as a line apart.

    The network's loss is another measure, of what it is taught as well: it starts anew, it does not diverge.
    """
    figure = new_figure(5.0, 2.4)
    axes = figure.add_subplot()
    passes = range(1, len(losses) + 1)
    mark = "." if min(teaching or len(losses), len(losses) - teaching) < 2 else None  # a lone point shows too
    if teaching:
        name = "a wider network that teaches"
        axes.plot(passes[:teaching], losses[:teaching], color=COLOURS[1], marker=mark, label=name)
        axes.axvline(teaching + 0.5, color=INK, linewidth=0.8, linestyle=":")
    axes.plot(passes[teaching:], losses[teaching:], color=BLUE, marker=mark, label="the network")
    axes.set_xlabel("pass")
    axes.set_ylabel("training loss")
    if teaching:
        axes.legend(fontsize=7, frameon=False)
    return png(figure)


def person_bars(per_person: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Draw the accuracy of every person of the test."""
    people = list(per_person)
    figure = new_figure(5.0, 0.9 + 0.28 * len(people))
    axes = figure.add_subplot()
    values = [per_person[person]["accuracy"] for person in people]
    axes.barh(range(len(people)), values, color=BLUE)
    axes.set_yticks(range(len(people)), people, parse_math=False)
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.set_xlabel("accuracy")
    for place, value in enumerate(values):
        axes.text(value + 0.01, place, f"{value:.0%}", va="center", fontsize=8)
    return png(figure)


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure, inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def png(figure: Any) -> bytes:
    """Return a figure as PNG, the same bytes for the same figure."""
    for axes in figure.axes:
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
