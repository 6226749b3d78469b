"""Tidy tables: one row per sample, one file for all recordings. docs/formats.md specifies them.

Further columns named ``log.KEY`` carry what a table otherwise loses: session, sequence numbers and the log's
header. Other readers ignore them.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.exchange.format import SESSION, Options, in_milli_g, origin
from gesture_tools.files import BOM, read_bytes
from gesture_tools.logs import VERSION_KEY
from gesture_tools.recordings import BACKGROUND, MAX_NUMBER, Recording
from gesture_tools.tables import COLUMNS, read_table

PREFIX = "log."
_KEY = re.compile(r"[a-z0-9_-]+")
_OWN = ("session", "seq", "label", "subject", "tinygesture-log")


class Tidy:
    """The columns recording_id,label,subject,t_ms,ax,ay,az in g, as .csv or .csv.gz."""

    name = "tidy"
    patterns: tuple[str, ...] = ("*.csv", "*.csv.gz")
    even_rate = False
    keeps_spans = True

    def read(self, path: Path, options: Options) -> list[Recording]:
        """Read one table; samples to the milli-g, times to the microsecond."""
        if read_bytes(path).removeprefix(BOM).startswith(f"# {VERSION_KEY}".encode()):
            raise UserError(
                f"{path} is a log, expected a table: logs are read as they are; no import is needed"
            )
        _check_text(path)
        recordings = read_table(path)
        extras = _extras(path)
        result = []
        for recording in recordings:
            extra = extras.get(recording.id, {})
            header = {
                key: values[0]
                for key, values in extra.items()
                if key not in _OWN and _KEY.fullmatch(key) and values[0].strip()
            }
            label = recording.label if options.label is None else options.label
            result.append(
                replace(
                    recording,
                    label=label,
                    spans=recording.spans if label is None else (),
                    subject=options.subject or recording.subject,
                    session=options.session or extra.get("session", [""])[0].strip() or SESSION,
                    seq=_sequence(path, recording, extra.get("seq")),
                    header=origin(path) | header,
                )
            )
        return result

    def files(self, recordings: Sequence[Recording], out: Path) -> Iterator[tuple[Path, bytes]]:
        """Yield the one table; labels go from row to row where spans begin and end."""
        keys = sorted({key for recording in recordings for key in recording.header})
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow((*COLUMNS, f"{PREFIX}session", f"{PREFIX}seq", *(PREFIX + key for key in keys)))
        for recording in recordings:
            header = [recording.header.get(key, "") for key in keys]
            seq = [""] * len(recording.t_us) if recording.seq is None else recording.seq.tolist()
            rows.writerows(
                (
                    recording.id,
                    label,
                    recording.subject,
                    f"{t / 1000:.3f}",
                    *(f"{value / 1000:.3f}" for value in sample),
                    recording.session,
                    number,
                    *header,
                )
                for label, t, sample, number in zip(
                    _labels(recording),
                    recording.t_us.tolist(),
                    in_milli_g(recording).tolist(),
                    seq,
                    strict=True,
                )
            )
        data = text.getvalue().encode()
        yield out, gzip.compress(data, mtime=0) if out.name.endswith(".gz") else data


def _labels(recording: Recording) -> list[str]:
    if recording.label is not None:
        return [recording.label] * len(recording.t_us)
    labels = [BACKGROUND] * len(recording.t_us)
    for span in recording.spans:
        first, last = np.searchsorted(recording.t_us, (span.start_us, span.end_us)).tolist()
        labels[first:last] = [span.label] * (last - first)
    return labels


def _check_text(path: Path) -> None:
    data = read_bytes(path)
    try:
        (gzip.decompress(data) if path.name.endswith(".gz") else data).decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}): expected a table") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} is not a readable gzip file ({error}): fetch it again") from error


def _extras(path: Path) -> dict[str, dict[str, list[str]]]:
    """Return the values of the log.KEY columns, row by row, by recording and key."""
    import pandas as pd

    columns = pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns
    wanted = {str(name) for name in columns if str(name).strip().startswith(PREFIX)}
    if not wanted:
        return {}
    names = [str(name) for name in columns if str(name) in wanted or str(name).strip() == "recording_id"]
    frame = pd.read_csv(path, usecols=names, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    return {
        str(name): {
            str(key).removeprefix(PREFIX): rows[key].tolist() for key in rows.columns if key != "recording_id"
        }
        for name, rows in frame.groupby(frame["recording_id"].str.strip(), sort=False)
    }


def _sequence(path: Path, recording: Recording, values: list[str] | None) -> np.ndarray | None:
    if not values or not any(values):
        return None
    try:
        seq = np.array([int(value) for value in values], np.int64)
    except (ValueError, OverflowError) as error:
        raise UserError(
            f"{path}, recording {recording.id!r}, column {PREFIX}seq: expected whole numbers"
        ) from error
    if (seq < -MAX_NUMBER).any() or (seq > MAX_NUMBER).any():
        raise UserError(
            f"{path}, recording {recording.id!r}, column {PREFIX}seq: expected at most {MAX_NUMBER}, "
            f"found {seq[np.abs(seq.astype(np.float64)).argmax()]}"
        )
    if (np.diff(seq) <= 0).any():
        raise UserError(
            f"{path}, recording {recording.id!r}: {PREFIX}seq does not grow: expected growing; sort its rows"
        )
    return seq
