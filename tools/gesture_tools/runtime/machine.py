"""A machine that runs the C core: the host itself, or an emulated processor.

Both offer the functions of ``firmware/binding/tg_binding.h`` and memory to pass them; everything above
this file works on either.
"""

from __future__ import annotations

import abc
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError

BINDING_VERSION = 3


class Memory(abc.ABC):
    """A piece of a machine's memory, 16-byte aligned, freed when the object goes."""

    address: int
    size: int

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Copy bytes to the start of this memory."""

    @abc.abstractmethod
    def read(self, size: int | None = None) -> bytes:
        """Return the first bytes of this memory (all of them by default)."""

    def array(self, dtype: Any, count: int) -> NDArray[Any]:
        """Return a copy of the first values as an array."""
        return np.frombuffer(self.read(count * np.dtype(dtype).itemsize), dtype=dtype).copy()


class Machine(abc.ABC):
    """Runs the functions of the binding by name."""

    name: str
    """What errors and tables call this machine."""

    @abc.abstractmethod
    def alloc(self, size: int) -> Memory:
        """Allocate memory, zeroed."""

    @abc.abstractmethod
    def call(self, function: str, *arguments: int | Memory) -> int:
        """Call a function of the binding; return its result as a signed 32-bit value (0 for void)."""

    @abc.abstractmethod
    def call_text(self, function: str, *arguments: int | Memory) -> str | None:
        """Call a function of the binding that returns a C string; return None for NULL."""

    def place(self, data: bytes | NDArray[Any]) -> Memory:
        """Allocate memory that holds these bytes."""
        raw = data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes()
        memory = self.alloc(max(len(raw), 1))
        memory.write(raw)
        return memory

    def check_version(self) -> None:
        """Raise UserError when the compiled core is not the one this Python code was written for."""
        version = self.call("tg_bind_version")
        if version != BINDING_VERSION:
            raise UserError(
                f"the compiled core has binding version {version}, expected {BINDING_VERSION}: install again"
            )

    def error_text(self, err: int) -> str:
        """One line about an error number of the core."""
        return self.call_text("tg_bind_err_text", err) or "?"

    def error_name(self, err: int) -> str:
        """Name of an error number of the core, such as ERR_SHAPE."""
        return self.call_text("tg_bind_err_name", err) or "?"
