"""Recordings: what a log or a row group of a table holds, and loading them from files and folders."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.files import read_bytes
from gesture_tools.profile import CHANNEL_UNITS, PROFILE_NAME, Profile

BACKGROUND = "background"
"""Label of a recording without a gesture, and of a continuous log outside its spans."""

SPANS_SUFFIX = ".spans.csv"

FORCED = "forced"
"""Header key of a log that breaks its profile, and was kept at the user's wish: why."""

UNVERIFIED = "unverified"
"""Header key of a log whose values nobody vouches for: which."""

MAX_GAP_US = 60_000_000
"""Longest time between two samples of one recording; more is a wrong clock, or two recordings."""

MAX_NUMBER = 10**15
"""Largest magnitude of a time stamp (us) or sequence number."""

ACCELERATION = tuple(CHANNEL_UNITS)[:3]


@dataclass(frozen=True)
class Span:
    """A labelled stretch of a continuous recording, on its clock: start_us <= t < end_us."""

    label: str
    start_us: int
    end_us: int


@dataclass(frozen=True, eq=False)
class Recording:
    """Samples of one person in one session, with their device time."""

    id: str
    """Unique among the recordings loaded together."""
    label: str | None
    """None: a continuous recording, labelled by its spans."""
    subject: str
    session: str
    """Empty when unknown."""
    t_us: NDArray[np.int64]
    """Time stamps (n,), strictly increasing, n >= 2."""
    samples: NDArray[np.int16]
    """Samples (n, channels) in milli-g."""
    spans: tuple[Span, ...] = ()
    source: Path = Path()
    channels: tuple[str, ...] = ACCELERATION
    """Channel kinds in sample order."""
    seq: NDArray[np.int64] | None = None
    """The device's sequence numbers (n,), strictly increasing; None: consecutive."""
    header: Mapping[str, str] = field(default_factory=dict)
    """What else the log's header says (board, sensor, synthetic, ...)."""

    def __post_init__(self) -> None:
        """Check that the parts fit each other; raise ValueError when they do not."""
        count = len(self.t_us)
        if count < 2 or self.t_us.dtype != np.int64 or (np.diff(self.t_us) <= 0).any():
            raise ValueError(f"{self.id}: t_us must be at least two strictly increasing int64 time stamps")
        if self.samples.dtype != np.int16 or self.samples.shape != (count, len(self.channels)):
            raise ValueError(f"{self.id}: samples must be int16 of shape ({count}, {len(self.channels)})")
        if self.seq is not None and (len(self.seq) != count or (np.diff(self.seq) <= 0).any()):
            raise ValueError(f"{self.id}: seq must be {count} strictly increasing numbers")

    @property
    def duration_s(self) -> float:
        """Seconds from the first sample to the last."""
        return float(self.t_us[-1] - self.t_us[0]) / 1e6

    @property
    def lost(self) -> int:
        """Samples the device took that are missing here, by its sequence numbers."""
        return 0 if self.seq is None else int(self.seq[-1] - self.seq[0]) + 1 - len(self.seq)

    @property
    def rate_hz(self) -> float:
        """Measured rate of the sensor: steps taken (lost samples included) over the time they took."""
        return (len(self.t_us) - 1 + self.lost) / self.duration_s


def load(paths: Iterable[Path]) -> list[Recording]:
    """Load the recordings of folders, logs and tidy tables, ordered by path.

    A folder stands for every ``*.csv`` and ``*.csv.gz`` below it. A log's id is its path below the
    folder given, or its name (from the common folder on where names are equal), without ``.csv``; a
    table's recordings keep their ``recording_id``, with the table's name before it where another table
    has the same one.
    A log below a ``gesture.toml`` is checked against it. Raises UserError for anything missing,
    malformed, ambiguous or off profile.
    """
    recordings: list[Recording] = []
    sources: set[Path] = set()
    ids: dict[str, Path] = {}
    for path, name in _find(paths):
        real = Path(os.path.realpath(path))  # Path.resolve raises for a link that leads to itself
        if real in sources:
            raise UserError(f"{path} is given twice: name each log once, alone or by its folder")
        sources.add(real)
        read = _read(path, name)
        is_log = [recording.id for recording in read] == [name]
        if not is_log and any(recording.id in ids for recording in read):
            table = path.name.removesuffix(".gz").removesuffix(".csv")
            read = [replace(recording, id=f"{table}/{recording.id}") for recording in read]
        for recording in read:
            if recording.id in ids:
                raise UserError(
                    f"two recordings have the id {recording.id!r}: in {ids[recording.id]} and in {path}; "
                    "rename one, or give logs by their common folder"
                )
            ids[recording.id] = path
            recordings.append(recording)
    return recordings


