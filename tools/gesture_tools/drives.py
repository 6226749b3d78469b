"""Drives that boards show for being flashed: finding them, telling whose they are, copying a file onto one.

A board's drive is no disk: what is written to it goes into the board's flash as it comes, and it vanishes
when the board restarts.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import string
import sys
from dataclasses import dataclass
from pathlib import Path

from gesture_tools.boards import Board, find_board
from gesture_tools.errors import UserError
from gesture_tools.firmware_sources import boards, firmware_folder

DRIVES_VARIABLE = "TINYGESTURE_DRIVES"
"""Environment variable: further folders that may be drives, separated as in PATH."""

_FILE_SYSTEMS = ("vfat", "msdos", "exfat", "fuseblk")
_LARGEST_NOTE = 64 * 1024
_REMOVABLE = 2  # GetDriveTypeW


@dataclass(frozen=True)
class FoundDrive:
    """A drive that a board shows."""

    path: Path
    board: Board
    identity: str
    """The value by which it was known."""


def mounted() -> list[Path]:
    """Return the folders where removable drives are mounted on this machine, and those of DRIVES_VARIABLE."""
    named = [Path(entry) for entry in os.environ.get(DRIVES_VARIABLE, "").split(os.pathsep) if entry]
    if sys.platform == "win32":
        import ctypes

        bits = ctypes.windll.kernel32.GetLogicalDrives()
        letters = [f"{letter}:\\" for i, letter in enumerate(string.ascii_uppercase) if bits >> i & 1]
        found = [Path(d) for d in letters if ctypes.windll.kernel32.GetDriveTypeW(d) == _REMOVABLE]
    elif sys.platform == "darwin":
        volumes = Path("/Volumes")
        found = sorted(volumes.iterdir()) if volumes.is_dir() else []
    else:
        found = _linux_mounts()
    return [*found, *named]


def _linux_mounts() -> list[Path]:
    """Return where file systems are mounted that a board's drive may have; others may be slow to look at."""
    try:
        table = Path("/proc/self/mounts").read_text()
    except OSError:
        return []
    rows = [line.split() for line in table.splitlines()]
    places = [row[1] for row in rows if len(row) > 2 and row[2] in _FILE_SYSTEMS]
    return [Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), place)) for place in places]


def known_boards() -> list[Board]:
    """Return the boards that are flashed over a drive."""
    folder = firmware_folder()
    every = [find_board(name, folder) for name in boards(folder)]
    return [board for board in every if board.drive is not None]


def identify(path: Path) -> list[FoundDrive]:
    """Return whose drive a folder is; empty when it is no board's."""
    found = []
    for board in known_boards():
        assert board.drive is not None
        try:
            with (path / board.drive.file).open("rb") as file:
                text = file.read(_LARGEST_NOTE).decode(errors="replace")
        except OSError:
            continue
        for line in text.splitlines():
            field, colon, value = line.partition(":")
            if colon and field.strip() == board.drive.field and value.strip().startswith(board.drive.values):
                found.append(FoundDrive(path, board, value.strip()))
    return found


def find_drive(board: Board, given: Path | None = None) -> FoundDrive | None:
    """Return the board's drive, at the given folder or wherever it is mounted; None when there is none.

    Raises UserError when the given folder is not the board's drive, and when several are mounted.
    """
    assert board.drive is not None
    if given is not None:
        found = identify(given)
        for drive in found:
            if drive.board.name == board.name:
                return drive
        if found:
            raise UserError(f"{given} is the drive of {found[0].board.name}, expected that of {board.name}")
        raise UserError(
            f"{given} is no drive of {board.name}: expected a folder whose {board.drive.file} says "
            f"'{board.drive.field}: {board.drive.values[0]}...'; {board.to_drive}"
        )
    mine = [drive for path in mounted() for drive in identify(path) if drive.board.name == board.name]
    if len(mine) > 1:
        places = ", ".join(str(drive.path) for drive in mine)
        raise UserError(f"expected one {board.name}, found {len(mine)} ({places}): name one with --drive")
    return mine[0] if mine else None


def failure(drive: FoundDrive) -> str | None:
    """Return why the board could not be flashed, as its drive says; None when it says nothing."""
    name = drive.board.drive.failure if drive.board.drive is not None else None
    if name is None:
        return None
    try:
        text = (drive.path / name).read_text(errors="replace")
    except OSError:
        return None
    return " ".join(text.split()) or "no reason given"


def copy_onto(drive: FoundDrive, name: str, content: bytes) -> None:
    """Copy a file onto a drive; raise UserError when it does not get there whole."""
    target = drive.path / name
    try:
        free = shutil.disk_usage(drive.path).free
        if free < len(content):
            raise UserError(
                f"drive {drive.path} has {free} bytes of room, expected {len(content)}: plug it anew"
            )
        file = target.open("wb", buffering=0)
    except OSError as error:
        raise UserError(
            f"cannot write to drive {drive.path}: {error.strerror or error}; is it read-only? plug the board "
            "in again"
        ) from error
    written = 0
    try:
        while written < len(content):
            written += file.write(content[written : written + 65536]) or 0
        os.fsync(file.fileno())
    except OSError as error:
        if written < len(content):
            raise UserError(
                f"drive {drive.path} took {written} of {len(content)} bytes ({error.strerror or error}): "
                "plug the board in again and start anew"
            ) from error
        # The board has it all and restarts: the drive is gone before the system has ended the file.
    finally:
        with contextlib.suppress(OSError):
            file.close()
