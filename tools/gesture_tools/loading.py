"""Recordings from files and folders: logs and tables are found, read, and checked against a profile."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.files import BOM, read_bytes, why
from gesture_tools.logs import PART_SUFFIX, read_log
from gesture_tools.profile import Profile, holding
from gesture_tools.recordings import FORCED, SPANS_SUFFIX, Recording

EXPECTED_EVENTS = "# Events expected"
"""How a file of ``gesture simulate --write-expect`` begins."""


def load(paths: Iterable[Path]) -> list[Recording]:
    """Load the recordings of folders, logs and tidy tables, ordered by path.

    A folder stands for every ``*.csv`` and ``*.csv.gz`` below it, but in folders whose name begins with a
    dot. Spans are read with their logs; files of expected events are passed over. A log's id is its path
    below the folder given, or its name, without ``.csv``; where two are equal, it is the path from the folder
    that all have in common. A table's recordings keep their ``recording_id``, with the table's name before it
    where another table has the same one.
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


def load_folder(folder: Path) -> list[Recording]:
    """Load what a folder holds so far; nothing where it does not exist, or is empty."""
    there = folder.is_dir() and any(map(_is_recording, _tables_below(folder)))
    return load([folder]) if there else []


def _find(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the files to read with the ids their logs get."""
    given = sorted(paths)
    files = [path for path in given if _is_recording(path)]
    if not files:
        raise UserError(
            "expected a log, a table or a folder of logs"
            + (f", found only {given[0]}: spans are read with their log" if given else ", found none")
        )
    found = files_below(files)
    yield from zip([file for _, file in found], names(found), strict=True)


def files_below(paths: Iterable[Path], with_spans: bool = False) -> list[tuple[Path, Path]]:
    """Return the recordings' files that paths stand for, each behind the path it was found by.

    with_spans: the files of spans, too. Raises UserError for a path that does not exist, cannot be read, or
    holds none.
    """
    found: list[tuple[Path, Path]] = []
    for path in sorted(paths):
        if not path.exists():
            raise UserError(f"{path} does not exist: expected a log, a table or a folder of logs")
        below = [
            file for file in _tables_below(path) if _is_recording(file) or (with_spans and _is_spans(file))
        ]
        if not below:
            if parts := sorted(path.rglob(f"*.csv{PART_SUFFIX}")):
                raise UserError(
                    f"{path} holds no recordings yet, only {parts[0]}: a recording in progress or "
                    "broken off; give it by its name, or let 'gesture record' into this folder take it up"
                )
            raise UserError(
                f"{path} holds no recordings: expected logs (*.csv that begin '# tinygesture-log') or tables "
                "(*.csv, *.csv.gz)"
            )
        found += [(path, file) for file in below]
    return found


def _is_spans(path: Path) -> bool:
    return path.name.endswith(SPANS_SUFFIX)


def _is_recording(path: Path) -> bool:
    """Whether a file is neither spans nor expected events, which lie beside the logs they speak of."""
    if _is_spans(path):
        return False
    if not path.is_file():  # a pipe would be waited for
        return True
    try:
        return not is_expectation(path)
    except OSError:
        return True  # whoever reads it will say why it cannot be read


def is_expectation(path: Path) -> bool:
    """Whether a file holds expected events; raise OSError when it cannot be read."""
    with path.open("rb") as file:
        beginning = file.read(len(BOM) + len(EXPECTED_EVENTS))
    return beginning.removeprefix(BOM).startswith(EXPECTED_EVENTS.encode())


def names(found: Sequence[tuple[Path, Path]]) -> list[str]:
    """Name logs found below the paths given: from these on, or from the common folder on where two are equal.

    found: the path given and the file, in pairs.
    """
    parts = [file.relative_to(path) if path.is_dir() else Path(file.name) for path, file in found]
    if len(set(parts)) < len(parts):
        common = os.path.commonpath([file.absolute().parent for _, file in found])
        parts = [file.absolute().relative_to(common) for _, file in found]
    return [part.as_posix().removesuffix(".csv") for part in parts]


def _tables_below(path: Path) -> list[Path]:
    """Return every ``*.csv`` and ``*.csv.gz`` in a folder and below, sorted, none that begins with a dot.

    A file stands for itself. Raises UserError where a folder cannot be read.
    """
    if not path.is_dir():
        return [path]

    def refuse(error: OSError) -> None:
        raise UserError(f"cannot read {error.filename}: {why(error)}")

    below = []
    for folder, subfolders, files in os.walk(path, onerror=refuse):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        below += [
            Path(folder, name)
            for name in files
            if name.endswith((".csv", ".csv.gz")) and not name.startswith(".")
        ]
    return sorted(below)


def _read(path: Path, name: str) -> list[Recording]:
    beginning = read_bytes(path)[:8].removeprefix(BOM)
    if not beginning.startswith((b"#", b"seq,")):
        from gesture_tools.tables import read_table

        return read_table(path)
    recording = read_log(path, name)
    profile_path = _profile_path(path)
    if profile_path is not None:
        check_profile(recording, Profile.read(profile_path), profile_path)
    return [recording]


def _profile_path(path: Path) -> Path | None:
    return holding(path if path.is_dir() else path.parent)
