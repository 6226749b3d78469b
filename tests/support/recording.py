"""``gesture`` as a process: started on a port, and what it said and left."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gesture_tools.loading import load
from gesture_tools.recordings import Recording
from tests.support.command import GESTURE


@dataclass
class Ran:
    """What a process said and left."""

    code: int
    out: str
    err: str
    folder: Path
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, name: str) -> dict[str, Any]:
        return next(event for event in self.events if event["event"] == name)

    @property
    def logs(self) -> list[Recording]:
        return load([self.folder])


def start(*arguments: object, port: str | None = None, **options: Any) -> subprocess.Popen[str]:
    """Run a command; options are those of Popen."""
    given = [str(argument) for argument in arguments]
    if port is not None:
        given += ["--port", port]
    return subprocess.Popen(
        [*GESTURE, *given],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def record(folder: Path, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Run ``gesture record`` into a folder, for scripts."""
    given = ["record", *arguments, "--out", folder, "--json"]
    if "--subject" not in arguments:
        given += ["--subject", "anna"]
    return start(*given, **options)


def end(process: subprocess.Popen[str], folder: Path, **extra: Any) -> Ran:
    """Wait for a process's end."""
    out, err = process.communicate(timeout=90)
    return Ran(process.returncode, out, err, folder, extra)


def await_event(process: subprocess.Popen[str], name: str) -> str:
    """Read a process's lines until one tells of an event; return all of them."""
    assert process.stdout is not None
    lines = ""
    for line in process.stdout:
        lines += line
        if json.loads(line)["event"] == name:
            break
    return lines
