"""``gesture`` in a process of its own, as a shell runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

GESTURE = [sys.executable, "-m", "gesture_tools"]


def gesture(*words: object, cwd: Path | None = None, **more: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; more: for subprocess.run."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*GESTURE, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False, **more
    )
