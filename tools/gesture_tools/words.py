"""Numbers with their nouns, as people read them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return ``1 window``, ``2 windows``; noun is the singular of one that takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
