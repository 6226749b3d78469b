"""Logs: one recording per CSV file, as a device sent it. The format is specified in docs/formats.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.files import read_rows, read_text, write_atomic
from gesture_tools.profile import CHANNEL_COLUMNS
from gesture_tools.recordings import (
    BACKGROUND,
    MAX_NUMBER,
    SPANS_SUFFIX,
    Recording,
    Span,
    find_gap,
    has_control,
)

VERSION_KEY = "tinygesture-log"
VERSION = "1"
PART_SUFFIX = ".part"
"""Ends the name of a log, and of its spans, while it is being recorded."""

SPAN_COLUMNS = ["label", "start_us", "end_us"]

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_KEY = re.compile(r"[a-z0-9_-]+")
_LEADING = ("seq", "t_us")
_ROWS_AT_ONCE = 10_000  # numbers as Python's take ten times the room
_RESERVED = (VERSION_KEY, "label", "subject", "session")


def spans_path(path: Path) -> Path:
    """Path of the spans file that belongs to a log."""
    part = PART_SUFFIX if path.name.endswith(PART_SUFFIX) else ""
    return path.with_name(path.name.removesuffix(part).removesuffix(".csv") + SPANS_SUFFIX + part)


def read_log(path: Path, name: str | None = None) -> Recording:
    """Read a log and, where there is one, its spans file.

    name is the recording's id; the file's name without ``.csv`` when None. A last line without a line end
    (the cable was pulled) is left out. Raises UserError naming line and column of what is wrong.
    """
    text = read_text(path)
    if "\r" in text and "\n" not in text:
        raise UserError(f"{path} has line ends of CR alone: expected LF or CRLF; save it with LF")
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
    lines = text.splitlines()
    header, first = _read_header(path, lines)
    channels, columns = _read_columns(path, lines, first)
    values, numbers = _read_values(path, lines, first + 1, columns)
    _check_values(path, values, numbers, columns)
    t_us = values[:, 1].copy()
    spans = _read_spans(spans_path(path), int(t_us[0]), int(t_us[-1]))
    return Recording(
        id=path.name.removesuffix(".csv") if name is None else name,
        label=_label(path, header, spans),
        subject=header["subject"],
        session=header["session"],
        t_us=t_us,
        samples=values[:, 2:].astype(np.int16),
        spans=spans or (),
        source=path,
        channels=channels,
        seq=values[:, 0].copy(),
        header={key: value for key, value in header.items() if key not in _RESERVED},
    )


def write_log(path: Path, recording: Recording, header: Mapping[str, str]) -> None:
    """Write a recording as a log (and its spans beside it when its label is None), each whole or not at all.

    header holds further ``key: value`` lines; label, subject and session come from the recording.
    Raises ValueError for a header that cannot be read back, UserError when a file cannot be written.
    """
    if path.suffix != ".csv" or path.name.endswith(SPANS_SUFFIX):
        raise ValueError(f"{path}: the name of a log must end in .csv and not in {SPANS_SUFFIX}")
    seq = np.arange(len(recording.t_us)) if recording.seq is None else recording.seq
    text = log_header(recording.label, recording.subject, recording.session, recording.channels, header)
    text += log_rows(seq, recording.t_us, recording.samples)
    if recording.label is None:
        _write_spans(spans_path(path), recording.spans)
    write_atomic(path, text)


def log_header(
    label: str | None, subject: str, session: str, channels: Sequence[str], header: Mapping[str, str]
) -> str:
    """Return a log's lines before its samples; raise ValueError for a header that cannot be read back."""
    entries = {VERSION_KEY: VERSION}
    if label is not None:
        entries["label"] = label
    entries |= {"subject": subject, "session": session}
    for key, value in header.items():
        if key in _RESERVED:
            raise ValueError(f"header key {key!r} comes from the recording")
        entries[key] = value
    for key, value in entries.items():
        if not _KEY.fullmatch(key) or value != value.strip() or not value or len(value.splitlines()) > 1:
            raise ValueError(f"header line {key!r}: {value!r} cannot be written as '# key: value'")
        if key in _RESERVED and has_control(value):
            raise ValueError(f"{key} {value!r} holds a control character")
    lines = [f"# {key}: {value}" for key, value in entries.items()]
    lines.append(",".join((*_LEADING, *(CHANNEL_COLUMNS[kind] for kind in channels))))
    return "\n".join(lines) + "\n"


