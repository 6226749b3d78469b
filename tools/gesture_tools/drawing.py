"""Recordings as pictures: characters for a terminal, PNG or SVG for everything else."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording, Span

AXIS_NAMES = {"acceleration_x": "x", "acceleration_y": "y", "acceleration_z": "z"}
COLOURS = ("#2a6fb0", "#c8791b", "#2e8b57", "#8a4fa8", "#a8434f", "#555555")
ROWS = 3
"""Lines of text that an axis is high; a character holds two columns and four rows of dots."""

_BLANK = 0x2800
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bits of a braille character, by row and column of its dots."""


def envelope(
    t_us: NDArray[np.int64], values: NDArray[np.int16], columns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the greatest value (columns,) in each of equal stretches of time.

    Values between samples are on the straight line, so the stretches join up and no peak is lost.
    """
    edges = np.linspace(t_us[0], t_us[-1], columns + 1)
    times = np.sort(np.concatenate((t_us.astype(np.float64), edges)))
    curve = np.append(np.interp(times, t_us, values), 0.0)
    first = np.searchsorted(times, edges[:-1], side="left")
    last = np.searchsorted(times, edges[1:], side="right")
    places = np.column_stack((first, last)).ravel()
    return np.minimum.reduceat(curve, places)[::2], np.maximum.reduceat(curve, places)[::2]


def axis_lines(
    t_us: NDArray[np.int64],
    values: NDArray[np.int16],
    limits: tuple[float, float],
    width: int,
    plain: bool = False,
) -> list[str]:
    """Draw one axis on ROWS lines of width characters, limits (least, greatest) at bottom and top.

    plain: ASCII instead of braille.
    """
    low, high = envelope(t_us, values, 2 * width)
    scale = (4 * ROWS - 1) / max(limits[1] - limits[0], 1.0)
    bottom = np.clip(np.rint((low - limits[0]) * scale), 0, 4 * ROWS - 1)
    top = np.clip(np.rint((high - limits[0]) * scale), 0, 4 * ROWS - 1)
    height = np.arange(4 * ROWS - 1, -1, -1)[:, None]
    dots = (height >= bottom) & (height <= top)
    cells = (dots.reshape(ROWS, 4, width, 2) * _DOTS[None, :, None, :]).sum(axis=(1, 3))
    if plain:
        return ["".join(" *"[bool(cell)] for cell in row) for row in cells]
    return ["".join(chr(_BLANK + cell) for cell in row) for row in cells]


def span_lines(recording: Recording, width: int) -> list[str]:
    """Draw the spans on a line, and their labels below, in as few lines as they need."""
    start, end = int(recording.t_us[0]), int(recording.t_us[-1])
    bar = ["-"] * width
    rows: list[list[str]] = []
    for span in recording.spans:
        first, last = (
            min(width - 1, (t - start) * width // (end - start)) for t in (span.start_us, span.end_us)
        )
        bar[first : last + 1] = "=" * (last + 1 - first)
        label = span.label[:width]
        at = min(first, width - len(label))
        room = range(max(0, at - 1), min(width, at + len(label) + 1))
        row = next((row for row in rows if all(row[place] == " " for place in room)), None)
        if row is None:
            rows.append(row := [" "] * width)
        row[at : at + len(label)] = label
    return ["".join(bar), *("".join(row).rstrip() for row in rows)]


def terminal(recording: Recording, width: int, plain: bool = False) -> Iterator[str]:
    """Yield the lines that draw a recording: its axes on one scale, least and greatest value, its spans."""
    limits = (float(recording.samples.min()), float(recording.samples.max()))
    for channel, kind in enumerate(recording.channels):
        values = recording.samples[:, channel]
        lines = axis_lines(recording.t_us, values, limits, width, plain)
        for row, line in enumerate(lines):
            name = AXIS_NAMES.get(kind, kind)[:2] if row == ROWS // 2 else ""
            end = {0: f" {values.max() / 1000:+.2f} g", ROWS - 1: f" {values.min() / 1000:+.2f} g"}.get(
                row, ""
            )
            yield f"  {name:<2}|{line}|{end}"
    if recording.label is None:
        bar, *labels = span_lines(recording, width)
        yield f"    |{bar}|"
        for line in labels:
            yield f"     {line}"


def picture(recordings: Sequence[Recording], suffix: str) -> bytes:
    """Return a PNG or SVG file (suffix .png or .svg), a panel per recording; equal for equal input."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError("pictures need matplotlib: python -m pip install 'tinygesture[train]'") from error
    style: Any = {"svg.hashsalt": "tinygesture", "font.size": 8, "font.family": "sans-serif"}
    with mpl.rc_context(style):
        figure = Figure(figsize=(8.6, 0.4 + 1.9 * len(recordings)), layout="constrained")
        panels = figure.subplots(len(recordings), 1, squeeze=False)[:, 0]
        for panel, recording in zip(panels, recordings, strict=True):
            seconds = (recording.t_us - recording.t_us[0]) / 1e6
            for channel, kind in enumerate(recording.channels):
                name, colour = AXIS_NAMES.get(kind, kind), COLOURS[channel]
                panel.plot(seconds, recording.samples[:, channel] / 1000, lw=0.7, color=colour, label=name)
            if recording.spans:
                low, high = panel.get_ylim()
                panel.set_ylim(low, high + 0.25 * (high - low))
            for number, span in enumerate(recording.spans):
                _mark(panel, recording, span, 0.99 - 0.1 * (number % 2))
            title = f"{recording.id}: {recording.label or 'continuous'}, subject {recording.subject}"
            panel.set_title(title.replace("$", r"\$"), loc="left", fontsize=8)
            panel.set(ylabel="g", xlim=(0, seconds[-1]))
            panel.spines[["top", "right"]].set_visible(False)
        panels[0].legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=len(recordings[0].channels), frameon=False
        )
        panels[-1].set_xlabel("time (s)")
        data = io.BytesIO()
        metadata = {"Date": None} if suffix == ".svg" else {}
        figure.savefig(data, format=suffix.removeprefix("."), dpi=150, metadata=metadata)
    return data.getvalue()


def _mark(panel: Any, recording: Recording, span: Span, height: float) -> None:
    """Shade a span; its label stands at a height of the panel, 0 to 1."""
    start, end = ((t - int(recording.t_us[0])) / 1e6 for t in (span.start_us, span.end_us))
    panel.axvspan(start, end, color="0.9", lw=0)
    place = panel.get_xaxis_transform()
    text = span.label.replace("$", r"\$")
    panel.text(
        (start + end) / 2, height, text, transform=place, ha="center", va="top", color="0.35", fontsize=7
    )
