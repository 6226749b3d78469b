"""Unit and rate of a sketch's lines, measured from the first seconds: gravity at rest tells the unit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import serial
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.exchange.pieces import nice
from gesture_tools.port import receive
from gesture_tools.recorder.lines import LineParser, Row

UNITS_MG = {"g": 1000.0, "mg": 1.0, "m/s2": 1000 / 9.80665}
"""Milli-g in one of each unit."""

RATE_S = 2.0
"""Time that the rate is measured over, at least."""

REST_S = 0.5
PATIENCE_S = 12.0
"""Stillness that gravity is measured over, and how long to wait for it."""

STILL = 0.04
"""Standard deviation of all axes at rest, at most, as a share of gravity."""

NEAR = 0.15
"""A unit is told from gravity within this share; the next unit is far more away."""

FASTEST_HZ = 1000.0
SLOWEST_HZ = 5.0


@dataclass(frozen=True)
class Unit:
    """What one count of a sketch's numbers is."""

    name: str
    milli_g: float
    how: str
    """Where it is known from, for the log's header."""


@dataclass(frozen=True)
class Measured:
    """A stream's rate, as lines arrived, and gravity in its own unit."""

    rate_hz: float
    gravity: float | None
    """None: the board was never still."""


def named_unit(name: str, lsb_per_g: float | None = None) -> Unit:
    """Return the unit that the user named: one of UNITS_MG, or raw counts per g."""
    if lsb_per_g is not None:
        return Unit("raw", 1000 / lsb_per_g, f"raw, {lsb_per_g:g} per g (given)")
    return Unit(name, UNITS_MG[name], f"{name} (given)")


def unit_of(gravity: float | None) -> Unit:
    """Return the unit in which the board reads gravity so; raise UserError when there is no telling.

    None: the board was never still.
    """
    if gravity is None:
        raise UserError(
            "the board was never still, so its unit cannot be measured: let it lie for a few seconds, or "
            "give --unit g, mg or m/s2"
        )
    for name, milli_g in UNITS_MG.items():
        if abs(gravity * milli_g / 1000 - 1) <= NEAR:
            return Unit(name, milli_g, f"{name} (measured: {gravity:.4g} at rest)")
    if gravity >= 50:
        lsb_per_g = 2.0 ** round(np.log2(gravity))
        if abs(gravity / lsb_per_g - 1) <= NEAR:
            return Unit(
                "raw", 1000 / lsb_per_g, f"raw, {lsb_per_g:g} per g (measured: {gravity:.5g} at rest)"
            )
    raise UserError(
        f"the sketch reads {gravity:.4g} at rest: expected 1 (g), 9.81 (m/s2), 1000 (mg) or a power of two "
        "(raw); give --unit, or --lsb-per-g from the sensor's data sheet"
    )


def gravity_of(rows: NDArray[np.float64], rate_hz: float) -> float | None:
    """Return the magnitude of rows (n, 3) over the stillest REST_S; None when none is still."""
    length = max(4, round(REST_S * rate_hz))
    best: tuple[float, float] | None = None
    for first in range(0, len(rows) - length + 1, max(1, length // 4)):
        stretch = rows[first : first + length]
        magnitude = float(np.linalg.norm(np.median(stretch, axis=0)))
        spread = float(np.sqrt(stretch.var(axis=0).sum()))
        if magnitude > 0 and (best is None or spread / magnitude < best[0]):
            best = spread / magnitude, magnitude
    return best[1] if best is not None and best[0] <= STILL else None


def measure(
    port: serial.SerialBase,
    parser: LineParser,
    *,
    need_gravity: bool,
    on_wait: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> Measured:
    """Measure a stream for RATE_S, and on until the board was still if need_gravity, for PATIENCE_S at most.

    on_wait is called when it goes on, once. Raises UserError for a stream that stops or has no usable rate.
    """
    rows: list[Row] = []
    arrivals: list[tuple[float, int]] = []
    lines = 0
    begin = clock()
    asked = False
    while True:
        data = receive(port, 0.05)
        now = clock()
        if items := parser.feed(data):
            lines += len(items)
            arrivals.append((now, lines))
            rows += [row for row in items if row is not None]
        elapsed = now - begin
        if elapsed < RATE_S:
            continue
        if len(arrivals) < 4 or lines < 10:
            raise UserError(
                f"{lines} lines in {elapsed:.0f} s: expected x,y,z at {SLOWEST_HZ:g} Hz or more; "
                "is the sketch running?"
            )
        rate = (arrivals[-1][1] - arrivals[0][1]) / (arrivals[-1][0] - arrivals[0][0])
        if not SLOWEST_HZ <= rate <= FASTEST_HZ * 1.05:
            raise UserError(
                f"{rate:.1f} lines a second: expected {SLOWEST_HZ:g} to {FASTEST_HZ:g}; change the sketch"
            )
        gravity = gravity_of(np.array(rows), rate) if need_gravity and rows else None
        if elapsed > PATIENCE_S and need_gravity and rows and not np.any(rows):
            raise UserError(
                "the sketch prints 0,0,0 all the time: expected a sensor that measures gravity; look at "
                "its wiring, and whether the sketch starts it"
            )
        if not need_gravity or gravity is not None or elapsed > PATIENCE_S:
            return Measured(nice(min(rate, FASTEST_HZ)), gravity)
        if not asked:
            asked = True
            on_wait()
