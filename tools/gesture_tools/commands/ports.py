"""``gesture ports``: which ports there are, and who answers on each."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.following import say_record
from gesture_tools.port import BAUD, FoundPort, find_ports

if TYPE_CHECKING:
    from gesture_tools.recorder.opening import Identity


def _described(found: FoundPort | None) -> dict[str, Any]:
    return {} if found is None else {key: value for key, value in asdict(found).items() if key != "url"}


@click.command("ports", short_help="List serial ports and what answers on each.")
@click.argument("ports", metavar="[PORT...]", nargs=-1)
@click.option("--baud", type=click.IntRange(50, 4_000_000), default=BAUD, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the ports as JSON.")
def command(ports: tuple[str, ...], baud: int, as_json: bool) -> int:
    """List the serial ports and say what answers on each: a board, a sketch that prints samples, or else.

    Without PORTs, every USB serial port and those named in the variable TINYGESTURE_PORTS are asked.
    Opening a port restarts some boards. Exits with 1 when nothing usable answers on one of the PORTs.

    \b
    Example:
      gesture ports
      gesture ports socket://localhost:7000 --json
    """
    from gesture_tools.recorder.opening import identify_all

    found = {port.url: port for port in find_ports()}
    urls = list(dict.fromkeys(ports)) or list(found)
    identities = identify_all(urls, baud)
    if as_json:
        click.echo(
            json.dumps([{**asdict(item), **_described(found.get(item.url))} for item in identities], indent=2)
        )
        return _code(ports, identities)
    for item in identities:
        known = found.get(item.url)
        name = f" ({known.description})" if known and known.description else ""
        click.echo(f"{item.url}{name}: {item.kind}: {item.detail}")
    usable = [item.url for item in identities if item.usable]
    if not urls:
        click.echo("no ports: plug the board in, with a cable that carries data")
    if usable:
        say_record(usable[0])
    return _code(ports, identities)


def _code(asked: tuple[str, ...], identities: list[Identity]) -> int:
    """Return 1 when a port that was asked for delivers no samples; listing those there are cannot fail."""
    return int(bool(asked) and not all(item.usable for item in identities))
