"""Limits of robustness: how much accuracy a disturbance may cost, and up to which level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gesture_tools.contract import Contract
from gesture_tools.errors import UserError
from gesture_training.robustness.disturb import SWEEPS, Level


@dataclass(frozen=True)
class Limit:
    """Up to a level, a disturbance may cost so much accuracy or recall."""

    level: Level | None
    """None: at every level tried."""
    points: float
    """Percentage points."""


DEFAULTS = {
    "rotation": Limit(20, 10),
    "gain": Limit(10, 5),
    "noise": Limit(25, 5),
    "bias": Limit(50, 5),
    "lost": Limit(2, 5),
    "clipping": Limit(2000, 10),
}
"""A hand that turns by 20 degrees, and what data sheets of cheap accelerometers allow. The rate's limit is
the contract's own tolerance. A wrong axis is a mistake of mounting: judged only where a limit is given."""

RATE_POINTS = 5.0


def choose_limits(contract: Contract, wishes: Sequence[str]) -> dict[str, Limit]:
    """Return the limits by sweep: the defaults, changed by wishes (NAME=[LEVEL:]POINTS or NAME=off).

    Raises UserError for wishes that cannot be read.
    """
    limits = {"rate": Limit(100 * contract.profile.rate_tolerance, RATE_POINTS), **DEFAULTS}
    sweeps = {sweep.name: sweep for sweep in SWEEPS}
    for wish in wishes:
        name, _, text = wish.partition("=")
        if name not in sweeps:
            raise UserError(
                f"--limit {wish!r}: expected one of {', '.join(sweeps)} before '=', found {name!r}"
            )
        if text == "off":
            limits.pop(name, None)
            continue
        level, colon, points = text.rpartition(":")
        try:
            limits[name] = Limit(
                _level(level, sweeps[name].levels) if colon else getattr(limits.get(name), "level", None),
                _number(points, 0, 100),
            )
        except ValueError as error:
            raise UserError(
                f"--limit {wish!r}: expected {name}=LEVEL:POINTS ({name}={sweeps[name].levels[0]}:5), "
                f"{name}=POINTS or {name}=off, points from 0 to 100"
            ) from error
    return limits


def _level(text: str, levels: Sequence[Level]) -> Level:
    if isinstance(levels[0], str):
        if text not in levels:
            raise ValueError(text)
        return text
    return _number(text, 0, 32767)


def _number(text: str, low: float, high: float) -> float:
    value = float(text)
    if not low <= value <= high:
        raise ValueError(text)
    return value
