"""What a board says on its console: lines of ``word key=value ...``, listed in ``firmware/app/tg_app.h``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError

if TYPE_CHECKING:
    from gesture_tools.runtime import Event

_PAIR = re.compile(r"(\w+)=")
_TO_END_OF_LINE = ("label", "text", "cause")


@dataclass(frozen=True)
class Line:
    """One line of a console."""

    word: str
    values: dict[str, str] = field(default_factory=dict)

    def number(self, key: str) -> int:
        """Return a value that is a whole number; raise UserError when the board did not say it."""
        try:
            return int(self.values[key])
        except (KeyError, ValueError) as error:
            raise UserError(
                f"the board's line {self.word!r} has no number {key}: expected firmware of this version; "
                "build it again"
            ) from error


def parse_line(text: str) -> Line:
    """Take a line apart; a label, text or cause goes on to the end of the line."""
    word, _, rest = text.strip().partition(" ")
    values: dict[str, str] = {}
    while match := _PAIR.match(rest):
        key, rest = match[1], rest[match.end() :]
        if key in _TO_END_OF_LINE:
            values[key], rest = rest, ""
        else:
            values[key], _, rest = rest.partition(" ")
    return Line(word, values)


def parse_event(line: Line) -> Event:
    """Return the event of an ``event`` line; its score is exact, in 1/256."""
    from gesture_tools.runtime import Event

    score = round(float(line.values["score"]) * 256) / 256
    return Event(line.values["label"], score, line.number("start"), line.number("end"))


def parse_outputs(lines: Iterable[Line], labels: int) -> NDArray[np.int8]:
    """Return the outputs of the ``hop`` lines: int8 (hops, labels)."""
    hops = [bytes.fromhex(line.values["outputs"]) for line in lines if line.word == "hop"]
    return np.frombuffer(b"".join(hops), np.int8).reshape(-1, labels).copy()


def refusal(line: Line) -> str:
    """Return a ``refused``, ``sensor`` or ``fault`` line as a sentence."""
    values = line.values
    if line.word == "fault":
        from gesture_tools.link.texts import fault_text

        return (
            f"the firmware faulted at {line.number('pc'):#x}: {fault_text(line.number('cause'))} "
            f"(cfsr {line.number('cfsr'):#x})"
        )
    if line.word == "sensor":
        return f"the board's accelerometer failed: {values.get('text', '?')} ({values.get('error', '?')})"
    found = values.get("found", "?")
    if values.get("field") == "model":
        return f"the board refuses its model: {values.get('text', '?')} ({found})"
    expected = values.get("expected", "?")
    if "tolerance_permille" in values:
        expected += f" within {line.number('tolerance_permille') / 10:g} %"
    return f"the board refuses its model: {values.get('field', '?')}: expected {expected}, found {found}"
