"""Writing imported recordings into a data folder: checked first, nothing overwritten, each file whole.

One import at a time holds the folder, where the system can. Each log's name is claimed as ``gesture record``
claims it: by creating NAME.csv.part, which one process alone can.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.exchange.filenames import slug
from gesture_tools.exchange.pieces import TOLERANCE, common_rate, stated
from gesture_tools.files import folders, held, hold, undisturbed, why
from gesture_tools.loading import check_profile, load_folder
from gesture_tools.logs import PART_SUFFIX, spans_path, write_log
from gesture_tools.profile import Profile, holding
from gesture_tools.recordings import BACKGROUND, Recording

RANGES_MG = (2000, 4000, 8000, 16000, 32767)
"""Full scales of accelerometers: the smallest that holds all samples is taken, where no header says one."""

CONTINUOUS = "continuous"


def renamed(recording: Recording, labels: dict[str, str]) -> Recording:
    """Return a recording with labels changed by a table, and without spans of the background."""
    spans = (replace(span, label=labels.get(span.label, span.label)) for span in recording.spans)
    label = None if recording.label is None else labels.get(recording.label, recording.label)
    return replace(recording, label=label, spans=tuple(s for s in spans if s.label != BACKGROUND))


def profile_of(folder: Path) -> tuple[Path, Profile] | None:
    """Return the profile that holds for a folder, existing or not, and where it stands."""
    path = holding(folder)
    return None if path is None else (path, Profile.read(path))


def new_profile(recordings: Sequence[Recording], rate_hz: float | None, full_scale_mg: int | None) -> Profile:
    """Return a profile that holds for the recordings; raise UserError when none does."""
    rate = common_rate(recordings) if rate_hz is None else rate_hz
    largest = max(int(np.abs(recording.samples.astype(np.int32)).max()) for recording in recordings)
    meant = stated(recordings, "full_scale_mg")
    if meant is None or not largest <= meant <= RANGES_MG[-1]:
        meant = next(scale for scale in RANGES_MG if scale >= largest)
    return Profile(rate_hz=rate, full_scale_mg=full_scale_mg or int(meant), rate_tolerance=TOLERANCE)


def store(
    recordings: Sequence[Recording],
    folder: Path,
    profile: Profile,
    profile_path: Path,
    progress: Callable[[Sequence[Recording]], AbstractContextManager[Iterable[Recording]]] = nullcontext,
) -> list[Path]:
    """Write recordings as logs below a folder, SUBJECT/LABEL_NN.csv, and the profile where there is none.

    Everything is checked before the first file is written; what was written goes when not all can be, or when
    this is interrupted. Raises UserError for a recording that is off the profile, cannot be written as a log,
    or is in the folder already.
    """
    for recording in recordings:
        _check_names(recording)
        check_profile(recording, profile, profile_path)
    with folders(folder), held(folder) as alone:
        if not alone:
            raise UserError(
                f"another import writes to {folder}: expected one at a time; wait until it is done"
            )
        if (there := profile_of(folder)) not in (None, (profile_path, profile)):
            raise UserError(f"{there and there[0]} has changed meanwhile: import again")
        _check_new(recordings, folder)
        with folders(*{folder / slug(recording.subject) for recording in recordings}):
            return _write(recordings, folder, profile, profile_path, progress)


def _write(
    recordings: Sequence[Recording],
    folder: Path,
    profile: Profile,
    profile_path: Path,
    progress: Callable[[Sequence[Recording]], AbstractContextManager[Iterable[Recording]]],
) -> list[Path]:
    is_new = not profile_path.exists()
    names: set[str] = set()
    written: list[Path] = []
    try:
        if is_new:
            profile.write(profile_path)
        with progress(recordings) as taken:
            for recording in taken:
                below = folder / slug(recording.subject)
                with undisturbed():  # nothing is created that is not noted
                    path, claim = _claim(below, slug(recording.label or CONTINUOUS), names)
                    written.append(path)
                with os.fdopen(claim):
                    write_log(path, recording, recording.header)
                _part(path).unlink()
    except BaseException:
        with undisturbed():
            for path in written:
                for file in (path, spans_path(path), _part(path)):
                    file.unlink(missing_ok=True)
            if is_new:
                profile_path.unlink(missing_ok=True)
        raise
    return written


def _part(path: Path) -> Path:
    return path.with_name(path.name + PART_SUFFIX)


def _claim(folder: Path, stem: str, taken: set[str]) -> tuple[Path, int]:
    """Claim the first name in the folder that no log has, on any file system, for as long as its part exists.

    Returns the path and the open part, which this process holds.
    """
    while True:
        path = _free_path(folder, stem, taken)
        try:
            claim = os.open(_part(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            continue
        except OSError as error:
            raise UserError(f"cannot write {path}: {why(error)}") from error
        hold(claim)
        if not path.exists() and not spans_path(path).exists():  # since the folder was listed
            return path, claim
        os.close(claim)
        _part(path).unlink()


def _free_path(folder: Path, stem: str, taken: set[str]) -> Path:
    """Return the first name in the folder that no log had when it was listed, in any case of letters."""
    key = str(folder).casefold()
    if key not in taken:
        taken.add(key)
        taken.update(f"{key}/{name.name.casefold().removesuffix(PART_SUFFIX)}" for name in folder.iterdir())
    number = 1
    while {f"{key}/{stem}_{number:02}{end}".casefold() for end in (".csv", ".spans.csv")} & taken:
        number += 1
    path = folder / f"{stem}_{number:02}.csv"
    taken.add(f"{key}/{path.name.casefold()}")
    return path


def _check_names(recording: Recording) -> None:
    """Check that what the header and the spans file will hold can be read back."""
    names = {"subject": recording.subject, "session": recording.session}
    if recording.label is not None:
        names["label"] = recording.label
    for key, value in (names | dict(recording.header)).items():
        if not value or value != value.strip() or not value.isprintable():
            raise UserError(
                f"{recording.source}, {recording.id}: the {key} is {value!r}: expected text on one line, "
                "without blanks around it"
            )
    for span in recording.spans:
        if not span.label.strip() or not span.label.isprintable() or any(c in span.label for c in ',"'):
            raise UserError(
                f"{recording.source}, {recording.id}: the label {span.label!r} cannot stand in a spans file: "
                "expected no commas, quotes or line ends; rename it (--rename OLD=NEW)"
            )


def _check_new(recordings: Sequence[Recording], folder: Path) -> None:
    """Check that no recording is in the folder already."""
    there = {(r.samples.tobytes(), r.subject): r.source for r in load_folder(folder)}
    for recording in recordings:
        if (path := there.get((recording.samples.tobytes(), recording.subject))) is not None:
            raise UserError(
                f"{recording.source}, {recording.id}: {path} holds the same samples: imported already? "
                "Nothing was written; remove one of both"
            )
