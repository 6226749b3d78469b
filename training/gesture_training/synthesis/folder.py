"""Synthetic logs as a folder, which appears whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.files import make_folder, why
from gesture_tools.logs import write_log
from gesture_tools.profile import PROFILE_NAME
from gesture_tools.recordings import SPANS_SUFFIX, Recording
from gesture_training.synthesis.generate import PROFILE, Settings
from gesture_training.synthesis.sensor import STEP_MG

SYNTHETIC = b"# synthetic: yes"
"""Header line of every log that this module writes."""

HEADER_BYTES = 4096
"""More than the header of a synthetic log."""


@dataclass(frozen=True)
class Written:
    """What was written: number of recordings, seconds they last, bytes of all files."""

    recordings: int
    seconds: float
    bytes: int


def write(out: Path, settings: Settings, recordings: Iterable[Recording], replace: bool = False) -> Written:
    """Write `recordings`, made with `settings`, as the folder `out`.

    With `replace`, a folder that holds nothing but synthetic logs is replaced. Raises UserError when the
    folder is not empty, holds anything else, is the current one, or cannot be written.
    """
    out = _resolved(out)
    make_folder(out.parent)
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise UserError(f"cannot write in {out.parent}: {why(error)}") from error
    try:
        draft.chmod(0o755)
        PROFILE.write(draft / PROFILE_NAME)
        _check(out, draft, replace)
        count, seconds = 0, 0.0
        for recording in recordings:
            _write_recording(draft, recording, settings)
            count, seconds = count + 1, seconds + recording.duration_s
        size = sum(file.stat().st_size for file in draft.rglob("*") if file.is_file())
        _check(out, draft, replace)  # again: making the logs takes a while, in which others may write
        _put_in_place(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Written(count, seconds, size)


def _check(out: Path, draft: Path, replace: bool) -> None:
    """Refuse whatever must not be replaced; draft: the new folder, with its profile."""
    try:
        found = list(_entries(out))
        if found and not replace:
            raise UserError(f"{out} is not empty: give a new folder, or --force to replace synthetic logs")
        for path in found:
            if not _is_synthetic(path, out, draft):
                raise UserError(
                    f"{path} is not one of the synthetic logs: --force replaces nothing else; "
                    "give a new folder"
                )
    except OSError as error:
        raise UserError(f"cannot read {error.filename or out}: {why(error)}") from error


def _resolved(out: Path) -> Path:
    """Return the folder that out names, links followed; refuse a file and the current folder."""
    try:
        current = Path.cwd()
        resolved = Path(os.path.realpath(out))
    except OSError as error:
        raise UserError(f"cannot find the current folder: {error.strerror}; go to another one") from error
    if os.path.lexists(resolved) and not resolved.is_dir():
        kind = "a link that leads in a circle" if resolved.is_symlink() else "a file"
        raise UserError(f"{out} is {kind}: expected a new or empty folder")
    if current.is_relative_to(resolved):
        raise UserError(
            f"--out {out} is the current folder or one around it, which cannot be replaced: "
            "give a folder inside it, or run the command from elsewhere"
        )
    return resolved


def _entries(folder: Path) -> Iterator[Path]:
    """Yield everything below a folder, links not followed; nothing when there is no folder."""
    if not folder.exists():
        return
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path))


def _is_synthetic(path: Path, out: Path, draft: Path) -> bool:
    """Whether path, below out, is what this module writes: the profile, a person's folder or a log."""
    name = path.relative_to(out).as_posix()
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return re.fullmatch(r"p\d\d", name) is not None
    if not stat.S_ISREG(mode):
        return False
    if name == PROFILE_NAME:
        return path.read_bytes() == (draft / PROFILE_NAME).read_bytes()
    if re.fullmatch(r"p\d\d/\w+(\.spans)?\.csv", name) is None:
        return False
    if name.endswith(SPANS_SUFFIX):
        header = _header(path.with_name(path.name.removesuffix(SPANS_SUFFIX) + ".csv"))
        return SYNTHETIC in header and not any(line.startswith(b"# label:") for line in header)
    return SYNTHETIC in _header(path)


def _header(path: Path) -> list[bytes]:
    """Return the header lines of a log, none when it is missing."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        return [line for line in file.read(HEADER_BYTES).splitlines() if line.startswith(b"#")]


def _write_recording(folder: Path, recording: Recording, settings: Settings) -> None:
    """Write one recording where its id says, marked as synthetic."""
    path = folder / f"{recording.id}.csv"
    path.parent.mkdir(exist_ok=True)
    options = f"--people {settings.people} --takes {settings.takes} --seed {settings.seed}"
    header = {
        "board": "none (synthetic)",
        "sensor": f"model of a 12-bit accelerometer, {STEP_MG} milli-g steps",
        "rate_hz": f"{PROFILE.rate_hz:g}",
        "full_scale_mg": str(PROFILE.full_scale_mg),
        "frame": PROFILE.frame,
        "synthetic": "yes",
        "made_by": f"gesture synthesize {options}",
    }
    write_log(path, recording, header)


def _put_in_place(draft: Path, out: Path) -> None:
    """Give the draft its name; what was there is deleted only after the new folder is in place."""
    old = draft.with_name(f"{draft.name}.old")
    try:
        if out.exists():
            out.rename(old)
        draft.rename(out)
    except BaseException as error:
        if old.exists() and not out.exists():
            old.rename(out)
        if isinstance(error, OSError):
            raise UserError(f"cannot write {out}: {why(error)}") from error
        raise
    shutil.rmtree(old, ignore_errors=True)
