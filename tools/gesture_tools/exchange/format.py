"""What a format is to the commands, and the conversions that formats share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gesture_tools.errors import UserError
from gesture_tools.recordings import ACCELERATION, Recording

MG_PER_UNIT = {"g": 1000.0, "mg": 1.0, "m/s2": 1000.0 / 9.80665}
"""Milli-g in one unit of acceleration."""

SESSION = "1"
"""The session of a recording whose format or file name states none."""


@dataclass(frozen=True)
class Options:
    """What the user says about files that do not say it themselves; None: take it from the file."""

    label: str | None = None
    subject: str | None = None
    session: str | None = None
    unit: str | None = None
    """Unit of the samples, one of MG_PER_UNIT."""
    rate_hz: float | None = None
    """Sampling rate, for formats without time stamps."""


class Format(Protocol):
    """One format: files to recordings and back."""

    name: str
    patterns: tuple[str, ...]
    """Names of its files in a folder."""
    even_rate: bool
    """The format has no times of its own: all recordings are at one rate that the reader must know."""
    keeps_spans: bool
    """A recording may have several labels; otherwise continuous recordings are cut at their spans."""

    def read(self, path: Path, options: Options) -> list[Recording]:
        """Read one file; raise UserError naming what is wrong and where."""

    def files(self, recordings: Sequence[Recording], out: Path) -> Iterator[tuple[Path, bytes]]:
        """Yield the files, below or at out, that hold the recordings."""


def milli_g(path: Path, where: str, values: ArrayLike, unit: str) -> NDArray[np.int16]:
    """Return values (n, 3) in a unit of MG_PER_UNIT as int16 milli-g, rounded half to even.

    Raises UserError when a value is no number or beyond +-32767 milli-g.
    """
    numbers = np.asarray(values, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # found below
        scaled = np.rint(numbers * MG_PER_UNIT[unit])
    bad = ~(np.abs(scaled) <= 32767)
    if bad.any():
        row, column = (int(index) for index in np.argwhere(bad)[0])
        raise UserError(
            f"{path}, {where}, sample {row + 1}: expected at most 32.767 g, "
            f"found {numbers[row, column]:g} {unit}; check the unit (--unit)"
        )
    return scaled.astype(np.int16)


def even_recording(
    path: Path, number: int, names: tuple[str, str, str], samples: NDArray[np.int16], rate_hz: float
) -> Recording:
    """Return the number-th recording (from 1) of a file without time stamps.

    names: label, subject, session. Its times are even at rate_hz, and the log will say that they are nominal.
    """
    if not 1 <= rate_hz <= 1000:
        raise UserError(f"{path}: the sampling rate is {rate_hz:g} Hz: expected 1 to 1000")
    if len(samples) < 2:
        raise UserError(f"{path}, recording {number} has {len(samples)} samples: expected at least two")
    label, subject, session = names
    return Recording(
        id=f"{path.name}#{number}",
        label=label,
        subject=subject,
        session=session,
        t_us=np.rint(np.arange(len(samples)) * 1e6 / rate_hz).astype(np.int64),
        samples=samples,
        source=path,
        header=origin(path) | {"rate": "nominal"},
    )


def origin(path: Path) -> dict[str, str]:
    """Return the header line that says which file a log was imported from."""
    name = "".join(character if character.isprintable() else "?" for character in path.name).strip()
    return {"source": name or "?"}


def in_milli_g(recording: Recording) -> NDArray[np.int16]:
    """Return the samples (n, 3) with the axes in the order x, y, z; raise UserError when one is missing."""
    if set(recording.channels) < set(ACCELERATION):
        raise UserError(
            f"{recording.source}: expected the channels {', '.join(ACCELERATION)}, "
            f"found {', '.join(recording.channels)}: the format cannot hold it"
        )
    if int(recording.samples.min()) < -32767:
        raise UserError(f"{recording.source}: a sample of -32768 milli-g: expected -32767 to 32767")
    return recording.samples[:, [recording.channels.index(kind) for kind in ACCELERATION]]


def by_names(recordings: Sequence[Recording]) -> dict[tuple[str, str, str], list[Recording]]:
    """Group labelled recordings by label, subject and session, in order of appearance."""
    groups: dict[tuple[str, str, str], list[Recording]] = {}
    for recording in recordings:
        groups.setdefault((recording.label or "", recording.subject, recording.session), []).append(recording)
    return groups
