"""Expected events: files that make a simulation a test."""

from __future__ import annotations

import csv
import io
import math
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.files import read_rows, read_text, why
from gesture_tools.loading import EXPECTED_EVENTS, is_expectation
from gesture_tools.recordings import MAX_NUMBER, Span
from gesture_tools.simulation import Simulation
from gesture_tools.verdict import MATCH_SLACK_US, match

EXPECT_COLUMNS = ("log", "label", "start_s", "end_s")


def check_replaceable(path: Path) -> None:
    """Check that nothing but an earlier file of expected events would be replaced; raise UserError if not."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UserError(f"{path} exists and is no regular file: expected the name of a new file")
        is_earlier = is_expectation(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"cannot write {path}: {why(error)}") from error
    if not is_earlier:
        raise UserError(
            f"{path} exists and was not written by --write-expect: expected the name of a new file, "
            "or remove it first"
        )


def read_expectation(path: Path, logs: Sequence[str], labels: Sequence[str]) -> dict[str, list[Span]]:
    """Read expected events (columns EXPECT_COLUMNS, times in seconds since a log's first sample).

    Returns them per log, for every one of logs. Raises UserError for a malformed line, a label that is not
    among labels and a log that is not among logs.
    """
    expected: dict[str, list[Span]] = {log: [] for log in logs}
    lines = io.StringIO(read_text(path), newline="")
    rows = read_rows(path, ("\n" if line.startswith("#") else line for line in lines))
    _, names = next(rows, (1, []))
    if missing := [name for name in EXPECT_COLUMNS if name not in names]:
        raise UserError(f"{path}: missing columns: {', '.join(missing)}; expected {','.join(EXPECT_COLUMNS)}")
    if twice := [name for name in EXPECT_COLUMNS if names.count(name) > 1]:
        raise UserError(f"{path}: columns that are there twice: {', '.join(twice)}; expected each once")
    for line, row in rows:
        where = f"{path}, line {line}"
        if len(row) != len(names):
            raise UserError(f"{where}: expected {len(names)} columns, found {len(row)}")
        entry = dict(zip(names, row, strict=True))
        log, label = _log(entry["log"], expected), entry["label"].strip()
        start, end = _seconds(where, "start_s", entry), _seconds(where, "end_s", entry)
        if end < start:
            raise UserError(f"{where}: end_s is {end:g}, before start_s {start:g}")
        if label not in labels:
            raise UserError(
                f"{where}: the model has no gesture {label!r}: expected one of {', '.join(labels)}"
            )
        if log not in expected:
            raise UserError(f"{where}: the log {log!r} is not among those given: {_some(logs)}")
        expected[log].append(Span(label, round(start * 1e6), round(end * 1e6)))
    return expected


def _log(found: str, logs: Iterable[str]) -> str:
    """Return the log that is meant: the one of exactly this id, else without blanks, else without .csv."""
    bare = found.strip()
    name = bare.removesuffix(".csv")
    return next((log for log in (found, bare) if log in logs), name)


def _seconds(where: str, name: str, entry: Mapping[str, str]) -> float:
    try:
        value = float(entry[name])
    except ValueError:
        value = math.nan
    if not abs(value) * 1e6 <= MAX_NUMBER:
        raise UserError(
            f"{where}, column {name}: expected seconds, at most {MAX_NUMBER // 10**6}, found {entry[name]!r}"
        )
    return value


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def compare(simulation: Simulation, expected: Sequence[Span]) -> list[str]:
    """Return one line for each expected event that was missed and each detection that was not expected."""
    name = simulation.recording.id
    found = match([(d.label, d.time_us) for d in simulation.detections], expected)
    slack = MATCH_SLACK_US
    lines = [
        f"{name}: missed {span.label}, expected from {span.start_us / 1e6:.2f} "
        f"to {(span.end_us + slack) / 1e6:.2f} s"
        for index, span in enumerate(expected)
        if index not in found
    ]
    lines += [
        f"{name}: false activation: {d.label} at {d.time_us / 1e6:.2f} s (score {d.score:.2f})"
        for d, index in zip(simulation.detections, found, strict=True)
        if index is None
    ]
    return lines


def expectation(simulations: Iterable[Simulation]) -> str:
    """Return the events found as the text of a file for --expect."""
    text = io.StringIO()
    text.write(
        f"{EXPECTED_EVENTS} by 'gesture simulate --expect', written by --write-expect. A log without a\n"
    )
    text.write("# line here must stay silent. Each event is due from start_s to end_s + 0.5 s.\n")
    rows = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    rows.writerow(EXPECT_COLUMNS)
    for simulation in simulations:
        for d in simulation.detections:
            times = (f"{d.start_us / 1e6:.3f}", f"{d.time_us / 1e6:.3f}")
            writer = quoted if simulation.recording.id.startswith("#") else rows  # else a comment
            writer.writerow((simulation.recording.id, d.label, *times))
    return text.getvalue()
