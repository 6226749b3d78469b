"""Flashing over a debug probe, with pyOCD where it is installed (``pip install 'tinygesture[probe]'``)."""

from __future__ import annotations

from importlib import util
from pathlib import Path

from gesture_tools.boards import Board
from gesture_tools.errors import UserError


def probes() -> list[str] | None:
    """Return the unique ids of the probes that are there; None when pyOCD is not installed."""
    if util.find_spec("pyocd") is None:
        return None
    from pyocd.core.helpers import ConnectHelper

    return [str(probe.unique_id) for probe in ConnectHelper.get_all_connected_probes(blocking=False)]


def flash_over_probe(board: Board, image: Path, unique_id: str) -> None:
    """Write a .hex file into a board's flash and reset it; raise UserError when that fails."""
    from pyocd.core.exceptions import Error
    from pyocd.core.helpers import ConnectHelper
    from pyocd.flash.file_programmer import FileProgrammer

    try:
        session = ConnectHelper.session_with_chosen_probe(
            unique_id=unique_id, blocking=False, options={"target_override": board.probe_target}
        )
        if session is None:
            raise UserError(f"probe {unique_id} is gone: plug it in again")
        with session:
            FileProgrammer(session).program(str(image))
            session.target.reset()
    except (Error, OSError) as error:
        raise UserError(
            f"probe {unique_id} could not flash {board.name}: {error}; check its wires"
        ) from error
