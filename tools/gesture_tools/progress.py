"""Progress of long work, on standard error: bars on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

LINE_S = 15.0
"""Time between two lines where standard error is no terminal, as in the log of a build."""

Show = Callable[[str, int, int, str], None]
"""Takes a name for the work, how much of it is done, how much there is, and a remark."""

Item = TypeVar("Item")


@contextmanager
def progress() -> Iterator[Show]:
    """Give a function that shows how far work is; each name has a bar of its own, and all go at the end.

    Lines are told only of work that takes longer than LINE_S.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield _lines()
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[remark]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, of: int, remark: str) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=of, remark=remark)
            bars.update(tasks[name], completed=done, total=of, remark=remark, visible=done < of)

        yield show


@contextmanager
def tracked(items: Iterable[Item], name: str, count: int) -> Iterator[Iterator[Item]]:
    """Give count items one by one, and show how many were taken."""
    with progress() as show:

        def taken() -> Iterator[Item]:
            for number, item in enumerate(items):
                show(name, number, count, f"{number} of {count}")
                yield item

        yield taken()


def _lines() -> Show:
    told = time.monotonic()

    def show(name: str, done: int, of: int, remark: str) -> None:
        nonlocal told
        if (now := time.monotonic()) - told >= LINE_S:
            told = now
            click.echo(f"{name}: {remark}", err=True)

    return show
