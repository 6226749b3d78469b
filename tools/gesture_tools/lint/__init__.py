"""Checks of a data set before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gesture_tools.lint import copies, people, signal, timing
from gesture_tools.lint.finding import ERROR, INFO, WARNING, Finding
from gesture_tools.lint.gather import DataSet, gather

__all__ = ["ERROR", "INFO", "WARNING", "DataSet", "Finding", "check", "gather"]

_ORDER = {ERROR: 0, WARNING: 1, INFO: 2}


def check(
    paths: Iterable[Path], budget_per_hour: float = 1.0, background: Iterable[str] = ()
) -> tuple[DataSet, list[Finding]]:
    """Read the recordings of folders, logs and tables and return them with what is wrong, worst first.

    budget_per_hour: the false activations per hour that the background is to be long enough to show.
    background: further labels that mean "no gesture".
    A file that cannot be read is a finding; only a path that does not exist raises UserError.
    """
    data = gather(paths, background)
    findings = [
        *data.findings,
        *people.check(data, budget_per_hour),
        *copies.check(data.recordings),
        *timing.check(data),
        *signal.check(data.recordings, data.full_scale_mg),
    ]
    return data, sorted(findings, key=lambda finding: _ORDER[finding.severity])
