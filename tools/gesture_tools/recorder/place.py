"""Where recordings go: the data folder, its profile, and names that neither clash nor lead out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gesture_tools.contract import LONGEST_LABEL
from gesture_tools.errors import UserError
from gesture_tools.exchange.filenames import slug
from gesture_tools.exchange.store import profile_of
from gesture_tools.files import make_folder
from gesture_tools.loading import check_profile, load_folder
from gesture_tools.profile import PROFILE_NAME, Profile
from gesture_tools.recorder.judge import check_source
from gesture_tools.recordings import SPANS_SUFFIX

LONGEST_NAME = 100
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class Place:
    """A data folder and the profile that holds there."""

    folder: Path
    profile: Profile
    profile_path: Path
    is_new: bool
    """Whether the profile was written now."""


def holding_profile(folder: Path) -> tuple[Path, Profile] | None:
    """Return the profile that holds for a folder and where it stands; None for a new folder."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {folder} is a file: expected a folder for recordings, existing or not")
    return profile_of(folder)


def take_place(folder: Path, found: Profile) -> Place:
    """Return the folder as a place for recordings of a source; its profile is written if there is none.

    Raises UserError when the source, or what lies in the folder without a profile, does not fit.
    """
    if holding := holding_profile(folder):
        check_source(found, holding[1], str(holding[0]))
        return Place(folder, holding[1], holding[0], is_new=False)
    path = folder / PROFILE_NAME
    for recording in load_folder(folder):
        check_profile(recording, found, path)
    make_folder(folder)
    found.write(path)
    return Place(folder, found, path, is_new=True)


def check_names(folder: Path, labels: list[str], subject: str, session: str) -> None:
    """Check what will stand in headers, spans and file names; raise UserError for what cannot, or clashes.

    A name clashes when a log in the folder has one that differs from it by case, blanks or marks alone: as a
    file name it would be the same, and as a label it would become a class of its own.
    """
    for label in labels:
        _check_text("label", label, LONGEST_LABEL)
        if any(character in label for character in ',"'):
            raise UserError(f"label {label!r}: expected no commas or quotes: they separate columns")
    _check_text("--subject", subject, LONGEST_NAME)
    _check_text("--session", session, LONGEST_NAME)
    known = {"label": labels, "subject": [subject]}
    for path, head in _heads(folder):
        for key, names in known.items():
            for name in names:
                there = head.get(key, name)
                if there != name and slug(there).casefold() == slug(name).casefold():
                    raise UserError(
                        f"the {key} {name!r} clashes with {there!r} of {path}: expected the same spelling, "
                        "or a name that differs by more than case and marks"
                    )
    for key, names in known.items():
        plain = {slug(name).casefold() for name in names}
        if len(plain) < len(names):
            raise UserError(f"two of the {key}s {', '.join(names)} would have one file name: rename one")


def _check_text(what: str, text: str, longest: int) -> None:
    """Raise UserError for a name that no header or file name can hold."""
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise UserError(f"{what} is {text!r}: expected text on one line, without blanks around it")
    if len(text.encode()) > longest:
        raise UserError(f"{what} {text[:20]!r}... is too long: expected at most {longest} bytes")
    if not any(character.isalnum() for character in text):
        raise UserError(f"{what} is {text!r}: expected letters or digits in it")
    if any(character in text for character in "/\\"):
        raise UserError(f"{what} is {text!r}: expected no slashes: files are named after it")


def _heads(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield the logs below a folder and the header of each; what is no log is passed over."""
    for path in sorted(folder.rglob("*.csv")) if folder.is_dir() else []:
        if path.name.endswith(SPANS_SUFFIX) or path.name.startswith("."):
            continue
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read(_HEAD_BYTES)
        except OSError:
            continue
        lines = [line[1:].partition(":") for line in text.splitlines() if line.startswith("#")]
        yield path, {key.strip(): value.strip() for key, _, value in lines}
