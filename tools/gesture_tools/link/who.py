"""Who is on a port where no board of ours answers: a guess from what came, for the error's one line."""

from __future__ import annotations

import re

from gesture_tools.link.frames import Counts

_LINE = re.compile(rb"^[ \t]*[-+0-9.][-+0-9.eE, \t;]*\r?$", re.MULTILINE)
SHOWN = 40


def who_is_it(port: str, heard: bytes, counts: Counts) -> str:
    """Return one line about a port on which no hello came."""
    if not heard:
        return (
            f"nothing answers on {port}: expected a board with tinygesture firmware; check the cable and the "
            "port, flash the firmware ('gesture build'), or reset the board"
        )
    if counts.frames:
        return f"{port} sends frames, but no hello: its line loses too much; try another cable or port"
    text = sum(byte in b"\r\n\t" or 32 <= byte < 127 for byte in heard) / len(heard)
    if text > 0.9:
        lines = heard.splitlines()
        whole = lines if heard.endswith((b"\r", b"\n")) else lines[:-1]  # the last may be half a line
        line = next((part for part in reversed(whole or lines) if part), b"")
        shown = line[:SHOWN].decode("ascii", errors="replace")
        numbers = len(_LINE.findall(heard)) >= 2
        return f"{port} sends text ({shown!r}), no frames: expected a board with tinygesture firmware" + (
            "; 'gesture record' takes lines of numbers too" if numbers else "; is this the right port?"
        )
    return (
        f"{port} sends {len(heard)} bytes that are no frames: expected a board with tinygesture firmware; is "
        "the baud rate right, and is this the right port?"
    )
