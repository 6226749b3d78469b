"""Labels, people and sessions in file names, and back: readable, safe everywhere, without loss."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import unquote

from gesture_tools.errors import UserError
from gesture_tools.exchange.format import SESSION

LONGEST = 200
"""Bytes of a file name that every file system takes."""

_UNSAFE = '%./\\:*?"<>|'
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def encode(text: str, also: str = "") -> str:
    """Return text as a part of a file name: unsafe characters, and those of also, as %XX."""
    first = _RESERVED.fullmatch(text) is not None
    encoded = "".join(
        "".join(f"%{byte:02X}" for byte in character.encode())
        if character in _UNSAFE
        or character in also
        or not character.isprintable()
        or (first and index == 0)
        or (character == " " and index in (0, len(text) - 1))
        else character
        for index, character in enumerate(text)
    )
    if len(encoded.encode()) > LONGEST // 3:
        raise UserError(
            f"{text[:40]!r}... is too long for a file name: expected at most {LONGEST // 3} bytes; rename it"
        )
    return encoded


def decode(text: str) -> str:
    """Return the text that encode() was given."""
    return unquote(text)


def join(*parts: str) -> str:
    """Encode and join parts by dots; a last part that is the usual session is left out."""
    kept = parts[:-1] if parts[-1] == SESSION else parts
    return ".".join(encode(part) for part in kept)


def slug(text: str) -> str:
    """Return a short plain name made of letters, digits, - and _, for a log or a folder.

    Letters of other alphabets have no place in it: a few digits stand for them, so that names differ.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:48]
    if any(character.isalnum() and not character.isascii() for character in text):
        same = unicodedata.normalize("NFC", text).casefold()
        plain = f"{plain}-{hashlib.sha256(same.encode()).hexdigest()[:6]}".strip("-")
    plain = plain or "unnamed"
    return f"{plain}_" if _RESERVED.fullmatch(plain) else plain
