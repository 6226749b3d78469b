"""``gesture replay``: logs through a board's own window, model and detector, compared with the simulator."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.errors import UserError
from gesture_tools.following import say_record
from gesture_tools.progress import progress
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.link import Link
    from gesture_tools.recordings import Recording
    from gesture_tools.runtime import Model


@click.command("replay", short_help="Send logs to a board and compare its answers with the simulator's.")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--port", required=True, help="The board's port: a device, or socket://HOST:PORT.")
@click.option("--baud", type=click.IntRange(min=1200), default=115200, show_default=True, help="Its speed.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def command(model: Path, logs: tuple[Path, ...], port: str, baud: int, as_json: bool) -> None:
    """Send LOGS to a board with MODEL, which recognises them in place of its sensor's samples.

    The board runs its own window, model and detector; the outputs of every window and the events it returns
    are compared, byte for byte, with those of the C core on this machine. Exits with 1 when anything differs:
    the acceptance test of a board. The board's sensor goes on afterwards.

    \b
    Example: gesture replay build/model/gesture.tflite data/starter/p03/session.csv --port /dev/ttyACM0
    """
    from gesture_tools.emulation import at_model_rate
    from gesture_tools.link import Link
    from gesture_tools.loading import load
    from gesture_tools.runtime import Model

    opened = Model.load(model)
    window = opened.require_contract().window
    recordings = [at_model_rate(opened, recording) for recording in load(logs)]
    if all(len(recording.samples) < window for recording in recordings):
        raise UserError(
            f"nothing to compare: expected a log of at least {window} samples at the model's rate, a window; "
            f"the longest has {max(len(recording.samples) for recording in recordings)}"
        )
    results = []
    with Link(port, baud=baud) as link:
        _check_board(link, opened, port)
        for recording in recordings:
            results.append(_replay(link, opened, recording))
        board = link.hello.board
    failed = [result for result in results if not result["identical"]]
    if as_json:
        about = {"board": board, "port": port, "model_id": opened.model_id, "identical": not failed}
        click.echo(json.dumps({**about, "logs": results}, indent=2))
    else:
        windows = sum(result["windows"] for result in results)
        click.echo(
            f"{board}: {counted(len(results), 'log')}, {counted(windows, 'window')}, "
            + ("identical to the simulator" if not failed else f"{len(failed)} logs differ")
        )
        if not failed:
            say_record(port)
    for result in failed:
        click.echo(f"FAIL: {result['id']}: {result['difference']}", err=True)
    if failed:
        click.get_current_context().exit(1)


def _check_board(link: Link, model: Model, port: str) -> None:
    if link.hello.model_id != model.model_id:
        raise UserError(
            f"the board on {port} holds another model ({link.hello.model_id[:12]}), expected "
            f"{model.model_id[:12]}: build and flash its firmware again"
        )


def _replay(link: Link, model: Model, recording: Recording) -> dict[str, Any]:
    from gesture_tools.link import replay
    from gesture_tools.runtime import Stream

    samples = recording.samples
    with progress() as show:
        remark = f"of {recording.duration_s:.0f} s"
        found = replay(link, samples, lambda taken: show(recording.id, taken, len(samples), remark))
    stream = Stream(model)
    events = stream.push(samples)
    difference = _difference(recording.id, stream.outputs(), events, found.outputs, found.events)
    return {
        "id": recording.id,
        "samples": found.samples,
        "windows": found.inferences,
        "events": [asdict(event) for event in found.events],
        "tries": found.tries,
        "identical": difference is None,
        "difference": difference,
    }


def _difference(log: str, outputs: Any, events: Any, found_outputs: Any, found_events: Any) -> str | None:
    from gesture_tools.parity import first_difference

    if (difference := first_difference("the board", log, outputs, found_outputs)) is not None:
        return str(difference)
    for index, (want, got) in enumerate(zip(events, found_events, strict=False)):
        if want != got:
            return f"event {index}: expected {want}, found {got}"
    if len(events) != len(found_events):
        return f"expected {counted(len(events), 'event')}, found {len(found_events)}"
    return None
