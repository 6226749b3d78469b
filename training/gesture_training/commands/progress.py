"""Progress of folds, on standard error where that is a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def folds_progress() -> Iterator[Callable[[int, int, int], None]]:
    """Give a function that takes a fold's number from 0, the passes done and the passes to do."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("pass {task.completed}"))
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        tasks: dict[int, TaskID] = {}

        def progress(number: int, done: int, of: int) -> None:
            if number not in tasks:
                tasks[number] = bars.add_task(f"fold {number + 1}", total=of)
            bars.update(tasks[number], completed=done, visible=done < of)

        yield progress
