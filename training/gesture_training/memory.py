"""The most data that a training takes: all of it lies in memory at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gesture_tools.errors import UserError

MOST_BYTES = 512 * 2**20
"""Text of all recordings, uncompressed: about 55 hours at 50 Hz, and 2 GB of memory beside TensorFlow."""


def check_size(data: Sequence[Path], most: int = MOST_BYTES) -> None:
    """Raise UserError when folders, logs and tables hold more text than a training takes."""
    size = sum(map(_text_size, _files(data)))
    if size > most:
        raise UserError(
            f"the data is {size / 2**20:,.0f} MB of text: expected at most {most / 2**20:,.0f} MB, as it has "
            "to fit in memory; train on fewer recordings, or resample them to a lower rate"
        )


def _files(data: Sequence[Path]) -> Iterable[Path]:
    for path in data:
        if path.is_dir():
            yield from (file for pattern in ("*.csv", "*.csv.gz") for file in path.rglob(pattern))
        elif path.is_file():
            yield path


def _text_size(path: Path) -> int:
    """Return a file's bytes; of a .gz what it says of its content (modulo 4 GiB), at least its own."""
    size = path.stat().st_size
    if path.suffix != ".gz" or size < 4:
        return size
    with path.open("rb") as file:
        file.seek(-4, 2)
        return max(size, int.from_bytes(file.read(4), "little"))
