"""Numbers with their nouns, as people read them."""

from __future__ import annotations


def counted(number: int, noun: str, several: str | None = None) -> str:
    """Return ``1 window``, ``2 windows``; several: the plural where it is not the singular with an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {several or noun + 's'}"
