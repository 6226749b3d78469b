"""The host as a machine: the C core as a shared library, called through ctypes."""

from __future__ import annotations

import ctypes
import importlib.util
from functools import cache
from pathlib import Path

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.runtime.machine import Machine, Memory

ALIGNMENT = 16


class NativeMemory(Memory):
    """Memory of this process."""

    def __init__(self, size: int) -> None:
        """Allocate size bytes, zeroed."""
        self._buffer = ctypes.create_string_buffer(size + ALIGNMENT)
        base = ctypes.addressof(self._buffer)
        self.address = (base + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        self.size = size

    def write(self, data: bytes) -> None:
        """Copy bytes to the start of this memory."""
        if len(data) > self.size:
            raise ValueError(f"{len(data)} bytes do not fit {self.size}")
        ctypes.memmove(self.address, data, len(data))

    def read(self, size: int | None = None) -> bytes:
        """Return the first bytes of this memory (all of them by default)."""
        return ctypes.string_at(self.address, self.size if size is None else size)


class NativeMachine(Machine):
    """The core compiled for the host at installation."""

    name = "host"

    def __init__(self, library: Path | None = None) -> None:
        """Load the library; raise UserError when it is missing or of another version."""
        path = library or installed_library()
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise UserError(
                f"cannot load the compiled core {path}: {error}; install tinygesture again"
            ) from error
        self.check_version()

    def alloc(self, size: int) -> NativeMemory:
        """Allocate memory, zeroed."""
        return NativeMemory(size)

    def call(self, function: str, *arguments: int | Memory) -> int:
        """Call a function of the binding; return its result as a signed 32-bit value."""
        return int(self._function(function, ctypes.c_int32)(*_pass(arguments)))

    def call_text(self, function: str, *arguments: int | Memory) -> str | None:
        """Call a function of the binding that returns a C string; return None for NULL."""
        text: bytes | None = self._function(function, ctypes.c_char_p)(*_pass(arguments))
        return None if text is None else text.decode()

    def _function(self, name: str, result: type) -> ctypes._NamedFuncPointer:
        function = self._library[name]
        function.restype = result
        return function


def _pass(arguments: tuple[int | Memory, ...]) -> list[ctypes.c_void_p | ctypes.c_uint32]:
    return [
        ctypes.c_void_p(a.address) if isinstance(a, Memory) else ctypes.c_uint32(a & 0xFFFFFFFF)
        for a in arguments
    ]


def installed_library() -> Path:
    """Path of the core that the build backend compiled at installation."""
    spec = importlib.util.find_spec("gesture_tools._core")
    if spec is None or spec.origin is None:
        raise UserError("the compiled core is missing: install the project with pip, which compiles it")
    return Path(spec.origin)


@cache
def native_machine() -> Machine:
    """Return the host machine, loaded once."""
    return NativeMachine()


@cache
def operator_names() -> dict[int, str]:
    """Return the operators of the core: TensorFlow Lite codes and names."""
    machine = native_machine()
    names: dict[int, str] = {}
    code = machine.alloc(4)
    index = 0
    while (name := machine.call_text("tg_bind_op_name", index, code)) is not None:
        names[int(code.array(np.uint32, 1)[0])] = name
        index += 1
    return names
