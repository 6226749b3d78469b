"""Tables that several commands print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Column, Table

from gesture_training.report import beside, beside_titles


def baseline_table(metrics: Mapping[str, Any]) -> Table:
    """Return the network and its baseline side by side."""
    title = "flash: code and model; RAM: model, window and stack; bytes"
    first, *more = beside_titles(metrics)
    table = Table(first, *(Column(name, justify="right") for name in more), title=title)
    for row in beside(metrics):
        table.add_row(*row)
    return table
