"""Limits of robustness: how much accuracy a disturbance may cost, and up to which level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gesture_tools.contract import Contract
from gesture_tools.errors import UserError
from gesture_training.robustness.disturb import SWEEPS, Level, Sweep, is_xyz


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


def choose_limits(contract: Contract, wanted: Mapping[str, Limit | None]) -> dict[str, Limit]:
    """Return the limits by sweep: the defaults, changed by what is wanted; None: no limit."""
    limits = {"rate": Limit(100 * contract.profile.rate_tolerance, RATE_POINTS), **DEFAULTS}
    for name, wish in wanted.items():
        if wish is None:
            limits.pop(name, None)
        else:
            usual = limits[name].level if name in limits else None
            limits[name] = Limit(usual if wish.level is None else wish.level, wish.points)
    return limits


def at_limits(contract: Contract) -> list[tuple[Sweep, Level]]:
    """Return the sweeps with usual limits at their levels, in both directions where they have two."""
    turns = is_xyz(contract.profile.channels)
    pairs: list[tuple[Sweep, Level]] = []
    for name, limit in choose_limits(contract, {}).items():
        sweep = next(one for one in SWEEPS if one.name == name)
        if isinstance(limit.level, float | int) and (turns or not sweep.needs_xyz):
            pairs += [(sweep, sign * limit.level) for sign in ((-1, 1) if sweep.signed else (1,))]
    return pairs


def read_limits(wishes: Sequence[str]) -> dict[str, Limit | None]:
    """Read limits, NAME=[LEVEL:]POINTS or NAME=off, by sweep; a level of None leaves the usual one.

    Raises UserError for what cannot be read.
    """
    wanted: dict[str, Limit | None] = {}
    sweeps = {sweep.name: sweep for sweep in SWEEPS}
    for wish in wishes:
        name, _, text = wish.partition("=")
        if name not in sweeps:
            raise UserError(
                f"--limit {wish!r}: expected one of {', '.join(sweeps)} before '=', found {name!r}"
            )
        if text == "off":
            wanted[name] = None
            continue
        level, colon, points = text.rpartition(":")
        try:
            wanted[name] = Limit(
                _level(level, sweeps[name].levels) if colon else getattr(wanted.get(name), "level", None),
                _number(points, 0, 100),
            )
        except ValueError as error:
            raise UserError(
                f"--limit {wish!r}: expected {name}=LEVEL:POINTS ({name}={sweeps[name].levels[0]}:5), "
                f"{name}=POINTS or {name}=off, points from 0 to 100"
            ) from error
    return wanted


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
