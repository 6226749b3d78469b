"""Tidy tables: many recordings in one CSV file, as public data sets arrive. Specified in docs/formats.md."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.files import MAX_BYTES, read_bytes, read_rows
from gesture_tools.recordings import MAX_NUMBER, Recording, Span, find_gap, has_control

if TYPE_CHECKING:
    import pandas as pd

TEXT_COLUMNS = ("recording_id", "label", "subject")
NUMBER_COLUMNS = ("t_ms", "ax", "ay", "az")
COLUMNS = (*TEXT_COLUMNS, *NUMBER_COLUMNS)

_LIMIT_G = 32.767
_LIMIT_MS = MAX_NUMBER / 1000

_STEP_MS = (0.1, 2000.0)
"""Time between samples that a sensor may have; other ones are of another unit."""

_LONGEST_HEADER = 1 << 16
"""Bytes of the names of columns: of some thousand; what is longer is no table."""

_UNIT_ROWS = 20
_UNIT_NEAR = 0.2
"""Rows that a unit is judged by, at least, and how near to gravity their median magnitude is."""


def read_table(path: Path) -> list[Recording]:
    """Read a tidy table (``.csv`` or ``.csv.gz``), recordings in order of appearance.

    Acceleration in g becomes milli-g, rounded; t_ms becomes microseconds. Rows that repeat a time stamp are
    spread evenly up to the next one. A recording whose label changes gets label None and one span per run
    of a label, from its first sample to the next run's. Raises UserError naming what is wrong and where.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise UserError(
            f"{path} is a table, and reading tables needs pandas: python -m pip install pandas"
        ) from error

    table = _parse(path, _read(path))
    values = table[list(NUMBER_COLUMNS)].to_numpy(np.float64, copy=True)
    _from_the_first(values[:, 0])
    _check_unit(path, values[:, 1:])
    _check_numbers(path, values)
    t_us = np.rint(values[:, 0] * 1000).astype(np.int64)
    samples = np.rint(values[:, 1:] * 1000).astype(np.int16)
    codes, ids = pd.factorize(table["recording_id"])
    labels, subjects = table["label"].cat, table["subject"].cat
    label_codes, subject_codes = labels.codes.to_numpy(), subjects.codes.to_numpy()

    recordings = []
    order = np.argsort(codes, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(codes))[:-1]):
        name = str(ids[codes[rows[0]]])
        if len(rows) < 2:
            raise UserError(
                f"{path}, line {rows[0] + 2}: recording {name!r} has one row: expected at least two"
            )
        people = subject_codes[rows]
        if (people != people[0]).any():
            two = [str(subjects.categories[code]) for code in dict.fromkeys(people.tolist())]
            raise UserError(
                f"{path}: recording {name!r} has the subjects {two[0]!r} and {two[1]!r}: expected one; "
                "give each person's recordings ids of their own"
            )
        stamps = _spread(path, name, t_us[rows], rows)
        if gap := find_gap(stamps):
            at, what = gap
            raise UserError(f"{path}, line {rows[at] + 2}: recording {name!r} has {what}")
        step_ms = float(np.median(np.diff(stamps))) / 1000
        if not _STEP_MS[0] <= step_ms <= _STEP_MS[1]:
            raise UserError(
                f"{path}: recording {name!r} has a sample every {step_ms:g} ms: "
                f"expected t_ms in milliseconds, {_STEP_MS[0]:g} to {_STEP_MS[1]:g} apart"
            )
        runs = label_codes[rows]
        starts = np.flatnonzero(np.diff(runs, prepend=-1))
        ends = [*starts[1:].tolist(), len(rows) - 1]
        spans = tuple(
            Span(str(labels.categories[runs[start]]), int(stamps[start]), int(stamps[end]))
            for start, end in zip(starts.tolist(), ends, strict=True)
            if end > start
        )
        recordings.append(
            Recording(
                id=name,
                label=spans[0].label if len(starts) == 1 else None,
                subject=str(subjects.categories[people[0]]),
                session="",
                t_us=stamps,
                samples=samples[rows],
                spans=spans if len(starts) > 1 else (),
                source=path,
            )
        )
    return recordings


