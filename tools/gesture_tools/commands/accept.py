"""``gesture accept``: whether a board is to be trusted: itself, its sensor, its arithmetic, its line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gesture_tools.following import say_record

if TYPE_CHECKING:
    from gesture_tools.acceptance import Check

_NAME, _VERDICT = 12, 6


def show_check(check: Check) -> None:
    """Print one line of the table."""
    expected = f"; expected {check.expected}" if check.verdict == "fail" and check.expected else ""
    click.echo(f"  {check.name:<{_NAME}}{check.verdict:<{_VERDICT}}{check.found}{expected}".rstrip())


def failures(checks: list[Check]) -> int:
    """Return how many checks failed."""
    return sum(check.verdict == "fail" for check in checks)


@click.command("accept", short_help="Test a board that is connected: sensor, replay, statistics.")
@click.option("--port", required=True, help="Serial port of the board, or socket://HOST:PORT.")
@click.option(
    "--model", required=True, type=click.Path(path_type=Path), help="The .tflite it was built with."
)
@click.argument("logs", type=click.Path(path_type=Path), nargs=-1)
@click.option("--board", help="Board that is to answer.")
@click.option("--no-sensor", is_flag=True, help="Leave its sensor out: for an emulated board without one.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def command(
    port: str, model: Path, logs: tuple[Path, ...], board: str | None, no_sensor: bool, as_json: bool
) -> None:
    """Test a board: hello, self-test, a second of its sensor at rest, replay of LOGS, statistics.

    Lay the board down and let it lie. LOGS (or, without any, a walk through all of the sensor's range) are
    replayed to it; outputs and events must equal, byte for byte, what the core gives on this machine. Exit
    code 1 when a check fails.

    \b
    Example:
      gesture accept --port /dev/ttyACM0 --model build/model/gesture.tflite data/starter/p03/session.csv
    """
    from gesture_tools.acceptance import accept
    from gesture_tools.link import Link
    from gesture_tools.loading import load
    from gesture_tools.runtime import Model

    loaded = Model.load(model)
    recordings = load(logs) if logs else []
    with Link(port) as link:
        if not as_json:
            click.echo(f"{link.hello.board} on {port}")
        told = None if as_json else show_check
        checks = accept(link, loaded, recordings, with_sensor=not no_sensor, board=board, told=told)
        name = link.hello.board
    failed = failures(checks)
    if as_json:
        document = {"board": name, "port": port, "accepted": failed == 0}
        click.echo(json.dumps({**document, "checks": [asdict(check) for check in checks]}, indent=2))
    elif failed:
        click.echo(f"not accepted: {failed} of {len(checks)} checks failed")
    else:
        click.echo("accepted")
        say_record(port)
    sys.exit(1 if failed else 0)
