"""Lines ``aX,aY,aZ[,gX,gY,gZ]`` of Arduino's IMU_Capture sketch; a blank line ends a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.exchange.filenames import decode, join
from gesture_tools.exchange.format import (
    MG_PER_UNIT,
    SESSION,
    Options,
    by_names,
    even_recording,
    in_milli_g,
    milli_g,
)
from gesture_tools.files import read_text
from gesture_tools.recordings import Recording

AXES = ("ax", "ay", "az")


class Arduino:
    """Files ``LABEL[.SUBJECT[.SESSION]].csv`` in g, or what --unit says; the gyroscope is left out."""

    name = "arduino"
    patterns: tuple[str, ...] = ("*.csv", "*.txt")
    even_rate = True
    keeps_spans = False

    def read(self, path: Path, options: Options) -> list[Recording]:
        """Read the recordings of one file; the rate is the user's to say."""
        names = _names(path, options)
        if options.rate_hz is None:
            raise UserError(f"{path} has no time stamps: expected --rate HZ, the rate it was recorded at")
        unit, rate = options.unit or "g", options.rate_hz
        return [
            even_recording(path, number, names, milli_g(path, f"recording {number}", rows, unit), rate)
            for number, rows in enumerate(_blocks(path), 1)
        ]

    def files(self, recordings: Sequence[Recording], out: Path) -> Iterator[tuple[Path, bytes]]:
        """Yield a file for each label, person and session, in g with three decimals."""
        for names, group in by_names(recordings).items():
            blocks = [
                "".join(
                    ",".join(f"{value / MG_PER_UNIT['g']:.3f}" for value in sample) + "\n"
                    for sample in in_milli_g(recording).tolist()
                )
                for recording in group
            ]
            yield out / f"{join(*names)}.csv", ("aX,aY,aZ\n" + "\n".join(blocks)).encode()


def _names(path: Path, options: Options) -> tuple[str, str, str]:
    parts = [decode(part) for part in path.name.rpartition(".")[0].split(".")]
    if len(parts) > 3 and not (options.label and options.subject):
        raise UserError(f"{path}: expected LABEL.SUBJECT.SESSION.csv, or --label and --subject")
    label = options.label or parts[0]
    subject = options.subject or (parts[1] if len(parts) > 1 else "")
    if not subject:
        raise UserError(
            f"{path} does not say whose it is: expected --subject NAME, or the file name {parts[0]}.NAME.csv"
        )
    return label, subject, options.session or (parts[2] if len(parts) == 3 else SESSION)


def _blocks(path: Path) -> list[list[list[float]]]:
    """Return the rows (x, y, z) of each recording."""
    order: list[int] = []
    width = 0
    blocks: list[list[list[float]]] = [[]]
    for number, line in enumerate(read_text(path).splitlines(), 1):
        fields = [field.strip() for field in line.split(",")]
        lower = [field.lower() for field in fields]
        if not line.strip():
            blocks.append([])
        elif set(AXES) <= set(lower):
            order, width = [lower.index(axis) for axis in AXES], len(fields)
            blocks.append([])
        elif not order:
            raise UserError(f"{path}, line {number}: expected the columns aX,aY,aZ, found {line[:60]!r}")
        elif len(fields) != width:
            raise UserError(f"{path}, line {number}: expected {width} columns, found {len(fields)}")
        else:
            try:
                blocks[-1].append([float(fields[index]) for index in order])
            except ValueError as error:
                raise UserError(f"{path}, line {number}: expected numbers, found {line[:60]!r}") from error
    blocks = [block for block in blocks if block]
    if not blocks:
        raise UserError(f"{path} holds no samples: expected the line aX,aY,aZ and numbers below it")
    return blocks
