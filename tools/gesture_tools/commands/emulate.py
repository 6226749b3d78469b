"""``gesture emulate``: the firmware on an emulated board, its accelerometer playing recorded logs."""

from __future__ import annotations

import json
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.emulation import at_model_rate, emulate, firmware_for
from gesture_tools.qemu import BOARD, BoardRun, find_qemu
from gesture_tools.recordings import Recording, load
from gesture_tools.toolchain import COMPILERS

if TYPE_CHECKING:
    from gesture_tools.runtime import Event


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


def _show_event(ready: Recording, event: Event) -> None:
    click.echo(f"  {_log_time(ready, event.end - 1):>8.2f} s  {event.label}  {event.score:.2f}")


@click.command("emulate", short_help="Run the firmware on an emulated board.")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="A .tflite of 'gesture train'.")
@click.argument("logs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--elf", type=click.Path(path_type=Path), help="Firmware to run; default: built for the model.")
@click.option("--compiler", type=click.Choice(COMPILERS), help="Cross compiler; default: what is there.")
@click.option("--timeout", type=click.FloatRange(min=0.1), help="Seconds a log may take; default: by length.")
@click.option("--json", "as_json", is_flag=True, help="Print events and measurements as JSON.")
def command(
    model: Path,
    logs: tuple[Path, ...],
    elf: Path | None,
    compiler: str | None,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Boot the firmware with MODEL on an emulated Cortex-M4F board (QEMU) and let it watch LOGS.

    A virtual accelerometer plays each log (or folder of logs, or tidy table) on virtual time, as fast as the
    machine goes and the same every time; the events are those that the firmware prints on its serial port.

    \b
    Example:
      gesture emulate --model model/gesture.tflite takes/shake_left_01.csv
    """
    find_qemu()
    from gesture_tools.runtime import Model

    loaded = Model.load(model)
    rate = loaded.require_contract().profile.rate_hz
    recordings = load(logs)
    firmware = elf if elf is not None else firmware_for(model, compiler)

    documents = []
    for recording in recordings:
        if not as_json:
            click.echo(f"{recording.id}: {recording.duration_s:.2f} s on {BOARD}")
        ready = at_model_rate(loaded, recording)
        show = None if as_json else partial(_show_event, ready)
        run = emulate(loaded, firmware, ready, timeout_s=timeout, on_event=show)
        documents.append(_as_json(run, ready))
        if not as_json:
            click.echo(
                f"  {run.statistics.samples} samples, {run.statistics.inferences} windows, {len(run.events)} "
                f"events; asleep {run.asleep_permille / 10:.1f} % of the time, stack {run.statistics.stack} B"
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
    click.echo(f"next: {shlex.join(['gesture', 'parity', str(model), *map(str, logs)])}")
