"""Firmware in a file, as it is flashed: what lies where, for which board, and whether it fits."""

from __future__ import annotations

from pathlib import Path

from gesture_tools.boards import Board, board_of_image
from gesture_tools.elf import read_hex
from gesture_tools.errors import UserError
from gesture_tools.files import read_bytes
from gesture_tools.uf2 import read_uf2


def check_image(board: Board, path: Path, model: bytes) -> bytes:
    """Return a .hex or .uf2 file after checking that it is whole, holds the model, and fits its board."""
    content = read_bytes(path)
    wanted = board.file
    if path.suffix != f".{wanted}":
        raise UserError(
            f"{path}: expected a .{wanted} file for {board.name}, found {path.suffix or 'no suffix'}"
        )
    try:
        if wanted == "uf2":
            assert board.uf2_family is not None
            memory = read_uf2(content, board.uf2_family)
        else:
            memory = read_hex(content.decode("ascii", errors="replace"))
    except UserError as error:
        raise UserError(f"{path}: {error.message}") from error
    flash = b"".join(memory[address] for address in sorted(memory))
    found = board_of_image(flash)
    if found is None:
        raise UserError(f"{path} is no firmware of 'gesture build': expected a file it made for {board.name}")
    if found != board.name:
        raise UserError(f"{path} is firmware for {found}, expected {board.name}: build it for this board")
    if model not in flash:
        raise UserError(f"{path} holds another model than --model: give the one it was built with")
    size = max(address + len(part) for address, part in memory.items()) - min(memory)
    if size > board.flash:
        raise UserError(f"{path} takes {size} bytes, {board.name} has {board.flash}: train a smaller model")
    return content
