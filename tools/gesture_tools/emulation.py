"""A model on the emulated board: its firmware, and one recording played to it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gesture_tools.cache import cache_folder, keep
from gesture_tools.errors import UserError
from gesture_tools.link import Event as EventMessage
from gesture_tools.link import Hello, Message
from gesture_tools.qemu import BOARD, BoardRun, run_board
from gesture_tools.recordings import Recording
from gesture_tools.resample import at_rate
from gesture_tools.verdict import check_channels

if TYPE_CHECKING:
    from gesture_tools.runtime import Event, Model


def firmware_for(model: Path, compiler: str | None = None) -> Path:
    """Return the ELF file of the emulated board with this model, built or taken from the cache."""
    from gesture_tools.build import build_firmware

    elf = build_firmware(BOARD, model, compiler).elf
    path = cache_folder() / "emulate" / f"{hashlib.sha256(elf).hexdigest()[:32]}.elf"
    if not path.is_file():
        keep(path, elf)
    return path


def at_model_rate(model: Model, recording: Recording) -> Recording:
    """Return a recording as the board's sensor plays it; raise UserError on other channels."""
    contract = model.require_contract()
    check_channels(contract, recording)
    return at_rate(recording, contract.profile.rate_hz, contract.profile.rate_tolerance)


def emulate(
    model: Model,
    elf: Path,
    ready: Recording,
    *,
    timeout_s: float | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> BoardRun:
    """Run a firmware on a recording of at_model_rate(); raise UserError when it holds another model."""
    profile = model.require_contract().profile

    def on_message(message: Message) -> None:
        if isinstance(message, Hello) and message.model_id != model.model_id:
            raise UserError(
                f"{elf} holds another model ({message.model_id[:12]}), expected {model.model_id[:12]}: build "
                "it again with 'gesture build'"
            )
        if isinstance(message, EventMessage) and on_event is not None:
            on_event(message.event)

    return run_board(elf, ready.samples, profile, timeout_s=timeout_s, on_message=on_message)
