"""What the tools know of a board: its memory, its sensors, and how firmware gets onto it.

Each folder of ``firmware/boards`` with a ``board.cmake`` is a board. Its ``memory.ld`` says how much memory
there is; a ``board.toml`` says the rest of a board that is more than an emulator.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gesture_tools.errors import UserError
from gesture_tools.files import read_text
from gesture_tools.firmware_sources import boards, firmware_folder

if TYPE_CHECKING:
    from gesture_tools.contract import Contract

DEFAULT_BOARD = "microbit_v2"

HOST = "host"
"""The board that is no image, but a process."""

_REGION = re.compile(r"^\s*(\w+) \(\w+\) : ORIGIN = \w+, LENGTH = (\d+)([KM])\b", re.MULTILINE)
_UNIT = {"K": 1 << 10, "M": 1 << 20}
_IMAGE_NOTE = b"tinygesture-image:"


@dataclass(frozen=True)
class Sensor:
    """An accelerometer that a board may carry."""

    name: str
    rates_hz: tuple[float, ...]
    full_scales_mg: tuple[int, ...]


@dataclass(frozen=True)
class Drive:
    """How the drive is known that a board shows for being flashed: by a line of a text file on it."""

    file: str
    field: str
    """The line is ``field: value``."""
    values: tuple[str, ...]
    """What the value starts with."""
    failure: str | None = None
    """File that appears when the board could not be flashed, with the reason."""


@dataclass(frozen=True)
class Board:
    """A board of ``firmware/boards``."""

    name: str
    title: str
    flash: int
    """Bytes for firmware; 0 for a process of this machine."""
    ram: int
    file: str | None = None
    """Suffix of the file that is copied to its drive: hex or uf2; None for a board that is not flashed."""
    uf2_family: int | None = None
    usb: tuple[tuple[int, int], ...] = ()
    """Vendor and product of its serial port."""
    probe_target: str | None = None
    """What pyOCD calls its processor."""
    to_drive: str = ""
    """What to do so that its drive appears."""
    to_port: str = ""
    """What to do so that its serial port appears."""
    drive: Drive | None = None
    sensors: tuple[Sensor, ...] = ()
    """Those it may carry; empty for an emulated one, which has any."""

    def note(self) -> bytes:
        """Return the bytes by which an image for this board is known."""
        return _IMAGE_NOTE + self.name.encode() + b"\0"

    def check_contract(self, contract: Contract) -> None:
        """Raise UserError when no sensor of this board can give what a contract asks for."""
        profile = contract.profile
        reasons = []
        for sensor in self.sensors:
            nearest = min(sensor.rates_hz, key=lambda rate: abs(rate - profile.rate_hz))
            if abs(nearest - profile.rate_hz) > profile.rate_hz * profile.rate_tolerance:
                given = ", ".join(f"{rate:g}" for rate in sensor.rates_hz)
                reasons.append(f"{sensor.name}: rate {profile.rate_hz:g} Hz, given are {given} Hz")
            elif profile.full_scale_mg not in sensor.full_scales_mg:
                given = ", ".join(str(mg) for mg in sensor.full_scales_mg)
                reasons.append(f"{sensor.name}: full scale {profile.full_scale_mg} mg, given are {given} mg")
            else:
                return
        if reasons:
            raise UserError(
                f"the sensor of {self.name} cannot give what the model expects ({'; '.join(reasons)}): train "
                "with a profile it can give"
            )


def find_board(name: str, folder: Path | None = None) -> Board:
    """Return a board by its name; raise UserError naming those there are."""
    folder = folder or firmware_folder()
    known = boards(folder)
    if name == HOST:
        raise UserError(
            f"the board {HOST!r} is a process of this machine, run by 'gesture emulate --serve --board "
            f"{HOST}': expected one of {', '.join(known)}"
        )
    if name not in known:
        raise UserError(f"board {name!r} is unknown: expected one of {', '.join(known)}")
    place = folder / "boards" / name
    script = place / "memory.ld"
    found = _REGION.findall(read_text(script)) if script.is_file() else []
    regions = {region: int(size) * _UNIT[unit] for region, size, unit in found}
    facts = place / "board.toml"
    entries = tomllib.loads(read_text(facts)) if facts.is_file() else {}
    drive = entries.pop("drive", None)
    sensors = entries.pop("sensors", ())
    return Board(
        name,
        entries.pop("title", name),
        regions.get("FLASH", 0),
        regions.get("RAM", 0),
        usb=tuple((vendor, product) for vendor, product in entries.pop("usb", ())),
        drive=None if drive is None else Drive(**{**drive, "values": tuple(drive["values"])}),
        sensors=tuple(Sensor(s["name"], tuple(s["rates_hz"]), tuple(s["full_scales_mg"])) for s in sensors),
        **entries,
    )


def board_of_image(flash: bytes) -> str | None:
    """Return the name of the board that an image's flash is for; None when it is no firmware of ours."""
    at = flash.find(_IMAGE_NOTE)
    if at < 0:
        return None
    name = flash[at + len(_IMAGE_NOTE) :].partition(b"\0")[0]
    return name.decode(errors="replace")
