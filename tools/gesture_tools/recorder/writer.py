"""Samples on disk as they arrive, so that a process that is killed has lost nothing that it acknowledged.

A recording in progress is ``NAME.csv.part``, its spans ``NAME.spans.csv.part``: ordinary logs that every
command reads when they are named, and that no command takes from a folder. Each block is one write at the end
of the file; once a second the file is forced to the medium. A finished recording is written anew as
``NAME.csv``, whole or not at all, before its part is removed: a part beside a finished log is therefore only
a leftover.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.files import hold, is_held, make_folder, why
from gesture_tools.logs import PART_SUFFIX, SPAN_COLUMNS, log_header, log_rows, spans_path, write_log
from gesture_tools.recorder.source import Block
from gesture_tools.recordings import MAX_GAP_US, MAX_NUMBER, SPANS_SUFFIX, Recording, Span

SYNC_S = 1.0
"""Longest time that samples wait to be forced to the medium."""

MOST_TAKES = 9999


@dataclass(frozen=True)
class Heading:
    """What stands above a log's samples."""

    label: str | None
    subject: str
    session: str
    channels: tuple[str, ...]
    header: Mapping[str, str]


class PartWriter:
    """A recording in progress.

    The file appears with the first two samples, since fewer are no recording. With label None it has spans.
    """

    def __init__(self, folder: Path, stem: str, heading: Heading) -> None:
        self._folder = folder
        self._stem = stem
        self._heading = heading
        self._waiting: list[Block] = []
        self._last: Block | None = None
        self._log: int | None = None
        self._spans: int | None = None
        self._path: Path | None = None
        self._synced = 0.0
        self.samples = 0
        """Samples that are in the file."""

    @property
    def path(self) -> Path | None:
        """The file, once there is one."""
        return self._path

    def write(self, block: Block) -> None:
        """Append samples; when this returns they survive the end of this process.

        Raises UserError when they cannot be written (disk full), or could not be read again (time or sample
        numbers that jump); what was written before stays readable.
        """
        if not len(block):
            return
        self._check(block)
        if self._log is None:
            self._waiting.append(block)
            if sum(map(len, self._waiting)) < 2:
                return
            block = Block.join(self._waiting)
            self._waiting = []
            beginning = self._create()
        else:
            beginning = ""
        self._append(self._log, beginning + log_rows(block.seq, block.t_us, block.samples))
        self.samples += len(block)
        if time.monotonic() - self._synced >= SYNC_S:
            self.sync()

    def mark(self, span: Span) -> None:
        """Append a span, whose samples are written."""
        self._append(self._spans, f"{span.label},{span.start_us},{span.end_us}\n")

    def sync(self) -> None:
        """Force what is written to the medium."""
        for descriptor in (self._log, self._spans):
            if descriptor is not None:
                os.fsync(descriptor)
        self._synced = time.monotonic()

    def close(self) -> None:
        """Close the files and leave them as they are."""
        for descriptor in (self._log, self._spans):
            if descriptor is not None:
                with suppress(OSError):
                    os.fsync(descriptor)
                os.close(descriptor)
        self._log = self._spans = None

    def _check(self, block: Block) -> None:
        """Check that the log stays one that loads: no source is trusted to count and to keep time."""
        joined = block if self._last is None else Block.join([self._last, block])
        self._last = block.part(-1)
        for values, largest, what in (
            (joined.seq, MAX_NUMBER, "sample numbers"),
            (joined.t_us, MAX_GAP_US, "time"),
        ):
            steps = np.diff(values)
            if (steps <= 0).any() or (steps > largest).any() or abs(int(values[-1])) > MAX_NUMBER:
                raise UserError(
                    f"the board's {what} jumped: expected growing, gaps of at most 60 s; what came before is "
                    "kept; start again"
                )

    def _create(self) -> str:
        """Create the files; return the log's header."""
        header = log_header(
            self._heading.label,
            self._heading.subject,
            self._heading.session,
            self._heading.channels,
            self._heading.header,
        )
        make_folder(self._folder)
        for number in range(1, MOST_TAKES + 1):
            final = self._folder / f"{self._stem}_{number:02}.csv"
            if _taken(final):
                continue
            part = final.with_name(final.name + PART_SUFFIX)
            try:
                if self._heading.label is None:
                    self._spans = _open_new(spans_path(part))
                    self._append(self._spans, ",".join(SPAN_COLUMNS) + "\n")
                self._log = _open_new(part)
            except FileExistsError:
                continue
            except OSError as error:
                raise UserError(f"cannot write {part}: {why(error)}") from error
            self._path = part
            return header
        raise UserError(
            f"{self._folder} holds {MOST_TAKES} recordings {self._stem}: use another --session or --out"
        )

    def _append(self, descriptor: int | None, text: str) -> None:
        assert descriptor is not None
        data = memoryview(text.encode())
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError as error:
            raise UserError(
                f"cannot write {self._path}: {error.strerror or error}; the {self.samples} samples before "
                "are kept there: make room, then start again"
            ) from error


def finish(part: Path, recording: Recording, header: Mapping[str, str]) -> Path:
    """Write a recording under the name its part stands for, remove the part; return the log's path."""
    final = final_path(part)
    write_log(final, recording, header)
    for path in (final, spans_path(final)) if recording.label is None else (final,):
        _sync_file(path)
    _sync_file(final.parent)
    remove_part(part)
    return final


def remove_part(part: Path) -> None:
    """Remove a recording in progress and its spans."""
    part.unlink(missing_ok=True)
    spans_path(part).unlink(missing_ok=True)


def final_path(part: Path) -> Path:
    """Return the name that a recording gets when it is finished."""
    return part.with_name(part.name.removesuffix(PART_SUFFIX))


def left_parts(folder: Path) -> Iterator[Path]:
    """Yield the recordings below a folder that a process left unfinished, without those in progress now.

    What a process left between two steps goes: a part whose finished log is there, spans without their log,
    a part that was created and never written to.
    """
    spans_end = SPANS_SUFFIX + PART_SUFFIX
    for part in sorted(folder.rglob(f"*.csv{PART_SUFFIX}")):
        if part.name.startswith(".") or is_held(part):
            continue
        if part.name.endswith(spans_end):
            if not part.with_name(part.name.removesuffix(spans_end) + f".csv{PART_SUFFIX}").exists():
                part.unlink(missing_ok=True)
        elif final_path(part).exists() or not part.stat().st_size:
            remove_part(part)
        else:
            yield part


def _taken(final: Path) -> bool:
    """Whether a log of this name is there, finished or not, in any case of letters."""
    names = {final.name.casefold(), final.name.casefold() + PART_SUFFIX, spans_path(final).name.casefold()}
    return any(entry.name.casefold() in names for entry in final.parent.iterdir())


def _open_new(path: Path) -> int:
    """Create a file to append to, held by this process; raise FileExistsError when it is there."""
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644
    )
    hold(descriptor)
    return descriptor


def _sync_file(path: Path) -> None:
    """Force a file, or a folder's entries where the system can, to the medium."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
