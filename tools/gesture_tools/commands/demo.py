"""``gesture demo``: the whole path, from logs to recognised gestures on an emulated board."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gesture_tools.elf import read_image
from gesture_tools.errors import INTERRUPTED, UserError
from gesture_tools.extras import check_training
from gesture_tools.files import folders
from gesture_tools.following import following, not_activated, say_next
from gesture_tools.qemu import BOARD, find_qemu
from gesture_tools.recordings import SPANS_SUFFIX
from gesture_tools.toolchain import find_cmake, find_ninja, find_toolchain

PARITY_RECORDINGS = "12"

GRACE_S = 10
"""Time that a command has to put its files away after Ctrl-C, before it is told to end once more."""


@click.command("demo", short_help="The whole path, from logs to an emulated board.")
@click.argument("data", default="data/starter", type=click.Path(path_type=Path))
@click.option(
    "--out", default="build/demo", show_default=True, type=click.Path(path_type=Path), help="Folder to write."
)
def command(data: Path, out: Path) -> None:
    """Train on the logs in DATA, build firmware, and recognise gestures with it on emulators.

    Shows every command it runs; ends with a table of what the model can do and what it costs. What it needs
    besides is looked for first: TensorFlow, a cross compiler, CMake, Ninja, and QEMU, which may be absent.

    \b
    Example: gesture demo data/starter --out build/demo
    """
    start = time.monotonic()
    model = out / "model" / "gesture.tflite"
    if not data.is_dir():
        raise UserError(f"{data} is no folder: expected one of logs, as data/starter")
    if not any(data.glob(f"*/*{SPANS_SUFFIX}")):
        raise _no_session(data)
    if os.path.realpath(out) == os.path.realpath(data):
        raise UserError(f"--out {out} is the folder of the recordings: choose another one")
    check_training()
    for find in (find_toolchain, find_cmake, find_ninja):
        find()
    with folders(out):
        has_qemu = _has_qemu()
        _run("train", data, "--out", model.parent)
    metrics = json.loads((model.parent / "metrics.json").read_text())
    person, session = _test_session(data, metrics)
    _run("build", "--board", BOARD, "--model", model, "--out", out / "firmware")
    _run("parity", model, person, "--limit", PARITY_RECORDINGS)
    if has_qemu:
        _run("emulate", "--model", model, session)
    _run("simulate", model, session)
    _table(metrics, out / "firmware" / f"{BOARD}.elf", time.monotonic() - start)
    click.echo(f"report: {model.parent / 'report.html'}")
    click.echo("your own gestures: see README.md")
    if (activation := not_activated()) is not None:
        click.echo(f"first, so that 'gesture' is found: {activation}")
    say_next("inspect", model)


def _has_qemu() -> bool:
    try:
        find_qemu()
    except UserError as error:
        click.echo(f"the emulated board is left out: {error.message}")
        return False
    return True


def _test_session(data: Path, metrics: dict[str, Any]) -> tuple[Path, Path]:
    """Return the folder of a person never seen in training, and a continuous log of theirs."""
    for person in sorted(metrics["per_person"]):
        spans = sorted((data / person).glob(f"*{SPANS_SUFFIX}"))
        if spans:
            return data / person, spans[0].with_name(spans[0].name.removesuffix(SPANS_SUFFIX) + ".csv")
    raise _no_session(data)


def _no_session(data: Path) -> UserError:
    return UserError(
        f"{data} has no continuous log of a person to test on: expected folders PERSON with a log and its "
        f"{SPANS_SUFFIX} (gesture record --continuous)"
    )


def _command(arguments: Sequence[object]) -> list[str]:
    return [sys.executable, "-m", "gesture_tools", *map(str, arguments)]


def _run(*arguments: object) -> None:
    """Run a command as a user would, its output passed through; end with its exit code when it fails.

    When this process is told to end, it ends the command and waits until that has put its files away.
    """
    click.secho(f"\n$ {following(*arguments)}", bold=True)
    sys.stdout.flush()
    child = subprocess.Popen(_command(arguments))
    try:
        code = child.wait()
    except KeyboardInterrupt:  # the terminal's Ctrl-C is the child's, too, and the child says so
        _end(child, GRACE_S)
        sys.exit(INTERRUPTED)
    except SystemExit:
        _end(child, 0)
        raise
    if code < 0:
        raise UserError(
            f"'gesture {arguments[0]}' was killed by signal {-code}: expected it to end by itself; is there "
            "enough memory?"
        )
    if code != 0:
        sys.exit(code)


def _end(child: subprocess.Popen[bytes], grace_s: float) -> None:
    """Wait for a child's end, and ask for it when it takes longer than grace_s."""
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.terminate()
        child.wait()


def _table(metrics: dict[str, Any], elf: Path, seconds: float) -> None:
    """Print what the model can do and costs: as training measured it, and the firmware's sizes."""
    firmware = read_image(elf.read_bytes()).sizes
    rows = [
        ("accuracy, people never seen, int8", f"{metrics['accuracy']:.1%}", ""),
        ("model", f"{metrics['model_bytes']:,} B", "in flash, read in place"),
        ("firmware flash", f"{firmware.flash:,} B", f"{BOARD}, {find_toolchain(None).name}, model included"),
        ("firmware RAM", f"{firmware.ram:,} B", f"of it {metrics['arena_bytes']:,} B arena"),
    ]
    for cost in metrics["cost"]:
        note = f"instructions, {cost['compiler']}"
        rows.append((f"one hop, {cost['cpu']}", f"{cost['hop_instructions']:,}", note))
        rows.append((f"one whole window, {cost['cpu']}", f"{cost['instructions']:,}", note))
    rows.append(("all of this took", f"{seconds:.0f} s", ""))
    width = min(shutil.get_terminal_size().columns, 78)
    click.echo("\n" + "-" * width)
    for name, value, note in rows:
        click.echo(f"{name:<36}{value:>12}  {note}".rstrip())
    click.echo("-" * width)
    if metrics["cost_unknown"]:
        click.echo(f"instructions are not counted: {metrics['cost_unknown']}")
