"""What the numbers of the link's messages mean, in words. The numbers are those of ``firmware``'s headers."""

from __future__ import annotations

FAULTS = {
    0: "an interrupt or exception nobody handles",
    1: "instruction fetch from a forbidden address",
    2: "data access to a forbidden address",
    3: "fault while entering an exception",
    4: "bus error on instruction fetch",
    5: "bus error on data access",
    6: "late bus error on data access",
    7: "undefined instruction",
    8: "jump to code that is no Thumb code",
    9: "bad return from an exception",
    10: "floating-point instruction without its unit",
    11: "unaligned access",
    12: "division by zero",
    13: "stack overflow",
    14: "a fault this processor tells no more about",
    15: "the application hung, and the watchdog ended it",
}
"""tg_fault_cause of firmware/boards/tg_reset.h."""

RESETS = ("unknown", "power", "pin", "software", "fault", "watchdog")
"""tg_reset_cause of firmware/boards/tg_reset.h."""

FRAMES = {1: "face"}
"""tg_frame of firmware/core/tg_contract.h."""


def fault_text(cause: int) -> str:
    """Return what a fault was."""
    return FAULTS.get(cause, f"a cause this version does not know ({cause})")


def reset_text(cause: int) -> str:
    """Return why a board started."""
    return RESETS[cause] if cause < len(RESETS) else f"unknown ({cause})"
