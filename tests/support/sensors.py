"""Accelerometers at register level, in milli-g, on a bus with a virtual clock and faults at will.

What a register does is taken from the data sheets that firmware/drivers names, not from the drivers.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable
from typing import Any

ABSENT, STUCK = -67, -69
BYTE_US = 23
"""One byte at 400 kHz."""
STUCK_US = 2000
"""How long a controller waits for a bus that does not move."""

Motion = Callable[[int], tuple[int, int, int]]
"""From a sample's number to its milli-g along the chip's axes."""


class Part:
    """A sensor on the bus."""

    address = 0
    identity = (0, 0)
    """Register and value."""

    def __init__(self, motion: Motion) -> None:
        self.motion = motion
        self.now = 0.0
        self.next_sample = 0.0
        self.taken = 0
        """Samples measured so far."""
        self.registers: dict[int, int] = dict([self.identity])
        self.stuck_registers: set[int] = set()
        """Registers that do not take what is written."""
        self.clock = 1.0
        """Its own clock: how much faster than nominal."""
        self.dead = False
        """Measures nothing any more."""

    def rate_hz(self) -> float:
        """Samples per second as the registers say; 0 when off."""
        raise NotImplementedError

    def put(self, sample: tuple[int, int, int]) -> None:
        raise NotImplementedError

    def run_until(self, now: float) -> None:
        """Measure all samples due until now, microseconds."""
        self.now = now
        while self.rate_hz() > 0 and not self.dead and self.next_sample <= now:
            self.put(self.motion(self.taken))
            self.taken += 1
            self.next_sample += 1e6 / (self.rate_hz() * self.clock)

    def write(self, register: int, value: int) -> None:
        if register in self.stuck_registers or register == self.identity[0]:
            return
        before = self.rate_hz()
        self.registers[register] = value
        if self.rate_hz() != before and self.rate_hz() > 0:
            self.next_sample = self.now + 1e6 / (self.rate_hz() * self.clock)

    def read(self, first: int, count: int) -> bytes:
        raise NotImplementedError


class Lis3dh(Part):
    """LIS3DH (DocID17530): data, control and FIFO registers."""

    address = 0x18
    identity = (0x0F, 0x33)
    MG_PER_DIGIT = (1.0, 2.0, 4.0, 12.0)
    RATES = (0, 1, 10, 25, 50, 100, 200, 400)

    def __init__(self, motion: Motion) -> None:
        self.fifo: deque[tuple[int, int, int]] = deque()
        self.overrun = False
        super().__init__(motion)
        self.registers |= {0x20: 0x07, 0x21: 0, 0x22: 0, 0x23: 0, 0x24: 0, 0x25: 0, 0x2E: 0}

    def rate_hz(self) -> float:
        return float(self.RATES[self.registers.get(0x20, 0) >> 4])

    def put(self, sample: tuple[int, int, int]) -> None:
        if not self.registers[0x24] & 0x40 or self.registers[0x2E] >> 6 != 2:
            self.fifo = deque([sample])
            return
        if len(self.fifo) == 32:
            self.fifo.popleft()
        self.fifo.append(sample)
        self.overrun = len(self.fifo) == 32

    def write(self, register: int, value: int) -> None:
        super().write(register, value)
        if register == 0x2E and value >> 6 == 0:
            self.fifo.clear()
            self.overrun = False

    def _source(self) -> int:
        mark = len(self.fifo) >= self.registers[0x2E] & 0x1F
        return mark << 7 | self.overrun << 6 | (not self.fifo) << 5 | min(len(self.fifo), 31)

    def _output(self, register: int) -> int:
        axis, high = divmod(register - 0x28, 2)
        mg = self.fifo[0][axis] if self.fifo else 0
        digits = round(mg / self.MG_PER_DIGIT[self.registers[0x23] >> 4 & 3])
        return (max(-2048, min(2047, digits)) << 4 >> 8 * high) & 0xFF

    def read(self, first: int, count: int) -> bytes:
        register, increment = first & 0x7F, first >> 7
        values = bytearray()
        for _ in range(count):
            if 0x28 <= register <= 0x2D:
                values.append(self._output(register))
                if register == 0x2D and self.fifo:
                    self.fifo.popleft()
                    self.overrun = False
            else:
                values.append(self._source() if register == 0x2F else self.registers.get(register, 0))
            if increment:
                register = 0x28 if register == 0x2D else register + 1
        return bytes(values)


class Lsm303agr(Lis3dh):
    """The accelerometer of the LSM303AGR: other sensitivities (DocID027765, section 2.1)."""

    address = 0x19
    MG_PER_DIGIT = (0.98, 1.95, 3.9, 11.72)


class Mma8653(Part):
    """MMA8653FC: status and data are read together; a sample not read in time is overwritten."""

    address = 0x1D
    identity = (0x0D, 0x5A)
    RATES = (800.0, 400.0, 200.0, 100.0, 50.0, 12.5, 6.25, 1.56)

    def __init__(self, motion: Motion) -> None:
        self.sample: tuple[int, int, int] = (0, 0, 0)
        self.status = 0
        super().__init__(motion)
        self.registers |= {0x0E: 0, 0x2A: 0, 0x2B: 0, 0x2C: 0, 0x2D: 0, 0x2E: 0}

    def rate_hz(self) -> float:
        control = self.registers.get(0x2A, 0)
        return self.RATES[control >> 3 & 7] if control & 1 else 0.0

    def put(self, sample: tuple[int, int, int]) -> None:
        self.status = 0x8F if self.status & 0x08 else 0x0F
        self.sample = sample

    def write(self, register: int, value: int) -> None:
        if register == 0x2A or not self.registers[0x2A] & 1:  # the others only in standby
            super().write(register, value)

    def read(self, first: int, count: int) -> bytes:
        values = bytearray()
        for register in range(first, first + count):
            if register == 0:
                values.append(self.status)
            elif register <= 6:
                axis, low = divmod(register - 1, 2)
                digits = round(self.sample[axis] * (256 >> self.registers[0x0E]) / 1000)
                values.append((max(-512, min(511, digits)) << 6 >> 8 * (1 - low)) & 0xFF)
                self.status = 0 if register == 6 else self.status
            else:
                values.append(self.registers.get(register, 0))
        return bytes(values)


TRANSFER = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_uint8,
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.c_size_t,
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.c_size_t,
)
RECOVER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
TIME = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)
PACE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32)


class TgBus(ctypes.Structure):
    """tg_bus of firmware/drivers/tg_bus.h."""

    _fields_ = (
        ("ctx", ctypes.c_void_p),
        ("transfer", TRANSFER),
        ("recover", RECOVER),
        ("time_us", TIME),
        ("pace", PACE),
    )


class Bus:
    """A bus with at most one part. Its operations are transfers, counted from 0."""

    def __init__(self, part: Part | None) -> None:
        self.part = part
        self.now = 0.0
        self.operations = 0
        self.faults: dict[int, str] = {}
        """By operation: nack (before anything), lost (after the part did it all), stuck (until freed)."""
        self.broken_from: int | None = None
        """From this operation on the part never answers."""
        self.stuck = False
        self.recovered = 0
        self.period_us = 0
        self.c = TgBus(
            None, TRANSFER(self._transfer), RECOVER(self._recover), TIME(self._time), PACE(self._pace)
        )

    def wait(self, us: float) -> None:
        self.now += us
        if self.part is not None:
            self.part.run_until(self.now)

    def _transfer(self, ctx: Any, address: int, out: Any, out_size: int, into: Any, in_size: int) -> int:
        operation = self.operations
        self.operations += 1
        fault = self.faults.get(operation)
        self.stuck = self.stuck or fault == "stuck"
        if self.stuck:
            self.wait(STUCK_US)
            return STUCK
        self.wait(BYTE_US * (2 + out_size + in_size))
        broken = self.broken_from is not None and operation >= self.broken_from
        if self.part is None or address != self.part.address or fault == "nack" or broken:
            return ABSENT
        if in_size == 0:
            for i in range(1, out_size):
                self.part.write(out[0] + i - 1, out[i])
        else:
            for i, value in enumerate(self.part.read(out[0], in_size)):
                into[i] = value
        return ABSENT if fault == "lost" else 0

    def _recover(self, ctx: Any) -> None:
        self.recovered += 1
        self.stuck = False
        self.wait(BYTE_US)

    def _time(self, ctx: Any) -> int:
        return int(self.now)

    def _pace(self, ctx: Any, period_us: int) -> None:
        self.period_us = period_us
