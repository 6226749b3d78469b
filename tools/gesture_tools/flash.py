"""Putting firmware onto a board: over the drive it shows, or a debug probe, and seeing that it runs."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from gesture_tools import drives, probe
from gesture_tools.boards import Board
from gesture_tools.errors import UserError
from gesture_tools.link import Link
from gesture_tools.port import find_ports

COME_BACK_S = 30.0
TRY_S = 1.0
POLL_S = 0.2


@dataclass(frozen=True)
class Way:
    """How a board is reached; one of the two is set."""

    drive: drives.FoundDrive | None = None
    probe: str | None = None

    def __str__(self) -> str:
        """Name the way."""
        return f"drive {self.drive.path}" if self.drive is not None else f"probe {self.probe}"


def find_way(board: Board, drive: Path | None = None, probe_id: str | None = None) -> Way:
    """Return how to reach a board: the drive or probe named, else its drive, else the one probe there is.

    Raises UserError when there is none, or more than one.
    """
    if board.drive is None:
        raise UserError(f"{board.name} is not flashed: 'gesture emulate' runs it")
    if probe_id is None:
        found = drives.find_drive(board, drive)
        if found is not None:
            return Way(drive=found)
    attached = probe.probes()
    if probe_id is not None:
        if attached is None:
            raise UserError(
                "pyOCD is not installed: pip install 'tinygesture[probe]', or use the board's drive"
            )
        if probe_id not in attached:
            raise UserError(f"probe {probe_id} is not there: found {', '.join(attached) or 'none'}")
        return Way(probe=probe_id)
    if attached and len(attached) > 1:
        raise UserError(
            f"expected one probe, found {len(attached)} ({', '.join(attached)}): name one with --probe"
        )
    if attached:
        return Way(probe=attached[0])
    raise UserError(
        f"no {board.name} found: {board.to_drive}, so that its drive appears"
        + ("" if attached is not None else "; for a debug probe: pip install 'tinygesture[probe]'")
    )


def find_port_of(board: Board, way: Way) -> str:
    """Return the serial port of a board; raise UserError when there is none, or more than one.

    A board whose interface chip has drive and port in one is known by its serial number.
    """
    ports = [p for p in find_ports() if (p.vid is None or (p.vid, p.pid) in board.usb)]
    if way.drive is not None:
        same = [p for p in ports if p.serial_number == way.drive.identity]
        ports = same or ports
    if len(ports) > 1:
        names = ", ".join(port.url for port in ports)
        raise UserError(
            f"expected one port of {board.name}, found {len(ports)} ({names}): name one with --port"
        )
    if not ports:
        raise UserError(f"no serial port of {board.name} found: {board.to_port}; or give --no-check")
    return ports[0].url


def put(board: Board, way: Way, name: str, content: bytes, hex_text: str | None) -> None:
    """Write an image onto the board; raise UserError when it does not get there.

    content goes to a drive, as a file called name; a probe takes Intel HEX.
    """
    if way.drive is not None:
        drives.copy_onto(way.drive, name, content)
        return
    assert way.probe is not None
    if hex_text is None:
        raise UserError(f"a probe takes a .hex file, found {name}: build it with 'gesture build'")
    with tempfile.TemporaryDirectory(prefix="tinygesture-") as folder:
        path = Path(folder) / f"{board.name}.hex"
        path.write_text(hex_text)
        probe.flash_over_probe(board, path, way.probe)


def wait_for(board: Board, way: Way, port: str, model_id: str | None, timeout_s: float = COME_BACK_S) -> Link:
    """Wait until the board runs what was flashed and return the session with it.

    Raises UserError when the board says it could not be flashed, does not come back, or comes back as
    something else.
    """
    end = time.monotonic() + timeout_s
    last = UserError(f"nothing was heard on {port}")
    while time.monotonic() < end:
        if way.drive is not None and (reason := drives.failure(way.drive)) is not None:
            raise UserError(f"{board.name} could not be flashed, its drive says: {reason}")
        try:
            link = Link(port, timeout_s=TRY_S)
        except UserError as error:
            last = error
            time.sleep(POLL_S)
            continue
        found = link.hello
        if found.board == board.name and model_id in (None, found.model_id):
            return link
        link.close()
        wrong = found.board if found.board != board.name else f"model {found.model_id[:12]}"
        wanted = board.name if found.board != board.name else f"{(model_id or '')[:12]}"
        last = UserError(f"{port} answers as {wrong}, expected {wanted}")
        time.sleep(POLL_S)
    raise UserError(
        f"{board.name} did not come back within {timeout_s:g} s ({last.message}): plug it in again, and try "
        "'gesture accept'"
    )
