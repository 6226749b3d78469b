"""Reading JSON that a user gives: a file that is none is told in a line, however it is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.files import read_text


def read_json(path: Path, expected: str) -> Any:
    """Return what a JSON file holds; raise UserError, with what was expected, for any other file."""
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:  # RecursionError: nested some thousand times
        raise UserError(f"{path} is no JSON: {expected}") from error
