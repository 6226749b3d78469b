"""Lines ``x,y,z`` as sketches print them, told from noise, headers and damage."""

from __future__ import annotations

import re

_FIELD = re.compile(r"(?:[A-Za-z_]\w*[:=]\s*)?([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?)")
_SEPARATOR = re.compile(r"\s*[,;\t]\s*|\s+")

LONGEST = 200
"""Bytes that a line has at most; more without a line end is noise."""

WIDTHS = (3, 6)
"""Numbers of a line: acceleration, or acceleration and a gyroscope, which is left out."""

Row = tuple[float, float, float]


def parse_line(line: str) -> Row | None:
    """Return the acceleration of one line; None when it holds anything but 3 or 6 numbers.

    Numbers stand between commas, semicolons, tabs or blanks and may have names, ``x:0.1``, as Arduino's
    plotter wants.
    """
    fields = [_FIELD.fullmatch(part) for part in _SEPARATOR.split(line.strip())]
    if len(fields) not in WIDTHS:
        return None
    numbers = [float(field[1]) for field in fields if field is not None]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == len(fields) else None


class LineParser:
    """Cuts a stream of bytes into lines and sorts them.

    The first line is left out: its beginning may be missing, and ``2,3,4`` may be the rest of ``12,3,4``.
    Until the first row, other lines are what a board prints while it starts (noise); later they are
    malformed: each stands for a sample that was lost.
    """

    def __init__(self) -> None:
        self.bytes = 0
        """Bytes seen."""
        self.strange = 0
        """Bytes among them that no text has: the mark of a wrong speed."""
        self.noise: list[str] = []
        """Lines before the first row, the last ten."""
        self.rows = 0
        self.malformed = 0
        self.example = ""
        """The last malformed line."""
        self._rest = b""
        self._partial = True

    def restart(self) -> None:
        """Forget an unfinished line; what comes next may begin in the middle of one."""
        self._rest = b""
        self._partial = True

    def feed(self, data: bytes) -> list[Row | None]:
        """Return the rows of the lines that data completes; None for a malformed one after the first row."""
        self.bytes += len(data)
        self.strange += sum(byte >= 0x80 or (byte < 0x20 and byte not in b"\t\n\r") for byte in data)
        *lines, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > LONGEST:
            lines.append(self._rest)
            self.restart()
        found: list[Row | None] = []
        for raw in lines:
            if self._partial:
                self._partial = False
                continue
            if not raw.strip():
                continue
            text = raw.decode(errors="replace")
            row = parse_line(text) if len(raw) <= LONGEST else None
            if row is not None:
                self.rows += 1
                found.append(row)
            elif self.rows:
                self.malformed += 1
                self.example = shown(text)
                found.append(None)
            else:
                self.noise = [*self.noise[-9:], shown(text)]
        return found


def shown(text: str) -> str:
    """Return a line as it can be shown in a terminal: short, and without what would move its cursor."""
    clean = "".join(character if character.isprintable() else "?" for character in text.strip())
    return clean if len(clean) <= 60 else clean[:57] + "..."
