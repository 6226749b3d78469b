"""``gesture emulate``: the firmware on an emulated board, its accelerometer playing recorded logs."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Finite
from gesture_tools.boards import HOST
from gesture_tools.emulation import at_model_rate, emulate
from gesture_tools.errors import UserError
from gesture_tools.following import say_next, say_record
from gesture_tools.loading import load
from gesture_tools.qemu import BOARD, BoardRun, check_elf, find_qemu
from gesture_tools.recordings import Recording
from gesture_tools.serving import BOARDS, endless_image, program_for, require_posix, serve
from gesture_tools.toolchain import COMPILERS
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.runtime import Event, Model
    from gesture_tools.serving import Served


def _log_time(ready: Recording, sample: int) -> float:
    """Seconds from the log's first sample to another, on the log's own clock."""
    return float(ready.t_us[sample] - ready.t_us[0]) / 1e6


def _as_json(run: BoardRun, ready: Recording) -> dict[str, Any]:
    return {
        "id": ready.id,
        "samples": run.statistics.samples,
        "hops": run.statistics.inferences,
        "lost": run.statistics.lost,
        "asleep_permille": run.asleep_permille,
        "stack": run.statistics.stack,
        "events": [
            {
                "label": event.label,
                "score": round(event.score, 6),
                "start": event.start,
                "end": event.end,
                "start_s": round(_log_time(ready, event.start), 6),
                "time_s": round(_log_time(ready, event.end - 1), 6),
            }
            for event in run.events
        ],
    }


def _serve(
    model: Model,
    program: Path,
    recordings: list[Recording],
    board: str,
    tcp: int | None,
    speed: int,
    as_json: bool,
) -> None:
    ready = [at_model_rate(model, recording) for recording in recordings]
    image = endless_image(model.require_contract().profile, ready)
    try:
        with serve(board, program, image, tcp=tcp, speed=speed) as served:
            _say_where(served, model, as_json)
            code = served.wait()
    except KeyboardInterrupt:
        return
    raise UserError(
        f"the board {board} ended by itself (code {code}): expected it to run until Ctrl-C; start it again"
    )


def _build(board: str, model: Path, compiler: str | None, quiet: bool) -> Path:
    if not quiet:
        click.echo(f"building {board} with the model ...", err=True)
    return program_for(board, model, compiler)


def _say_where(served: Served, model: Model, as_json: bool) -> None:
    if as_json:
        about = {
            "board": served.board,
            "port": served.url,
            "model_id": model.model_id,
            "pid": served.process.pid,
        }
        click.echo(json.dumps(about))
    else:
        click.echo(f"{served.board} on {served.url}; Ctrl-C ends it")
        say_record(served.url)
    sys.stdout.flush()


def _show_event(ready: Recording, width: int, event: Event) -> None:
    click.echo(f"  {_log_time(ready, event.end - 1):>8.2f} s  {event.label:<{width}}  {event.score:.2f}")


@click.command("emulate", short_help="Run the firmware on an emulated board.")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="A .tflite of 'gesture train'.")
@click.argument("logs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--elf", type=click.Path(path_type=Path), help="Firmware to run; default: built for the model.")
@click.option("--compiler", type=click.Choice(COMPILERS), help="Cross compiler; default: what is there.")
@click.option("--timeout", type=Finite(min=0.1), help="Seconds a log may take; default: by length.")
@click.option("--serve", "serves", is_flag=True, help="Answer on a port, as a board does, until Ctrl-C.")
@click.option(
    "--board",
    type=click.Choice(BOARDS),
    default=BOARD,
    show_default=True,
    help="Who serves.",
)
@click.option("--tcp", type=click.IntRange(0, 65535), help="Serve on this TCP port; 0: any.")
@click.option("--speed", type=click.IntRange(1, 1000), default=1, help="Of host: times real time.")
@click.option("--json", "as_json", is_flag=True, help="Print events and measurements as JSON.")
def command(
    model: Path,
    logs: tuple[Path, ...],
    elf: Path | None,
    compiler: str | None,
    timeout: float | None,
    serves: bool,
    board: str,
    tcp: int | None,
    speed: int,
    as_json: bool,
) -> None:
    """Boot the firmware with MODEL on an emulated Cortex-M4F board (QEMU) and let it watch LOGS.

    A virtual accelerometer plays each log (or folder of logs, or tidy table) on virtual time, as fast as the
    machine goes and the same every time; the events are those that the firmware sends on its serial port.

    With --serve the board answers on a pseudo-terminal or TCP port as hardware does on its own, in real time,
    its accelerometer playing the logs again and again: every command with --port works with it. The board
    `host` needs no emulator: it is the firmware compiled for this machine.

    \b
    Example:
      gesture emulate --model build/model/gesture.tflite data/starter/p03/session.csv
      gesture emulate --model build/model/gesture.tflite data/starter/p03/session.csv --serve --board host
    """
    from gesture_tools.runtime import Model

    if not serves and (board != BOARD or tcp is not None or speed != 1):
        raise UserError(f"--board {board}, --tcp and --speed go with --serve: add it, or leave them out")
    if serves:
        require_posix()
    if board == BOARD:
        find_qemu()
        if speed != 1:
            raise UserError(f"--speed is for --board {HOST}: {BOARD} serves in real time; leave it out")
    if elf is not None:
        if board == HOST:
            raise UserError(
                f"--elf is for --board {BOARD}: {HOST} is compiled for this machine; leave it out"
            )
        check_elf(elf)
    loaded = Model.load(model)
    rate = loaded.require_contract().profile.rate_hz
    recordings = load(logs)
    if serves:
        program = elf if elf is not None else _build(board, model, compiler, as_json)
        _serve(loaded, program, recordings, board, tcp, speed, as_json)
        return
    firmware = elf if elf is not None else _build(BOARD, model, compiler, as_json)

    documents = []
    width = max(map(len, loaded.require_contract().labels))
    for recording in recordings:
        if not as_json:
            click.echo(f"{recording.id}: {recording.duration_s:.2f} s on {BOARD}")
        ready = at_model_rate(loaded, recording)
        show = None if as_json else partial(_show_event, ready, width)
        run = emulate(loaded, firmware, ready, timeout_s=timeout, on_event=show)
        documents.append(_as_json(run, ready))
        if not as_json:
            click.echo(
                f"  {run.statistics.samples} samples, {counted(run.statistics.inferences, 'window')}, "
                f"{counted(len(run.events), 'event')}; "
                f"asleep {run.asleep_permille / 10:.1f} % of the time, stack {run.statistics.stack} B"
            )
        if run.statistics.lost:
            click.echo(
                f"warning: {recording.id}: the board was too slow and lost {run.statistics.lost} samples; "
                "a longer hop or a smaller model helps",
                err=True,
            )
    if as_json:
        about = {"board": BOARD, "model": str(model), "model_id": loaded.model_id, "rate_hz": rate}
        click.echo(json.dumps({**about, "logs": documents}, indent=2))
        return
    say_next("parity", model, *logs)
