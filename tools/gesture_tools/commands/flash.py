"""``gesture flash``: firmware onto a board, and the proof that it runs there."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Finite
from gesture_tools.boards import DEFAULT_BOARD
from gesture_tools.commands.accept import failures, show_check
from gesture_tools.errors import UserError
from gesture_tools.following import say_next
from gesture_tools.toolchain import COMPILERS

if TYPE_CHECKING:
    from gesture_tools.acceptance import Check
    from gesture_tools.boards import Board
    from gesture_tools.flash import Way
    from gesture_tools.runtime import Model


FlashFile = tuple[str, bytes, str | None]
"""A file for a board's drive, name and content, and the same as Intel HEX for a probe."""


def _given(board: Board, image: Path, model: Model) -> FlashFile:
    """Return a file of an earlier build; raise UserError when it is not this board's with this model."""
    from gesture_tools.firmware_image import check_image

    content = check_image(board, image, model.data)
    return image.name, content, content.decode() if board.file == "hex" else None


def _built(board: Board, model: Path, compiler: str | None, quiet: bool) -> FlashFile:
    """Build a file."""
    from gesture_tools.build import build_firmware
    from gesture_tools.elf import hex_text
    from gesture_tools.uf2 import uf2_bytes

    if not quiet:
        click.echo(f"building {board.name} with the model ...", err=True)
    firmware = build_firmware(board.name, model, compiler).image
    text = hex_text(firmware)
    if board.uf2_family is not None:
        return f"{board.name}.uf2", uf2_bytes(firmware, board.uf2_family), text
    return f"{board.name}.hex", text.encode(), text


def _check(
    board: Board, way: Way, port: str, model: Model, wait_s: float, no_sensor: bool, as_json: bool
) -> list[Check]:
    """Wait for the board and run the acceptance test on it."""
    from gesture_tools.acceptance import accept
    from gesture_tools.flash import wait_for

    with wait_for(board, way, port, model.model_id, wait_s) as link:
        if not as_json:
            click.echo(f"{board.name} is back on {port}")
        told = None if as_json else show_check
        return accept(link, model, with_sensor=not no_sensor, board=board.name, told=told)


@click.command("flash", short_help="Put firmware onto a board and test it there.")
@click.option("--board", "name", default=DEFAULT_BOARD, show_default=True, help="Board to flash.")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="A .tflite of 'gesture train'.")
@click.option("--image", type=click.Path(path_type=Path), help="Flash this file of 'gesture build' instead.")
@click.option("--drive", type=click.Path(path_type=Path), help="The board's drive; default: found.")
@click.option("--probe", "probe_id", help="Unique id of a debug probe (pyOCD); default: the drive.")
@click.option("--port", help="Serial port it comes back on; default: found.")
@click.option("--no-check", is_flag=True, help="Do not wait for the board, nor test it.")
@click.option("--no-sensor", is_flag=True, help="Leave its sensor out of the test: for an emulated board.")
@click.option("--wait", type=Finite(min=0.1), default=30.0, show_default=True, help="Seconds to wait.")
@click.option("--compiler", type=click.Choice(COMPILERS), help="Cross compiler; default: what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def command(
    name: str,
    model: Path,
    image: Path | None,
    drive: Path | None,
    probe_id: str | None,
    port: str | None,
    no_check: bool,
    no_sensor: bool,
    wait: float,
    compiler: str | None,
    as_json: bool,
) -> None:
    """Build the firmware of a board with MODEL, copy it onto the board, and run 'gesture accept' there.

    The board is found by the drive it shows (a Pico: hold BOOTSEL while you plug it in), or else by a debug
    probe, which needs pyOCD. Lay the board down: the test looks at its sensor at rest.

    \b
    Example:
      gesture flash --board microbit_v2 --model build/model/gesture.tflite
    """
    from gesture_tools.boards import find_board
    from gesture_tools.flash import find_port_of, find_way, put
    from gesture_tools.runtime import Model

    board = find_board(name)
    if board.file is None:
        raise UserError(f"{name} is not flashed: 'gesture emulate' runs it")
    loaded = Model.load(model)
    flashed = None if image is None else _given(board, image, loaded)
    way = find_way(board, drive, probe_id)
    if port is None and not no_check:
        port = find_port_of(board, way)
    file, content, text = flashed or _built(board, model, compiler, as_json)
    put(board, way, file, content, text)
    report: dict[str, Any] = {"board": name, "model_id": loaded.model_id, "way": str(way), "file": file}
    if not as_json:
        click.echo(f"{file}, {len(content)} bytes, onto {way}")
    checks = []
    if port is not None and not no_check:
        checks = _check(board, way, port, loaded, wait, no_sensor, as_json)
    failed = failures(checks)
    if as_json:
        report |= {"port": port, "accepted": bool(checks) and failed == 0}
        click.echo(json.dumps({**report, "checks": [asdict(check) for check in checks]}, indent=2))
    elif failed:
        click.echo(f"not accepted: {failed} of {len(checks)} checks failed")
    elif checks:
        click.echo("accepted")
    else:
        click.echo("not tested")
        pattern = "" if port else "with the board's port for PORT"
        say_next("accept", "--port", port or "PORT", "--model", model, pattern=pattern)
    sys.exit(1 if failed else 0)
