"""Synthetic logs as a folder, which appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.files import make_folder
from gesture_tools.logs import write_log
from gesture_tools.profile import PROFILE_NAME
from gesture_tools.recordings import SPANS_SUFFIX, Recording
from gesture_training.synthesis.generate import PROFILE, Settings
from gesture_training.synthesis.sensor import STEP_MG


@dataclass(frozen=True)
class Written:
    """What was written: number of recordings, seconds they last, bytes of all files."""

    recordings: int
    seconds: float
    bytes: int


def write(out: Path, settings: Settings, recordings: Iterable[Recording], replace: bool = False) -> Written:
    """Write `recordings`, made with `settings`, as the folder `out`.

    With `replace`, a folder that holds nothing but synthetic logs is replaced. Raises UserError when the
    folder is not empty, holds anything else, or cannot be written.
    """
    out = out.absolute()
    _check(out, replace)
    make_folder(out.parent)
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise UserError(f"cannot write in {out.parent}: {error.strerror or error}") from error
    try:
        draft.chmod(0o755)
        PROFILE.write(draft / PROFILE_NAME)
        count, seconds = 0, 0.0
        for recording in recordings:
            _write_recording(draft, recording, settings)
            count, seconds = count + 1, seconds + recording.duration_s
        size = sum(file.stat().st_size for file in draft.rglob("*") if file.is_file())
        _put_in_place(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Written(count, seconds, size)


def _check(out: Path, replace: bool) -> None:
    """Refuse whatever must not be replaced."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: expected a new or empty folder")
    found = sorted(path for path in out.rglob("*") if path.is_file())
    if not found:
        return
    if not replace:
        raise UserError(f"{out} is not empty: give a new folder, or --force to replace synthetic logs")
    if foreign := [path for path in found if not _is_synthetic(path)]:
        raise UserError(
            f"{foreign[0]} is not a synthetic log: --force replaces nothing else; give a new folder"
        )


def _is_synthetic(path: Path) -> bool:
    """Whether a file is one that this module writes."""
    if path.name == PROFILE_NAME:
        return True
    if path.name.endswith(SPANS_SUFFIX):
        path = path.with_name(path.name.removesuffix(SPANS_SUFFIX) + ".csv")
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return "# synthetic: yes\n" in [next(lines, "") for _ in range(20)]
    except OSError:
        return False


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
    except OSError as error:
        if old.exists():
            old.rename(out)
        raise UserError(f"cannot write {out}: {error.strerror or error}") from error
    shutil.rmtree(old, ignore_errors=True)
