"""Recordings as formats without spans or without time stamps can hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.recordings import BACKGROUND, Recording, Span
from gesture_tools.resample import at_rate

TOLERANCE = 0.05
"""Deviation from the common rate, as a share, that counts as the sensor's own clock."""


def cut(recording: Recording) -> list[Recording]:
    """Cut a continuous recording at its spans; what lies between them becomes background.

    Pieces of one sample are left out. A labelled recording stays whole.
    """
    if recording.label is not None:
        return [recording]
    end = int(recording.t_us[-1]) + 1
    parts: list[Span] = []
    position = int(recording.t_us[0])
    for span in (*recording.spans, Span("", end, end)):
        parts += [Span(BACKGROUND, position, span.start_us), span]
        position = span.end_us
    pieces = []
    for part in parts:
        first, last = np.searchsorted(recording.t_us, (part.start_us, part.end_us)).tolist()
        if last - first >= 2:
            pieces.append(
                replace(
                    recording,
                    id=f"{recording.id}@{first}",
                    label=part.label,
                    spans=(),
                    t_us=recording.t_us[first:last],
                    samples=recording.samples[first:last],
                    seq=None if recording.seq is None else recording.seq[first:last],
                )
            )
    return pieces


def stated(recordings: Sequence[Recording], key: str) -> float | None:
    """Return the number that the headers of all recordings give for a key, None when they do not agree."""
    found = {recording.header.get(key, "") for recording in recordings}
    try:
        return float(found.pop()) if len(found) == 1 else None
    except ValueError:
        return None


def common_rate(recordings: Sequence[Recording]) -> float:
    """Return the rate that recordings were meant to have: as their headers say, or near their median.

    Raises UserError when one's measured rate is far from the median.
    """
    rate = float(np.median([recording.rate_hz for recording in recordings]))
    for recording in recordings:
        if abs(recording.rate_hz - rate) > TOLERANCE * rate:
            raise UserError(
                f"{recording.source}, {recording.id}: {recording.rate_hz:.1f} Hz, but the median is "
                f"{rate:.1f} Hz: "
                "expected one rate; give --rate HZ to bring all to it"
            )
    meant = stated(recordings, "rate_hz")
    return meant if meant is not None and abs(meant - rate) <= TOLERANCE * rate else nice(rate)


def nice(rate: float) -> float:
    """Return a measured rate as the whole number that a sensor's clock was meant to have, if one is near."""
    return float(round(rate)) if rate > 10 and abs(rate - round(rate)) < 0.01 * rate else round(rate, 2)


def even(recordings: Sequence[Recording], rate_hz: float | None) -> tuple[list[Recording], int]:
    """Return recordings without lost samples, at rate_hz (None: each at its own), and how many it changed."""
    result = [at_rate(r, r.rate_hz if rate_hz is None else rate_hz, TOLERANCE) for r in recordings]
    return result, sum(new is not old for new, old in zip(result, recordings, strict=True))
