"""``gesture build``: firmware for a board, with a model compiled in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.boards import DEFAULT_BOARD, find_board
from gesture_tools.files import folders, write_together
from gesture_tools.following import following, on_log, say_next
from gesture_tools.record import read_record
from gesture_tools.toolchain import COMPILERS

if TYPE_CHECKING:
    from gesture_tools.build import Firmware


def write_firmware(firmware: Firmware, out: Path) -> dict[str, Path]:
    """Write ``<board>.elf``, ``.bin``, ``.hex`` and ``.map``, and ``.uf2`` for boards that take it.

    out: a folder that is there. Returns their paths in it, by suffix.
    """
    from gesture_tools.elf import bin_bytes, hex_text, map_text
    from gesture_tools.uf2 import uf2_bytes

    contents: dict[str, bytes | str] = {
        "elf": firmware.elf,
        "bin": bin_bytes(firmware.image),
        "hex": hex_text(firmware.image),
        "map": map_text(firmware.image),
    }
    if firmware.board.uf2_family is not None:
        contents["uf2"] = uf2_bytes(firmware.image, firmware.board.uf2_family)
    files = {suffix: out / f"{firmware.board.name}.{suffix}" for suffix in contents}
    write_together({files[suffix]: content for suffix, content in contents.items()})
    return files


def _as_json(firmware: Firmware, files: dict[str, Path], then: str) -> dict[str, Any]:
    sizes = firmware.image.sizes
    return {
        "board": firmware.board.name,
        "compiler": firmware.toolchain.name,
        "compiler_version": firmware.toolchain.version,
        "flash": sizes.flash,
        "flash_size": firmware.board.flash,
        "ram": sizes.ram,
        "ram_size": firmware.board.ram,
        "stack": sizes.stack,
        "text": sizes.text,
        "rodata": sizes.rodata,
        "data": sizes.data,
        "bss": sizes.bss,
        "model": firmware.model_size,
        "arena": firmware.arena_size,
        "files": {suffix: str(path) for suffix, path in files.items()},
        "next": then,
    }


def _show(firmware: Firmware, files: dict[str, Path]) -> None:
    sizes, board = firmware.image.sizes, firmware.board
    rows = [
        (
            "flash",
            sizes.flash,
            f"of {board.flash}: text {sizes.text} + rodata {sizes.rodata} + data {sizes.data}",
        ),
        ("  of it the model", firmware.model_size, ""),
        ("RAM", sizes.ram, f"of {board.ram}: data {sizes.data} + bss {sizes.bss}"),
        ("  of it the arena", firmware.arena_size, ""),
        ("stack", sizes.stack, "reserved beside it; 'gesture accept' says how much is used"),
    ]
    click.echo(f"{board.name}, {firmware.toolchain.name} ({firmware.toolchain.version})")
    for name, size, note in rows:
        click.echo(f"{name:<18}{size:>8} B  {note}".rstrip())
    for path in files.values():
        click.echo(f"wrote {path}")


def _next(firmware: Firmware, model: Path, model_id: str, files: dict[str, Path]) -> tuple[list[object], str]:
    """Return the command to type next, onto the board or into the emulator, and its pattern."""
    if firmware.board.file is not None:
        return ["flash", "--board", firmware.board.name, "--model", model], ""
    log, pattern = on_log(read_record(model, model_id))
    return ["emulate", "--model", model, "--elf", files["elf"], log], pattern


@click.command("build", short_help="Build firmware for a board.")
@click.option("--board", default=DEFAULT_BOARD, show_default=True, help="Board to build for.")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="A .tflite of 'gesture train'.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--compiler", type=click.Choice(COMPILERS), help="Cross compiler; default: what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print sizes and files as JSON.")
def command(board: str, model: Path, out: Path, compiler: str | None, as_json: bool) -> None:
    """Compile the firmware of BOARD with MODEL inside: .elf, .bin, .hex, .map, .uf2, and what it costs.

    The compiler is arm-none-eabi-gcc where it is installed, else Zig's from the Python package ziglang. The
    same sources, model and compiler give the same bytes.

    \b
    Example:
      gesture build --board microbit_v2 --model build/model/gesture.tflite --out build/firmware
    """
    from gesture_tools.build import build_firmware
    from gesture_tools.runtime import Model

    opened = Model.load(model)
    find_board(board).check_contract(opened.require_contract())
    with folders(out):  # told before the compiler runs, as what is above
        if not as_json:
            click.echo(f"building {board} with the model ...", err=True)
        firmware = build_firmware(board, model, compiler)
        files = write_firmware(firmware, out)
    words, pattern = _next(firmware, model, opened.model_id, files)
    if as_json:
        click.echo(json.dumps(_as_json(firmware, files, following(*words)), indent=2))
        return
    _show(firmware, files)
    say_next(*words, pattern=pattern)
