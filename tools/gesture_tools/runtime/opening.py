"""Opening models and recognizers on a machine, with the core's refusals as errors for people."""

from __future__ import annotations

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.runtime.machine import Machine, Memory
from gesture_tools.runtime.native import operator_names
from gesture_tools.runtime.operators import BUILTIN_OPERATORS

ERR_ARENA = -13
FIRST_ARENA = 16 * 1024
LARGEST_ARENA = 8 * 1024 * 1024


class Refused(UserError):
    """The core refused a model; ``err`` is its error number, ``name`` the error's name."""

    def __init__(self, message: str, err: int, name: str) -> None:
        """Keep the error beside the message."""
        super().__init__(message)
        self.err = err
        self.name = name


def open_with_arena(
    machine: Machine, function: str, size: int, data: Memory, what: str, *extra: int
) -> tuple[Memory, Memory]:
    """Call an open function of the binding until its arena is large enough.

    extra: arguments behind the others. Returns the opaque structure of ``size`` bytes and the arena. Raises
    Refused.
    """
    structure = machine.alloc(size)
    report = machine.alloc(12)
    arena_size = FIRST_ARENA
    while True:
        arena = machine.alloc(arena_size)
        err = machine.call(function, structure, data, data.size, arena, arena_size, report, *extra)
        if err == 0:
            return structure, arena
        op, opcode, needed = (int(v) for v in report.array(np.int32, 3))
        if err != ERR_ARENA or needed > LARGEST_ARENA:
            raise Refused(_message(machine, err, op, opcode, what), err, machine.error_name(err))
        arena_size = max(2 * arena_size, needed)


def _message(machine: Machine, err: int, op: int, opcode: int, what: str) -> str:
    where = f"operator {op} ({operator_name(opcode)}): " if op >= 0 else ""
    return f"{what} is refused: {where}{machine.error_text(err)} ({machine.error_name(err)})"


def operator_name(opcode: int) -> str:
    """Name of a TensorFlow Lite builtin operator."""
    if opcode in operator_names():
        return operator_names()[opcode]
    return BUILTIN_OPERATORS[opcode] if 0 <= opcode < len(BUILTIN_OPERATORS) else f"operator code {opcode}"
