"""A sketch that prints ``x,y,z`` as a source of samples."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import serial

from gesture_tools.errors import UserError
from gesture_tools.port import PortLost, receive
from gesture_tools.profile import Profile
from gesture_tools.recorder.clock import ArrivalClock
from gesture_tools.recorder.lines import LineParser, Row
from gesture_tools.recorder.measure import Unit, measure, named_unit, unit_of
from gesture_tools.recorder.source import Block, Facts, SourceLost, no_samples
from gesture_tools.recorder.ui import Ui
from gesture_tools.recordings import UNVERIFIED

WAIT = "lay the board down, still: its unit is measured"

_DRAIN_READS = 64
_STALL_READS = 8
_STALL_S = 0.03
_INT16 = 32767


@dataclass(frozen=True)
class Asked:
    """What the user says of a sketch; None: measured, or taken from the folder's profile."""

    unit: str | None = None
    lsb_per_g: float | None = None
    rate_hz: float | None = None
    full_scale_mg: int | None = None


class TextSource:
    """Samples from the lines of a sketch, stamped on arrival."""

    def __init__(self, port: serial.SerialBase, parser: LineParser, unit: Unit, facts: Facts) -> None:
        self._port = port
        self._parser = parser
        self._unit = unit
        self._facts = facts
        self._clock = ArrivalClock(facts.profile.rate_hz)
        self._begin = time.monotonic()
        self._seq = 0

    @property
    def facts(self) -> Facts:
        """What was asked and measured."""
        return self._facts

    @property
    def malformed(self) -> int:
        """Lines that were no sample, since the first that was."""
        return self._parser.malformed

    @property
    def example(self) -> str:
        """The last malformed line."""
        return self._parser.example

    def read(self, timeout_s: float) -> Block:
        """Return the samples of the lines that have come."""
        items = self._parser.feed(self._drain(timeout_s))
        if not items:
            return no_samples(3)
        for _ in range(_STALL_READS):  # after a pause, a stalled line's backlog may come in several pieces
            if not self._clock.is_pause(len(items), self._now_us()) or not (more := self._drain(_STALL_S)):
                break
            items += self._parser.feed(more)
        stamps = self._clock.stamp(len(items), self._now_us())
        seq = np.arange(self._seq, self._seq + len(items))
        self._seq += len(items)
        good = [index for index, row in enumerate(items) if row is not None]
        rows: list[Row] = [row for row in items if row is not None]
        values = np.array(rows, np.float64).reshape(len(rows), 3) * self._unit.milli_g
        samples = np.clip(np.rint(values), -_INT16, _INT16).astype(np.int16)
        return Block(seq[good], stamps[good], samples)

    def _drain(self, timeout_s: float) -> bytes:
        """Return all that has come, waiting up to timeout_s for it: a clump is one arrival."""
        data = b""
        try:
            data = receive(self._port, timeout_s)
            for _ in range(_DRAIN_READS if data else 0):
                if not (more := receive(self._port, 0.0)):
                    break
                data += more
        except PortLost as error:
            if not data:  # what came before is taken first; the port stays lost
                raise SourceLost(error.message) from error
        return data

    def _now_us(self) -> float:
        return (time.monotonic() - self._begin) * 1e6

    def resumed(self, port: serial.SerialBase, parser: LineParser) -> TextSource:
        """Return the same sketch behind a port that was opened again: its unit and rate are known."""
        parser.restart()
        return TextSource(port, parser, self._unit, self._facts)

    def skip(self) -> None:
        """Drop the lines that wait; the stream's time goes on."""
        self.read(0.0)

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def open_text(
    port: serial.SerialBase,
    parser: LineParser,
    asked: Asked,
    profile: Profile | None,
    ui: Ui,
) -> TextSource:
    """Return the source behind a port whose lines a parser has met; profile: what holds for the data folder.

    What was not asked for is measured, or, where there is no telling, asked. Raises UserError when nobody
    knows.
    """
    parser.restart()
    known = asked.unit is not None or asked.lsb_per_g is not None
    found = measure(port, parser, need_gravity=not known, on_wait=lambda: ui.tell("wait", WAIT))
    if known:
        unit = named_unit(asked.unit or "raw", asked.lsb_per_g)
    else:
        try:
            unit = unit_of(found.gravity)
        except UserError as error:
            name = ui.choose_unit(error.message, lambda: _drop(port))
            if name is None:
                raise
            unit = named_unit(name)
            parser.restart()
    given = asked.rate_hz
    if given is not None and abs(found.rate_hz - given) > 0.1 * given:
        raise UserError(
            f"--rate is {given:g} Hz, but {found.rate_hz:g} lines arrive a second: correct one of both"
        )
    scale = asked.full_scale_mg or (profile.full_scale_mg if profile else None)
    facts = Facts(
        Profile(rate_hz=given or found.rate_hz, full_scale_mg=scale or Profile.full_scale_mg),
        {
            "board": "unknown, a sketch that prints text",
            "unit": unit.how,
            UNVERIFIED: "time, rate_hz, unit" + ("" if asked.full_scale_mg else ", full_scale_mg"),
        },
    )
    return TextSource(port, parser, unit, facts)


def _drop(port: serial.SerialBase) -> None:
    """Take what has come, so that no buffer overflows."""
    receive(port, 0.05)
