"""What to type next: the last line of a command, to be pasted into a shell as it is."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gesture_tools.record import known_log


def following(*words: object) -> str:
    """Return a command of ``gesture`` as a shell takes it."""
    return shlex.join(["gesture", *map(str, words)])


def say_next(*words: object, pattern: str = "") -> None:
    """Print the command to type next; pattern: what the user has to put in first, and where."""
    click.echo(f"next{f', {pattern}' if pattern else ''}: {following(*words)}")


def not_activated() -> str | None:
    """Return what activates the environment that this runs in; None where ``gesture`` is found without."""
    environment = Path(sys.prefix)
    activate = environment / "bin" / "activate"
    if sys.prefix == sys.base_prefix or shutil.which("gesture") or not activate.is_file():
        return None
    here = Path.cwd()
    shown = activate.relative_to(here) if activate.is_relative_to(here) else activate
    return f". {shlex.quote(str(shown))}"


def on_log(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return a log that a model can be shown on, and the pattern of say_next() where none is known."""
    log = known_log(record)
    return ("LOG", "with a log of yours for LOG") if log is None else (log, "")


def say_record(port: str) -> None:
    """Print how to record from a port; background is what every model needs."""
    say_next("record", "background", "--port", port, "--out", "mydata")
