"""A finding: what is wrong with a data set, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ERROR, WARNING, INFO = "error", "warning", "info"

EXAMPLES = 3
"""Places that a finding names at most."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing."""

    code: str
    """Short name of the check, stable: for scripts."""
    severity: str
    """ERROR: do not train on this; WARNING: results will suffer; INFO: worth knowing.

    What ``gesture record`` refuses in a take is at least a WARNING, by the same limits.
    """
    what: str
    advice: str
    """What to record or do next."""
    where: tuple[str, ...] = ()
    """Examples, at most EXAMPLES."""
    count: int = 0
    """How many places there are in all; 0 when the finding is about the whole data set."""


def found(code: str, severity: str, what: str, advice: str, places: Sequence[str]) -> list[Finding]:
    """Return one finding about places, or none when there are no places."""
    if not places:
        return []
    return [Finding(code, severity, what, advice, tuple(places[:EXAMPLES]), len(places))]
