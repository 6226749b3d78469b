"""An emulated Cortex-M as a machine: the cross-compiled core in Unicorn, with its instructions counted."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gesture_tools.elf import Image, read_image
from gesture_tools.errors import UserError
from gesture_tools.runtime.machine import Machine, Memory

if TYPE_CHECKING:
    from unicorn import Uc

CPUS = ("cortex-m4f", "cortex-m0plus")
"""Processors that can be emulated: Armv7E-M with DSP and FPU, and Armv6-M."""

FLASH_SIZE = 0x0020_0000
STOP = FLASH_SIZE - 0x100  # calls return to this address, which is never executed
RAM = 0x2000_0000
RAM_SIZE = 0x0200_0000
HEAP = RAM + 0x1_0000  # the image's own data lie below
ARGUMENTS_SIZE = 0x40  # those of a call that do not fit registers: the caller's stack
STACK_TOP = RAM + RAM_SIZE - ARGUMENTS_SIZE
STACK_SIZE = 0x1_0000
PAINT = 0xA5


@dataclass
class Count:
    """What a measured call took."""

    instructions: int = 0
    stack: int = 0
    """Bytes of stack used below the call."""


class EmulatedMemory(Memory):
    """Memory of an emulated machine, given back to it when the object goes."""

    def __init__(self, machine: EmulatedMachine, address: int, size: int) -> None:
        """Take over a piece that the machine has found free."""
        self.address, self.size = address, size
        self._machine = machine

    def write(self, data: bytes) -> None:
        """Copy bytes to the start of this memory."""
        if len(data) > self.size:
            raise ValueError(f"{len(data)} bytes do not fit {self.size}")
        self._machine.uc.mem_write(self.address, data)

    def read(self, size: int | None = None) -> bytes:
        """Return the first bytes of this memory (all of them by default)."""
        return bytes(self._machine.uc.mem_read(self.address, self.size if size is None else size))

    def __del__(self) -> None:
        """Give the memory back."""
        self._machine.free(self.address)


class EmulatedMachine(Machine):
    """An image of core and binding (gesture_tools.build.build_core_image) on an emulated processor."""

    def __init__(self, cpu: str, elf: bytes) -> None:
        """Load an image; raise UserError when the emulator is not installed."""
        if cpu not in CPUS:
            raise UserError(f"processor {cpu!r} is unknown: expected one of {', '.join(CPUS)}")
        self.name = cpu
        self.image: Image = read_image(elf)
        self._addresses = {symbol.name: symbol.address for symbol in self.image.symbols}
        self._taken: dict[int, int] = {}
        self.uc = _processor(cpu)
        self.uc.mem_map(0, FLASH_SIZE)
        self.uc.mem_map(RAM, RAM_SIZE)
        for address, content in self.image.segments:
            self.uc.mem_write(address, content)

    def alloc(self, size: int) -> EmulatedMemory:
        """Allocate memory, zeroed: the first gap that is large enough."""
        room = (size + 15) // 16 * 16
        address = HEAP
        for start, length in sorted(self._taken.items()):
            if start - address >= room:
                break
            address = start + length
        if address + room > STACK_TOP - STACK_SIZE:
            raise UserError(
                f"{size} bytes do not fit the memory of the emulated {self.name}: train a smaller model"
            )
        self._taken[address] = room
        self.uc.mem_write(address, bytes(room))
        return EmulatedMemory(self, address, size)

    def free(self, address: int) -> None:
        """Take a piece of memory back."""
        self._taken.pop(address, None)

    def symbol(self, name: str) -> int:
        """Address of a function or object of the image."""
        return self._addresses[name]

    def call(self, function: str, *arguments: int | Memory) -> int:
        """Call a function of the image; return r0 as a signed 32-bit value."""
        return int(struct.unpack("<i", struct.pack("<I", self._call(function, arguments)))[0])

    def call_text(self, function: str, *arguments: int | Memory) -> str | None:
        """Call a function of the image that returns a C string; return None for NULL."""
        address = self._call(function, arguments)
        if address == 0:
            return None
        text = bytearray()
        while (byte := self.uc.mem_read(address + len(text), 1)[0]) != 0:
            text.append(byte)
        return text.decode()

    def _call(self, function: str, arguments: tuple[int | Memory, ...]) -> int:
        from unicorn import UcError
        from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_PC, UC_ARM_REG_R0, UC_ARM_REG_SP

        words = [(a.address if isinstance(a, Memory) else a) & 0xFFFFFFFF for a in arguments]
        # Procedure call standard for the Arm architecture (IHI 0042): four words in r0-r3, the rest from the
        # stack pointer on, which is aligned to 8.
        for i, word in enumerate(words[:4]):
            self.uc.reg_write(UC_ARM_REG_R0 + i, word)
        rest = b"".join(struct.pack("<I", word) for word in words[4:])
        self.uc.mem_write(STACK_TOP, rest)
        self.uc.reg_write(UC_ARM_REG_SP, STACK_TOP)
        self.uc.reg_write(UC_ARM_REG_LR, STOP | 1)
        try:
            self.uc.emu_start(self.symbol(function) | 1, STOP)
        except UcError as error:
            at = int(self.uc.reg_read(UC_ARM_REG_PC))
            raise RuntimeError(
                f"{function} faulted on the emulated {self.name} at {at:#x}: {error}"
            ) from error
        return int(self.uc.reg_read(UC_ARM_REG_R0))

    @contextmanager
    def measured(self) -> Iterator[Count]:
        """Count the instructions and the stack of the calls made inside the block."""
        from unicorn import UC_HOOK_BLOCK

        count = Count()

        def on_block(uc: Uc, address: int, size: int, _: Any) -> None:
            count.instructions += self._instructions(address, size)

        bottom = STACK_TOP - STACK_SIZE
        self.uc.mem_write(bottom, bytes([PAINT]) * STACK_SIZE)
        self.uc.ctl_flush_tb()  # code translated without the hook would run uncounted
        hook = self.uc.hook_add(UC_HOOK_BLOCK, on_block)
        try:
            yield count
        finally:
            self.uc.hook_del(hook)
        content = bytes(self.uc.mem_read(bottom, STACK_SIZE))
        count.stack = len(content.lstrip(bytes([PAINT])))

    @lru_cache(maxsize=65536)  # noqa: B019 - a machine lives as long as its process
    def _instructions(self, address: int, size: int) -> int:
        """Count the Thumb instructions in a straight run of code."""
        code = bytes(self.uc.mem_read(address, size))
        count = position = 0
        while position < size:
            first = code[position + 1] >> 3
            position += 4 if first in (0b11101, 0b11110, 0b11111) else 2  # Armv7-M ARM, A5.1
            count += 1
        return count


def emulated_machine(cpu: str, compiler: str | None = None) -> EmulatedMachine:
    """Cross-compile the core for a processor (taken from the cache when it was before) and load it."""
    from gesture_tools.build import build_core_image

    return EmulatedMachine(cpu, build_core_image(cpu, compiler))


def _processor(cpu: str) -> Uc:
    try:
        import unicorn
        from unicorn import arm_const
    except ImportError as error:
        raise UserError(
            "the instruction-set emulator is not installed: pip install 'tinygesture[emulate]'"
        ) from error
    uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    is_m4 = cpu == "cortex-m4f"
    uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4 if is_m4 else arm_const.UC_CPU_ARM_CORTEX_M0)
    return uc