def log_rows(seq: NDArray[np.int64], t_us: NDArray[np.int64], samples: NDArray[np.int16]) -> str:
    """Return samples as the lines of a log."""
    rows = np.column_stack((seq, t_us, samples))
    pieces = (rows[first : first + _ROWS_AT_ONCE].tolist() for first in range(0, len(rows), _ROWS_AT_ONCE))
    return "".join("".join(",".join(map(str, row)) + "\n" for row in piece) for piece in pieces)


def _read_header(path: Path, lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """Return the header's entries and the index of the line after them."""
    header: dict[str, str] = {}
    index = 0
    for index, line in enumerate(lines):
        if not line.startswith("#"):
            break
        key, colon, value = (part.strip() for part in line[1:].partition(":"))
        if not colon or not key or key in header:
            reason = "a key appears twice" if key in header else "no key"
            raise UserError(
                f"{path}, line {index + 1}: expected '# key: value', found {line[:60]!r} ({reason})"
            )
        if key in _RESERVED and has_control(value):
            raise UserError(
                f"{path}, line {index + 1}: {key} holds a control character: expected text, "
                f"found {value[:60]!r}"
            )
        header[key] = value
    version = header.get(VERSION_KEY)
    if version != VERSION:
        found = "nothing" if not lines else repr(lines[0][:60])
        if version is not None:
            raise UserError(f"{path} is a log of version {version}: expected {VERSION}; update tinygesture")
        raise UserError(
            f"{path} is no log: expected the first line '# {VERSION_KEY}: {VERSION}', found {found}"
        )
    for key in ("subject", "session"):
        if not header.get(key):
            raise UserError(f"{path}: the header lacks {key}: expected a line '# {key}: ...'")
    return header, index


def _read_columns(path: Path, lines: Sequence[str], index: int) -> tuple[tuple[str, ...], list[str]]:
    """Return channel kinds and column names from the line that names the columns."""
    kinds = {column: kind for kind, column in CHANNEL_COLUMNS.items()}
    columns = [] if lines[index].startswith("#") else [name.strip() for name in lines[index].split(",")]
    expected = ",".join((*_LEADING, *kinds))
    where = f"{path}, line {index + 1}: expected the columns {expected}"
    if missing := [name for name in _LEADING if name not in columns]:
        raise UserError(f"{where}; missing: {', '.join(missing)}")
    names = columns[2:]
    if tuple(columns[:2]) != _LEADING or not names or len(set(names)) != len(names):
        raise UserError(f"{where}; found {','.join(columns)}")
    if unknown := [name for name in names if name not in kinds]:
        raise UserError(f"{where}; unknown: {', '.join(unknown)}")
    return tuple(kinds[name] for name in names), columns


def _read_values(
    path: Path, lines: Sequence[str], start: int, columns: list[str]
) -> tuple[NDArray[np.int64], list[int]]:
    """Return the values (rows, columns) and each row's line number."""
    numbers = [number for number, line in enumerate(lines[start:], start + 1) if line.strip()]
    if len(numbers) < 2:
        raise UserError(
            f"{path} holds {len(numbers)} complete samples: expected at least two; record it again"
        )
    try:
        values = np.loadtxt(lines[start:], dtype=np.int64, delimiter=",", comments=None, ndmin=2)
    except ValueError as error:
        raise _diagnose(path, lines, numbers, columns) from error
    if values.shape[1] != len(columns):
        raise _diagnose(path, lines, numbers, columns)
    return values, numbers


def _diagnose(path: Path, lines: Sequence[str], numbers: list[int], columns: list[str]) -> UserError:
    """Say which line and column cannot be read."""
    for number in numbers:
        fields = lines[number - 1].split(",")
        if len(fields) != len(columns):
            return UserError(f"{path}, line {number}: expected {len(columns)} columns, found {len(fields)}")
        for name, value in zip(columns, fields, strict=True):
            if not _NUMBER.fullmatch(value.strip()):
                return UserError(
                    f"{path}, line {number}, column {name}: expected a whole number, found {value[:40]!r}"
                )
    return UserError(f"{path} cannot be read as numbers: expected whole numbers separated by commas")


def _check_values(path: Path, values: NDArray[np.int64], numbers: list[int], columns: list[str]) -> None:
    too_large = (values[:, :2] > MAX_NUMBER) | (values[:, :2] < -MAX_NUMBER)
    if too_large.any():
        row, column = (int(index) for index in np.argwhere(too_large)[0])
        raise UserError(
            f"{path}, line {numbers[row]}, column {columns[column]}: expected a magnitude of at most 10^15, "
            f"found {values[row, column]}"
        )
    outside = values[:, 2:] != values[:, 2:].astype(np.int16)
    if outside.any():
        row, column = (int(index) for index in np.argwhere(outside)[0])
        raise UserError(
            f"{path}, line {numbers[row]}, column {columns[2 + column]}: {values[row, 2 + column]} is beyond "
            "int16: expected -32768 to 32767 milli-g"
        )
    for column, what in (
        (1, "time runs backwards or stands still"),
        (0, "the sequence number does not grow"),
    ):
        steps = np.diff(values[:, column])
        if (steps <= 0).any():
            row = int(np.argmax(steps <= 0)) + 1
            raise UserError(
                f"{path}, line {numbers[row]}, column {columns[column]}: {what}: "
                f"{values[row, column]} after {values[row - 1, column]}"
            )
    if gap := find_gap(values[:, 1]):
        row, what = gap
        raise UserError(f"{path}, line {numbers[row]}, column {columns[1]}: {what}")


def _label(path: Path, header: Mapping[str, str], spans: tuple[Span, ...] | None) -> str | None:
    label = header.get("label")
    if spans is None:
        if not label:
            raise UserError(
                f"{path}: expected a header line '# label: ...' or a spans file {spans_path(path).name}"
            )
        return label
    if label not in (None, BACKGROUND):
        name = spans_path(path).name
        raise UserError(f"{path} is labelled {label!r} and has the spans file {name}: expected one of both")
    return None


def _read_spans(path: Path, first_us: int, last_us: int) -> tuple[Span, ...] | None:
    """Return a log's spans, within first_us to last_us, in order of time, or None without a file."""
    if not path.exists():
        return None
    text = read_text(path)
    if path.name.endswith(PART_SUFFIX):
        text = text[: text.rfind("\n") + 1]
    rows = read_rows(path, text.splitlines())
    line, columns = next(rows, (1, []))
    if columns != SPAN_COLUMNS:
        raise UserError(
            f"{path}, line {line}: expected the columns {','.join(SPAN_COLUMNS)}, "
            f"found {','.join(columns)[:80]!r}"
        )
    spans = []
    for line, row in rows:
        where = f"{path}, line {line}"
        if len(row) != 3 or not row[0].strip() or not all(_NUMBER.fullmatch(value) for value in row[1:]):
            raise UserError(
                f"{where}: expected a label and two whole numbers (us), found {','.join(row)[:60]!r}"
            )
        span = Span(row[0].strip(), int(row[1]), int(row[2]))
        if has_control(span.label):
            raise UserError(f"{where}: the label {span.label[:60]!r} holds a control character")
        if span.end_us <= span.start_us:
            raise UserError(
                f"{where}: the span ends at {span.end_us} us, not after its start {span.start_us} us"
            )
        if span.start_us < first_us or span.end_us > last_us:
            raise UserError(
                f"{where}: the span {span.start_us} to {span.end_us} us lies outside the recording: "
                f"expected within {first_us} to {last_us} us"
            )
        spans.append(span)
    spans.sort(key=lambda span: span.start_us)
    for before, after in pairwise(spans):
        if after.start_us < before.end_us:
            raise UserError(
                f"{path}: the spans {before.label!r} to {before.end_us} us and {after.label!r} from "
                f"{after.start_us} us overlap: a sample has one label"
            )
    return tuple(spans)


def _write_spans(path: Path, spans: Sequence[Span]) -> None:
    for span in spans:
        if not span.label.strip() or any(mark in span.label for mark in ',"') or has_control(span.label):
            raise ValueError(
                f"span label {span.label!r} is empty or holds a comma, quote or control character"
            )
    lines = [",".join(SPAN_COLUMNS), *(f"{span.label},{span.start_us},{span.end_us}" for span in spans)]
    write_atomic(path, "\n".join(lines) + "\n")
