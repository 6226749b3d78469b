"""``gesture compare``: two models side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.following import say_next

if TYPE_CHECKING:
    from gesture_tools.comparison import Known, Row

SHARES = ("accuracy", "recall", "worst drop")
"""Beginnings of the names of rows that are shares of 1."""


@click.command("compare", short_help="Show two models side by side.")
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(first: Path, second: Path, as_json: bool) -> None:
    """Show models A and B side by side: accuracy, classes, detection, cost, robustness, contracts.

    A and B are folders that 'gesture train' wrote, or .tflite files. What was measured comes from the
    record beside a model; costs that are missing there are counted now where an emulator is installed.

    \b
    Example: gesture compare build/model build/wider
    """
    from gesture_tools.comparison import MODEL, cautions, contract_differences, know, rows

    a, b = know(first), know(second)
    table, differences, notes = rows(a, b), contract_differences(a, b), cautions(a, b)
    if as_json:
        document = {
            "models": [_identity(a), _identity(b)],
            "measures": {row.name: [row.first, row.second] for row in table},
            "contract_differences": {name: list(pair) for name, pair in differences.items()},
            "cautions": notes,
        }
        click.echo(json.dumps(document, indent=2))
        return
    _show(a, b, table, differences, notes)
    file = second / MODEL if second.is_dir() else second
    if file.exists():
        say_next("inspect", file)


def _identity(known: Known) -> dict[str, Any]:
    record = known.record
    return {
        "path": str(known.path),
        "model_id": known.model_id,
        **{name: record.get(name) for name in ("interface_id", "kind", "data_sha256", "people", "seed")},
    }


def _show(
    a: Known, b: Known, table: list[Row], differences: dict[str, tuple[Any, Any]], notes: list[str]
) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    columns = [Column(str(known.path), justify="right", overflow="fold") for known in (a, b)]
    shown = Table("", *columns)
    shown.add_row("model", a.model_id[:12], b.model_id[:12])
    shown.add_row("kind", *(known.record.get("kind", "network") for known in (a, b)))
    shown.add_section()
    for row in table:
        cells = [Text(_text(row.name, value)) for value in (row.first, row.second)]
        if row.better is not None:
            cells[row.better].stylize("bold green")
        shown.add_row(Text(row.name), *cells)
    if differences:
        shown.add_section()
        for name, pair in differences.items():
            shown.add_row(Text(f"contract: {name}"), *(Text(_field(name, value)) for value in pair))
    console = Console(markup=False, emoji=False)
    console.print(shown)
    if not differences:
        console.print("the contracts agree in every field")
    for line in notes:
        console.print(f"note: {line}", soft_wrap=True)


def _text(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name.startswith(SHARES):
        return f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _field(name: str, value: Any) -> str:
    if name == "thresholds" and value is not None:
        return ", ".join(f"{level / 256:.2f}" for level in value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