def _read(path: Path) -> bytes:
    """Return the text of a table, decompressed, without blank lines at its end; its columns are there.

    Names of columns that do not matter are replaced: they may be anything, and more than once.
    """
    data = read_bytes(path)
    if path.name.endswith(".gz"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                data = file.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(
                f"{path} is not a readable gzip file ({error}): fetch or compress it again"
            ) from error
        if len(data) > MAX_BYTES:
            raise UserError(f"{path} holds more than 1 GiB of text: split the table")
    data = data.removeprefix(b"\xef\xbb\xbf").rstrip()
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data:
        raise UserError(f"{path} is empty: expected a table with the columns {','.join(COLUMNS)}")
    first, _, rest = data.partition(b"\n")
    if len(first) > _LONGEST_HEADER:
        raise UserError(
            f"{path}: the first line has {len(first)} bytes: expected the names of columns, at most "
            f"{_LONGEST_HEADER}; leave out columns other than {','.join(COLUMNS)}"
        )
    found = [name.strip() for name in _first_row(path, first)]
    if b";" in first and len(found) == 1:
        raise UserError(
            f"{path}: columns are separated by semicolons: expected commas, and points in numbers; export "
            "it again, or replace them"
        )
    if missing := [name for name in COLUMNS if name not in found]:
        raise UserError(
            f"{path}: missing columns: {', '.join(missing)}; expected a log (it begins '# tinygesture-log') "
            f"or a table with the columns {','.join(COLUMNS)}, found {','.join(found)[:80]!r}"
        )
    if twice := [name for name in COLUMNS if found.count(name) > 1]:
        raise UserError(
            f"{path}: the column {twice[0]} appears {found.count(twice[0])} times: expected it once"
        )
    if not rest:
        raise UserError(f"{path} has columns and no rows: expected at least two samples")
    second = _first_row(path, rest.partition(b"\n")[0])
    if len(second) > len(found):
        raise UserError(f"{path}, line 2: expected {len(found)} columns, found {len(second)}")
    header = ",".join(name if name in COLUMNS else f"column {place}" for place, name in enumerate(found))
    return header.encode() + b"\n" + rest


def _first_row(path: Path, line: bytes) -> list[str]:
    return next(read_rows(path, [line.decode(errors="replace")]), (1, []))[1]


def _parse(path: Path, data: bytes) -> pd.DataFrame:
    """Return the table's columns: text as categories without empty values, numbers as float64."""
    import pandas as pd

    def read(**dtype: Any) -> pd.DataFrame:
        types = {name: str for name in TEXT_COLUMNS} | dtype
        source = io.BytesIO(data)
        frame: pd.DataFrame = pd.read_csv(source, dtype=types, keep_default_na=False, skip_blank_lines=False)
        return frame

    try:
        table = read(**{name: np.float64 for name in NUMBER_COLUMNS})
    except pd.errors.ParserError as error:
        raise UserError(f"{path} cannot be read as a table: {' '.join(str(error).split())}") from error
    except ValueError as error:
        if not _is_utf8(data):
            raise UserError(
                f"{path} is not UTF-8 text: expected a table with the columns {','.join(COLUMNS)}"
            ) from error
        raise _diagnose(path, read(**{name: str for name in NUMBER_COLUMNS})) from error
    for name in TEXT_COLUMNS:
        table[name] = column = table[name].str.strip().astype("category")
        for value in filter(has_control, column.cat.categories):
            row = int((column == value).to_numpy().argmax())
            raise UserError(
                f"{path}, line {row + 2}, column {name}: {value[:60]!r} holds a control character: remove it"
            )
        nothing = (column == "").to_numpy()
        if nothing.any():
            row = int(nothing.argmax())
            raise UserError(f"{path}, line {row + 2}, column {name}: expected text, found nothing")
    return table


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _diagnose(path: Path, table: pd.DataFrame) -> UserError:
    """Say which line and column of a table read as text is no number."""
    import pandas as pd

    rows = {name: pd.to_numeric(table[name], errors="coerce").isna().to_numpy() for name in NUMBER_COLUMNS}
    bad = {name: int(missing.argmax()) for name, missing in rows.items() if missing.any()}
    if not bad:
        return UserError(f"{path} cannot be read as a table: expected numbers in {', '.join(NUMBER_COLUMNS)}")
    name = min(bad, key=lambda key: bad[key])
    found = str(table[name].iloc[bad[name]])[:40]
    return UserError(f"{path}, line {bad[name] + 2}, column {name}: expected a number, found {found!r}")


def _from_the_first(t_ms: NDArray[np.float64]) -> None:
    """Make time stamps count from the smallest where they are a clock's, as milliseconds since 1970."""
    if len(t_ms) and _LIMIT_MS < t_ms.min() < t_ms.max() < np.inf:
        t_ms -= t_ms.min()


def _check_unit(path: Path, values: NDArray[np.float64]) -> None:
    """Check that acceleration (rows, 3) is in g: in any recording of gestures, gravity is its usual size."""
    if len(values) < _UNIT_ROWS:
        return
    with np.errstate(over="ignore"):
        middle = float(np.median(np.linalg.norm(values, axis=1)))
    for unit, gravity in (("m/s2", 9.80665), ("milli-g", 1000.0)):
        if abs(middle / gravity - 1) <= _UNIT_NEAR:
            raise UserError(
                f"{path}: ax, ay, az are in {unit}, it seems (their median magnitude is {middle:.4g}): "
                f"expected g; divide them by {gravity:g}"
            )


def _check_numbers(path: Path, values: NDArray[np.float64]) -> None:
    """Check (rows, 4) values of NUMBER_COLUMNS for numbers that no sample can hold."""
    limits = np.array([_LIMIT_MS, _LIMIT_G, _LIMIT_G, _LIMIT_G])
    bad = ~(np.abs(values) <= limits)
    if bad.any():
        row, column = (int(index) for index in np.argwhere(bad)[0])
        expected = "a time in milliseconds" if column == 0 else f"-{_LIMIT_G} to {_LIMIT_G} g"
        raise UserError(
            f"{path}, line {row + 2}, column {NUMBER_COLUMNS[column]}: expected {expected}, "
            f"found {values[row, column]:g}"
        )


def _spread(path: Path, name: str, t_us: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return strictly increasing time stamps: k equal ones are spread evenly up to the next.

    Hosts stamp samples on arrival and in whole milliseconds, so several samples may share one. Those at the
    very end follow each other at the median step. rows are the row numbers, for messages.
    """
    steps = np.diff(t_us)
    if (steps < 0).any():
        at = int(np.argmax(steps < 0)) + 1
        raise UserError(
            f"{path}, line {rows[at] + 2}: time runs backwards in recording {name!r}: "
            f"{t_us[at] / 1000:g} ms after {t_us[at - 1] / 1000:g} ms; sort its rows by t_ms, and give every "
            "recording an id of its own"
        )
    if (steps > 0).all():
        return t_us
    starts = np.flatnonzero(np.concatenate(([True], steps > 0)))
    counts = np.diff(np.append(starts, len(t_us)))
    if len(starts) == 1:
        raise UserError(
            f"{path}, line {rows[0] + 2}: time stands still in recording {name!r}: expected growing t_ms"
        )
    last = int(np.median(steps[steps > 0])) * int(counts[-1])
    widths = np.append(np.diff(t_us[starts]), last)
    place = np.arange(len(t_us)) - np.repeat(starts, counts)
    spread = t_us + place * np.repeat(widths, counts) // np.repeat(counts, counts)
    if (np.diff(spread) <= 0).any():
        raise UserError(
            f"{path}: recording {name!r} repeats time stamps too often: expected t_ms in milliseconds"
        )
    return np.asarray(spread, dtype=np.int64)
