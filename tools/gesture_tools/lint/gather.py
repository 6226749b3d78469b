"""Reading a data set file by file, so that one bad file does not hide what is wrong with the others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.lint.finding import ERROR, Finding, found
from gesture_tools.loading import files_below, load, load_profile, names
from gesture_tools.logs import read_log, spans_path
from gesture_tools.profile import Profile
from gesture_tools.recordings import BACKGROUND, SPANS_SUFFIX, Recording, Span

LEAST_GAP_S = 1.0
"""Time between two spans of a continuous recording that counts as background, as in training."""


@dataclass
class DataSet:
    """The recordings that could be read, and what was wrong with the files."""

    recordings: list[Recording] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    files: int = 0

    @property
    def full_scale_mg(self) -> int | None:
        """Full scale that all profiles agree on, milli-g."""
        scales = {profile.full_scale_mg for profile in self.profiles}
        return scales.pop() if len(scales) == 1 else None

    def takes(self) -> Iterator[tuple[Recording, Span]]:
        """Yield every labelled stretch: whole recordings, spans, and the background between spans."""
        for recording in self.recordings:
            first, last = int(recording.t_us[0]), int(recording.t_us[-1])
            if recording.label is not None:
                yield recording, Span(recording.label, first, last)
                continue
            position = first
            for span in (*recording.spans, Span("", last, last)):
                if span.start_us - position >= LEAST_GAP_S * 1e6:
                    yield recording, Span(BACKGROUND, position, span.start_us)
                if span.label:
                    yield recording, span
                position = span.end_us


def gather(paths: Iterable[Path], background: Iterable[str] = ()) -> DataSet:
    """Read all recordings of folders, logs and tables; raise UserError when a path does not exist.

    A log's id is its path below the folder given; a table's recordings keep theirs, behind the table's name
    where there is more than one file.

    background: further labels that mean BACKGROUND.
    """
    data = DataSet()
    refused: list[str] = []
    orphans: list[str] = []
    profiles: dict[Profile, None] = {}
    broken_profiles: dict[str, None] = {}
    files = list(_files(paths))
    for path, name in files:
        data.files += 1
        if path.name.endswith(SPANS_SUFFIX):
            log = path.with_name(path.name.removesuffix(SPANS_SUFFIX) + ".csv")
            if spans_path(log) == path and not log.exists():
                orphans.append(f"{path}: there is no {log.name}")
            continue
        try:
            loaded = load([path])
        except UserError as error:
            refused.append(error.message)
            loaded = _read_anyway(path)
        table = f"{name.removesuffix('.gz').removesuffix('.csv')}/" if len(files) > 1 else ""
        data.recordings += [
            replace(recording, id=f"{table}{recording.id}" if recording.seq is None else name)
            for recording in loaded
        ]
        try:
            if (profile := load_profile(path)) is not None:
                profiles[profile] = None
        except UserError as error:
            broken_profiles[error.message] = None
    data.profiles = list(profiles)
    if also := set(background):
        data.recordings = [_as_background(recording, also) for recording in data.recordings]
    refused = [message for message in refused if message not in broken_profiles]
    data.findings += found(
        "profile", ERROR, "gesture.toml cannot be used", "correct the field it names", list(broken_profiles)
    )
    data.findings += found(
        "refused",
        ERROR,
        "files that training would refuse",
        "correct or record again what each message names, or move the file out of the folder",
        refused,
    )
    data.findings += found(
        "orphan", ERROR, "spans without their log", "put the log back, or remove the spans file", orphans
    )
    return data


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield every file below the paths, each once, with the id that its log has."""
    once: dict[str, tuple[Path, Path]] = {}
    for path, file in files_below(paths, with_spans=True):
        once.setdefault(os.path.realpath(file), (path, file))
    found = list(once.values())
    yield from zip([file for _, file in found], names(found), strict=True)


def _as_background(recording: Recording, labels: set[str]) -> Recording:
    """Give a recording, and its spans, the label BACKGROUND instead of others."""
    spans = tuple(replace(s, label=BACKGROUND) if s.label in labels else s for s in recording.spans)
    return replace(recording, label=BACKGROUND if recording.label in labels else recording.label, spans=spans)


def _read_anyway(path: Path) -> list[Recording]:
    """Read a log whose only fault is that it differs from its profile."""
    try:
        return [read_log(path)]
    except UserError:
        return []
