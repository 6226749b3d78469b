"""Who answers on a port: a sketch that prints samples, another device, noise, or nobody."""

from __future__ import annotations

import time
from dataclasses import dataclass

import serial

from gesture_tools.errors import UserError
from gesture_tools.port import receive
from gesture_tools.recorder.lines import LineParser

ROWS_ENOUGH = 5
"""Lines of numbers that make a sketch."""

PATIENCE_S = 4.0
"""Time that a port has to say something: a board that restarts when the port opens needs two seconds."""

STRANGE = 0.1
STRANGE_BYTES = 40
"""Share of bytes that no text has which mark a wrong speed, and how many bytes to judge by."""

LINES_OTHER = 8
OTHER_S = 2.0
"""Lines that are no samples, and the time they go on, that mark another device."""


@dataclass(frozen=True)
class Answer:
    """What answers on a port."""

    kind: str
    """text, other, noise or silent."""
    detail: str
    parser: LineParser
    """What has read the lines so far."""


def listen(port: serial.SerialBase, patience_s: float = PATIENCE_S) -> Answer:
    """Listen to a port until it is clear what it says, for patience_s at most; nothing is sent."""
    parser = LineParser()
    begin = time.monotonic()
    while True:
        parser.feed(receive(port, 0.05))
        elapsed = time.monotonic() - begin
        if parser.rows >= ROWS_ENOUGH:
            return Answer("text", "a sketch that prints x,y,z", parser)
        strange = parser.strange > STRANGE * parser.bytes
        if strange and parser.bytes >= STRANGE_BYTES and elapsed > min(1.0, patience_s):
            return Answer("noise", f"{parser.strange} of {parser.bytes} bytes are no text", parser)
        if not strange and len(parser.noise) >= LINES_OTHER and elapsed > OTHER_S:
            return Answer("other", f"another device: it says {parser.noise[-1]!r}", parser)
        if elapsed >= patience_s:
            return _at_last(parser)


def _at_last(parser: LineParser) -> Answer:
    if not parser.bytes:
        return Answer("silent", "nothing is heard", parser)
    if parser.strange > STRANGE * parser.bytes:
        return Answer("noise", f"{parser.strange} of {parser.bytes} bytes are no text", parser)
    heard = f"it says {parser.noise[-1]!r}" if parser.noise else f"{parser.bytes} bytes without a whole line"
    return Answer("other", f"another device: {heard}", parser)


def refusal(url: str, baud: int, answer: Answer) -> UserError:
    """Return what is to be done about a port that delivers no samples."""
    advice = {
        "noise": f"wrong speed? {baud} baud is set: give the sketch's --baud, or reset the board",
        "other": "expected a tinygesture board, or lines x,y,z; give the right --port ('gesture ports')",
        "silent": "is the sketch running, and does it print? Reset the board, check cable and --baud",
    }
    return UserError(f"port {url}: {answer.detail}; {advice[answer.kind]}")
