"""The folder where built firmware is kept between runs; safe to delete at any time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gesture_tools.files import make_folder, write_atomic


def cache_folder() -> Path:
    """Return the user's cache folder of tinygesture: below XDG_CACHE_HOME when that is set."""
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "tinygesture"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tinygesture"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "tinygesture"
    return Path.home() / ".cache" / "tinygesture"


def cached(key: str) -> Path:
    """Return where the content of this key is kept; the file need not exist."""
    return cache_folder() / "firmware" / f"{key}.elf"


def keep(path: Path, content: bytes) -> None:
    """Keep content for next time."""
    make_folder(path.parent)
    write_atomic(path, content)
