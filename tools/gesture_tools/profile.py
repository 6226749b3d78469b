"""The sensing profile: what a data folder's recordings measure, written before the first one is made.

It lies in the folder as ``gesture.toml`` and becomes the first part of a model's contract.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.files import read_text, write_atomic

PROFILE_NAME = "gesture.toml"

CHANNEL_UNITS = {"acceleration_x": "milli-g", "acceleration_y": "milli-g", "acceleration_z": "milli-g"}
"""Channel kinds and the unit of their int16 samples."""

CHANNEL_COLUMNS = {"acceleration_x": "ax_mg", "acceleration_y": "ay_mg", "acceleration_z": "az_mg"}
"""Column names of the channels in a log."""

FRAMES = {"face": "x to the right, y to the top, z out of the face; face up at rest reads (0, 0, +1000)"}
"""Axis frames that a profile may name."""

_LARGEST = 10**15


def holding(folder: Path) -> Path | None:
    """Return where the profile stands that holds for a folder, existing or not: in it, or nearest above.

    Anything of that name counts, so that reading it says what is wrong with it.
    """
    places = (candidate / PROFILE_NAME for candidate in (folder, *folder.absolute().parents))
    return next((path for path in places if os.path.lexists(path)), None)


@dataclass(frozen=True)
class Profile:
    """What the samples are: channels in order, rate, range and axis frame."""

    rate_hz: float
    """Sampling rate, 1 to 1000 Hz."""
    full_scale_mg: int = 4000
    """Largest magnitude the sensor reports, milli-g, 1 to 32767."""
    rate_tolerance: float = 0.05
    """Accepted deviation of the sensor's own clock, as a share of the rate, 0 to 0.5."""
    frame: str = "face"
    """Axis frame, one of FRAMES."""
    channels: tuple[str, ...] = ("acceleration_x", "acceleration_y", "acceleration_z")
    """Channel kinds in sample order, each of CHANNEL_UNITS."""

    def __post_init__(self) -> None:
        """Check every field; raise UserError naming the first that is wrong."""
        if not 1 <= self.rate_hz <= 1000:
            raise UserError(f"rate_hz is {self.rate_hz:g}: expected 1 to 1000 Hz")
        if not 1 <= self.full_scale_mg <= 32767:
            raise UserError(f"full_scale_mg is {self.full_scale_mg}: expected 1 to 32767 milli-g")
        if not 0 <= self.rate_tolerance <= 0.5:
            raise UserError(f"rate_tolerance is {self.rate_tolerance:g}: expected 0 to 0.5 (0.05 is 5 %)")
        if self.frame not in FRAMES:
            raise UserError(f"frame is {self.frame!r}: expected one of {', '.join(FRAMES)}")
        if not 1 <= len(self.channels) <= 6 or len(set(self.channels)) != len(self.channels):
            raise UserError("channels: expected one to six different channels")
        for kind in self.channels:
            if kind not in CHANNEL_UNITS:
                raise UserError(
                    f"channel kind {kind!r} is unknown: expected one of {', '.join(CHANNEL_UNITS)}"
                )

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names of the channels in a log, in sample order."""
        return tuple(CHANNEL_COLUMNS[kind] for kind in self.channels)

    @classmethod
    def read(cls, path: Path) -> Profile:
        """Read a ``gesture.toml``; raise UserError naming the file and the field that is wrong."""
        try:
            table = tomllib.loads(read_text(path))
        except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
            raise UserError(f"{path} is not valid TOML: {error}") from error
        try:
            return cls._from_table(table)
        except UserError as error:
            raise UserError(f"{path}: {error.message}") from error

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Profile:
        version = table.get("version")
        if type(version) is not int or version != 1:
            raise UserError(f"version is {_shown(version)}: expected 1")
        _check_fields(table, {"version", "rate_hz", "rate_tolerance", "full_scale_mg", "frame", "channels"})
        channels = table.get("channels")
        if not isinstance(channels, list) or not all(isinstance(c, dict) for c in channels):
            raise UserError("channels: expected [[channels]] tables with kind and unit")
        for channel in channels:
            _check_fields(channel, {"kind", "unit"})
            kind, unit = _text(channel, "kind"), _text(channel, "unit")
            if CHANNEL_UNITS.get(kind, unit) != unit:
                raise UserError(f"channel {kind} has unit {unit[:40]!r}: expected {CHANNEL_UNITS[kind]!r}")
        full_scale_mg = _number(table, "full_scale_mg")
        if not full_scale_mg.is_integer():
            raise UserError(f"full_scale_mg is {full_scale_mg:g}: expected a whole number of milli-g")
        return cls(
            rate_hz=_number(table, "rate_hz"),
            full_scale_mg=int(full_scale_mg),
            rate_tolerance=_number(table, "rate_tolerance"),
            frame=_text(table, "frame"),
            channels=tuple(channel["kind"] for channel in channels),
        )

    def write(self, path: Path) -> None:
        """Write the profile as ``gesture.toml``."""
        lines = [
            "# Sensing profile: what every recording in this folder measures.",
            "version = 1",
            f"rate_hz = {self.rate_hz!r}",
            f"rate_tolerance = {self.rate_tolerance!r}  # accepted deviation of the sensor's clock",
            f"full_scale_mg = {self.full_scale_mg}",
            f'frame = "{self.frame}"  # {FRAMES[self.frame]} milli-g',
        ]
        for kind in self.channels:
            lines += ["", "[[channels]]", f'kind = "{kind}"', f'unit = "{CHANNEL_UNITS[kind]}"']
        write_atomic(path, "\n".join(lines) + "\n")


def _number(table: dict[str, Any], key: str) -> float:
    value = table.get(key)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise UserError(f"{key} is {_shown(value)}: expected a number")
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise UserError(f"{key} is {_shown(value)}: expected a magnitude of at most {_LARGEST}")
    return float(value)


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str):
        raise UserError(f"{key} is {_shown(value)}: expected text")
    return value


def _check_fields(table: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(table) - known):
        raise UserError(f"unknown field {unknown[0][:60]!r}: expected {', '.join(sorted(known))}")


def _shown(value: object) -> str:
    """Return a value for a message, bounded: nested tables and large integers have no usable repr."""
    if value is None:
        return "missing"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a table"
    if isinstance(value, int) and abs(value) > _LARGEST:
        return "a number of many digits"
    return repr(value)[:60]
