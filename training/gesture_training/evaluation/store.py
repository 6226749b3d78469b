"""Finished folds, kept so that an interrupted or repeated evaluation takes them up again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from gesture_tools.files import write_atomic
from gesture_tools.runtime.native import installed_library
from gesture_training.evaluation.judged import Judged
from gesture_training.prepare import Request
from gesture_training.record import versions

FOLDER = "folds"

CODE = {
    "gesture_training": ("*.py", "evaluation/*.py", "forest/*"),
    "gesture_tools": ("contract.py", "resample.py", "simulation.py", "verdict.py", "runtime/*.py"),
}
"""What a fold's result depends on, beside the data as it was read."""


def fold_key(request: Request, people: Sequence[str], data_sha256: str) -> str:
    """Return the identity of a fold: data, people, every option, versions and code."""
    options = asdict(replace(request, data=(), out=Path(), command=""))
    del options["data"], options["out"], options["command"]
    identity = [data_sha256, sorted(people), options, versions(), _code()]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:24]


def kept(folder: Path, key: str) -> Judged | None:
    """Return a finished fold, None when there is none or its file is damaged."""
    try:
        return Judged.decode((folder / f"{key}.json").read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(folder: Path, key: str, judged: Judged) -> None:
    """Keep a finished fold: whole, or not at all."""
    write_atomic(folder / f"{key}.json", judged.encode())


@cache
def _code() -> str:
    """Return a digest of the code that makes a fold: Python and the compiled core."""
    state = hashlib.sha256(installed_library().read_bytes())
    for package, patterns in CODE.items():
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            files = (path for pattern in patterns for path in Path(folder).glob(pattern) if path.is_file())
            for path in sorted(files):
                state.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return state.hexdigest()
