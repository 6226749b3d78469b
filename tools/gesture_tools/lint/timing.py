"""Rates, lost samples, gaps and jitter."""

from __future__ import annotations

import numpy as np

from gesture_tools.lint.finding import INFO, WARNING, Finding, found
from gesture_tools.lint.gather import DataSet

MIXED = 1.1
"""Largest measured rate over the smallest that still counts as one."""

GAP = 3.5
GAP_S = 0.1
"""A step so many times the median step, and so long, is a gap: it can hide part of a gesture."""

JITTER = 0.25
"""Median deviation of a step from the median step, as a share of it, that is worth knowing."""

LOST = 0.001
"""Share of samples lost, missing in gaps, or clipped that is worth a warning, and that a recorder refuses."""


def check(data: DataSet) -> list[Finding]:
    """Return findings on the time stamps."""
    rates = [(recording.rate_hz, recording.id) for recording in data.recordings]
    mixed = []
    if rates and max(rates)[0] > MIXED * min(rates)[0]:
        mixed = [f"{name}: {rate:.1f} Hz" for rate, name in (min(rates), max(rates))]
    lost, gaps, jitter = [], [], []
    for recording in data.recordings:
        count = len(recording.t_us)
        if recording.lost > LOST * count:
            lost.append(f"{recording.id}: {recording.lost} of {count + recording.lost}")
        steps = np.diff(recording.t_us) / (1 if recording.seq is None else np.diff(recording.seq))
        median = float(np.median(steps))
        wide = (steps > GAP * median) & (steps >= GAP_S * 1e6)
        missing = float(steps[wide].sum() / median) - int(wide.sum())
        if missing > LOST * count:
            gaps.append(
                f"{recording.id}: {int(wide.sum())}, the longest {steps.max() / 1e6:.2f} s "
                f"at {(recording.t_us[int(steps.argmax())] - recording.t_us[0]) / 1e6:.1f} s"
            )
        deviation = float(np.median(np.abs(steps - median))) / median
        if deviation > JITTER:
            jitter.append(f"{recording.id}: half of the steps differ by {deviation:.0%} or more")
    again = "record again with a faster link or a lower rate, closer to the board"
    grid = "resampling smooths them; stamp samples on the device, not on arrival"
    one = "record at one rate, or accept that all are resampled to the profile's"
    return [
        *found("rates", WARNING, "recordings of different sampling rates", one, mixed),
        *found("lost", WARNING, "recordings with lost samples", again, lost),
        *found("gaps", WARNING, "recordings with gaps in time", again, gaps),
        *found("jitter", INFO, "recordings with uneven time stamps", grid, jitter),
    ]
