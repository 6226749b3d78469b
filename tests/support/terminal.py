"""A person at a terminal: a command on a pseudo-terminal, and keys pressed when the screen asks for them."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

from tests.support.command import GESTURE
from tests.support.recording import Ran

LONGEST_S = 60.0

Keys = list[tuple[bytes, bytes]]
"""What the screen shows, and what is typed then, in this order; after b"": when nothing new is shown."""


def at_terminal(folder: Path, keys: Keys, *arguments: object) -> Ran:
    """Run a command to its end, typing; ``extra["keys"]`` are those that were never asked for."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*GESTURE, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40", "LC_ALL": "C.UTF-8"},
    )
    os.close(theirs)
    screen, seen, left = b"", 0, list(keys)
    deadline = time.monotonic() + LONGEST_S
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 0.5)[0]:
            if left and not left[0][0]:
                os.write(ours, left.pop(0)[1])
            continue
        try:
            screen += os.read(ours, 65536)
        except OSError:  # the process has ended
            break
        if left and left[0][0] and screen.find(left[0][0], seen) >= 0:
            os.write(ours, left.pop(0)[1])
            seen = len(screen)
    else:
        process.kill()
    os.close(ours)
    return Ran(process.wait(10), screen.decode(errors="replace"), "", folder, {"keys": left})
