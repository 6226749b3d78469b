"""A sketch that prints ``x,y,z`` on a real serial pair: a pseudo-terminal with a thread behind it.

What it prints is known to the sample, so that a test can say what must have arrived.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
import tty
from collections.abc import Callable

Row = tuple[float, float, float]

RATE_HZ = 50.0


def movement(number: int, rate_hz: float, every_s: float, long_s: float = 0.6) -> Row:
    """Acceleration in g of sample number: the board lies face up, and is shaken for long_s every every_s."""
    t = number / rate_hz
    tremor = 0.006 * math.sin(number * 1.7)
    phase = t % every_s - (every_s - long_s - 0.2)
    if not 0 <= phase < long_s:
        return (tremor, -tremor, 1.0 + tremor)
    x = 1.2 * math.sin(math.tau * 4 * phase) * math.sin(math.pi * phase / long_s)
    return (x, 0.3 * x + tremor, 1.0 + 0.2 * x)


def rest(number: int) -> Row:
    """Acceleration in g of a board that lies face up."""
    return (0.006 * math.sin(number * 1.7), 0.005 * math.cos(number * 2.3), 1.0 + 0.004 * math.sin(number))


def shaken(number: int) -> Row:
    """Acceleration in g of a board that is shaken every 1.8 s, at RATE_HZ."""
    return movement(number, RATE_HZ, 1.8)


class Sketch:
    """Prints at a rate until it is closed; ``port`` is the name of the line's other end.

    sample(number): acceleration in g. line(row): how it is printed. before: bytes printed once, first.
    """

    def __init__(
        self,
        sample: Callable[[int], Row] = rest,
        rate_hz: float = RATE_HZ,
        line: Callable[[Row], str] = lambda row: f"{row[0]:.3f},{row[1]:.3f},{row[2]:.3f}\r\n",
        before: bytes = b"",
        spoil: Callable[[int, bytes], bytes] = lambda _, data: data,
    ) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        os.set_blocking(self._ours, False)
        self._sample, self._rate_hz, self._line, self._spoil = sample, rate_hz, line, spoil
        self._before = before
        self._end = threading.Event()
        self.printed = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Sketch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Pull the cable."""
        self._end.set()
        self._thread.join()
        for descriptor in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _run(self) -> None:
        self._print(self._before)
        begin = time.monotonic()
        while not self._end.is_set():
            due = int((time.monotonic() - begin) * self._rate_hz)
            while self.printed < due:
                line = self._line(self._sample(self.printed)).encode()
                self._print(self._spoil(self.printed, line))
                self.printed += 1
            self._end.wait(0.5 / self._rate_hz)

    def _print(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: a UART would lose it, too
            os.write(self._ours, data)
