"""The board ``host`` with an accelerometer that is shaken every two seconds, again and again."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from gesture_tools.boards import HOST
from gesture_tools.profile import Profile
from gesture_tools.recordings import ACCELERATION, Recording
from gesture_tools.serving import Served, endless_image, serve
from tests.support.sketch import movement

RATE_HZ = 50.0
SPEED = 2
COUNT = 1000
"""Samples after which the log begins anew."""


def rows() -> np.ndarray:
    """What the accelerometer gives, int16 milli-g (COUNT, 3)."""
    return np.rint(np.array([movement(n, RATE_HZ, 2.0) for n in range(COUNT)]) * 1000).astype(np.int16)


def serving(program: Path, tcp: int | None = None) -> AbstractContextManager[Served]:
    """Run the board of program_for(HOST, ...), twice as fast as life; on TCP where a port is given."""
    t_us = np.arange(COUNT, dtype=np.int64) * 20_000
    log = Recording("log", "x", "p", "1", t_us, rows(), channels=ACCELERATION)
    return serve(HOST, program, endless_image(Profile(rate_hz=RATE_HZ), [log]), tcp=tcp, speed=SPEED)