def has_control(text: str) -> bool:
    """Whether a name holds a control character or line end: it would garble tables and terminals."""
    return any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)


def find_gap(t_us: NDArray[np.int64]) -> tuple[int, str] | None:
    """Return the index of the first sample after a gap of more than MAX_GAP_US and what to do, or None."""
    steps = np.diff(t_us)
    if not (steps > MAX_GAP_US).any():
        return None
    index = int(np.argmax(steps > MAX_GAP_US)) + 1
    return index, (
        f"a gap of {steps[index - 1] / 1e6:g} s before this sample: expected at most {MAX_GAP_US / 1e6:g} s; "
        "split the recording there"
    )


def load_profile(path: Path) -> Profile | None:
    """Return the sensing profile that holds for a folder or log: the nearest ``gesture.toml`` going up."""
    found = _profile_path(path)
    return None if found is None else Profile.read(found)


def check_profile(recording: Recording, profile: Profile, profile_path: Path) -> None:
    """Check a recording against a sensing profile; raise UserError naming the first field that differs."""

    def differ(name: str, expected: object, found: object) -> UserError:
        return UserError(
            f"{recording.source}: {name} differs from {profile_path}: expected {expected}, found {found}; "
            "record it again, or move it to a folder with its own profile"
        )

    if recording.channels != profile.channels:
        raise differ("channels", ", ".join(profile.channels), ", ".join(recording.channels))
    if (frame := recording.header.get("frame", profile.frame)) != profile.frame:
        raise differ("frame", profile.frame, frame)
    if FORCED in recording.header:
        return
    rate, tolerance = profile.rate_hz, profile.rate_tolerance
    if abs(recording.rate_hz - rate) > rate * tolerance:
        raise differ("rate_hz", f"{rate:g} Hz within {tolerance:.1%}", f"{recording.rate_hz:.2f} Hz measured")
    largest = int(np.abs(recording.samples.astype(np.int32)).max())
    if largest > profile.full_scale_mg:
        raise differ(
            "full_scale_mg", f"at most {profile.full_scale_mg} milli-g", f"a sample of {largest} milli-g"
        )
    claimed = recording.header.get("full_scale_mg", str(profile.full_scale_mg))
    if claimed != str(profile.full_scale_mg):
        raise differ("full_scale_mg", profile.full_scale_mg, f"{claimed} in the log's header")


def _find(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the files to read with the ids their logs get."""
    given = sorted(paths)
    files = [path for path in given if not path.name.endswith(SPANS_SUFFIX)]
    if not files:
        raise UserError(
            "expected a log, a table or a folder of logs"
            + (f", found only {given[0]}: spans are read with their log" if given else ", found none")
        )
    names = _names([path for path in files if not path.is_dir()])
    for path in files:
        if not path.exists():
            raise UserError(f"{path} does not exist: expected a log, a table or a folder of logs")
        if path in names:
            yield path, names[path]
            continue
        below = sorted(
            file
            for pattern in ("*.csv", "*.csv.gz")
            for file in path.rglob(pattern)
            if not file.name.startswith(".") and not file.name.endswith(SPANS_SUFFIX)
        )
        if not below:
            raise UserError(
                f"{path} holds no recordings: expected logs (*.csv that begin '# tinygesture-log') or tables"
            )
        for file in below:
            yield file, file.relative_to(path).as_posix().removesuffix(".csv")


def _names(files: Sequence[Path]) -> dict[Path, str]:
    """Name logs given one by one: by file name, or from the common folder on where those are equal."""
    names = {path: path.name.removesuffix(".csv") for path in files}
    if len(set(names.values())) < len(names):
        common = os.path.commonpath([path.absolute().parent for path in files])
        names = {path: path.absolute().relative_to(common).as_posix().removesuffix(".csv") for path in files}
    return names


def _read(path: Path, name: str) -> list[Recording]:
    beginning = read_bytes(path)[:8].removeprefix(b"\xef\xbb\xbf")
    if not beginning.startswith((b"#", b"seq,")):
        from gesture_tools.tables import read_table

        return read_table(path)
    from gesture_tools.logs import read_log

    recording = read_log(path, name)
    profile_path = _profile_path(path)
    if profile_path is not None:
        check_profile(recording, Profile.read(profile_path), profile_path)
    return [recording]


def _profile_path(path: Path) -> Path | None:
    folder = path if path.is_dir() else path.parent
    for candidate in (folder, *folder.absolute().parents):
        if (candidate / PROFILE_NAME).is_file():
            return candidate / PROFILE_NAME
    return None
