"""A folder for what a command writes: there before its work begins, and gone when that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.files import make_folder


@contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """Create a folder and its parents for a block; those of them that the block leaves empty go again.

    Raises UserError, before the block, when the folder cannot be created or written to.
    """
    made = [one for one in (path, *path.parents) if not os.path.lexists(one)]
    try:
        make_folder(path)
        if not os.access(path, os.W_OK | os.X_OK):
            raise UserError(f"cannot write into {path}: expected a folder that you may write to")
        yield
    finally:
        with suppress(OSError):  # the first that holds something ends it
            for one in made:
                one.rmdir()
