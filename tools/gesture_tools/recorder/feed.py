"""A source's samples on their way to the file and to the screen, and its return after it was lost."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.profile import Profile
from gesture_tools.recorder.judge import is_still
from gesture_tools.recorder.meter import Meter
from gesture_tools.recorder.opening import OtherSource
from gesture_tools.recorder.source import Block, Source, SourceLost
from gesture_tools.recorder.ui import Damage, Ui
from gesture_tools.recorder.writer import PartWriter

POLL_S = 0.05

SILENCE_S = 3.0
"""A source that delivers nothing for so long has stopped."""

REST_S = 1.0
REST_WAIT_S = 10.0
"""Stillness that axes are checked in, and how long to wait for it."""

RETRY_S = 0.5
"""Time from one try to open a lost source to the next."""


class Feed:
    """What one source delivers; it may be lost, and come back as another object."""

    def __init__(
        self, source: Source, profile: Profile, ui: Ui, reopen: Callable[[Source], Source], wait_s: float
    ) -> None:
        """reopen: opens a lost source again, or raises UserError; wait_s: how long that is tried."""
        self._source = source
        self._profile = profile
        self._ui = ui
        self._reopen = reopen
        self._wait_s = wait_s
        self.begin()

    def close(self) -> None:
        """Give the port back."""
        self._source.close()

    def begin(self) -> None:
        """Drop what waits: what comes from now on is a recording of its own."""
        self._source.skip()
        self._heard = time.monotonic()
        self._malformed = self._source.malformed

    def pump(self, meter: Meter, writer: PartWriter | None, phase: str) -> Block:
        """Take what has come, write it, show it; raise SourceLost when nothing comes any more."""
        block = self._source.read(POLL_S)
        now = time.monotonic()
        if len(block):
            self._heard = now
            if writer is not None:
                writer.write(block)
            meter.update(block)
        elif now - self._heard > SILENCE_S:
            raise SourceLost(f"nothing has come for {SILENCE_S:g} s: is the sketch running? Reset the board")
        if phase:
            self._ui.live(phase, meter, self.damage(), writer.samples if writer else 0)
        return block

    def idle(self) -> None:
        """Take what arrives while the user thinks, so that no buffer overflows."""
        try:
            self.pump(Meter(self._profile), None, "")
        except SourceLost:  # the next recording will tell
            time.sleep(POLL_S)

    def damage(self) -> Damage:
        """Return what came damaged since the recording began."""
        count = self._source.malformed - self._malformed
        return Damage(count, self._source.example if count else "")

    def at_rest(self) -> NDArray[np.int16]:
        """Return samples of a board that has lain still for REST_S, waiting REST_WAIT_S at most."""
        self._source.skip()
        meter = Meter(self._profile)
        count = max(2, round(REST_S * self._profile.rate_hz))
        while meter.read().seconds < REST_WAIT_S:
            self.pump(meter, None, "checking the axes: let the board lie still")
            last = meter.recent.samples[-count:]
            if len(last) == count and is_still(last):
                return last
        raise UserError(
            f"the board has not lain still for {REST_WAIT_S:g} s: put it down face up, start again"
        )

    def resume(self, lost: SourceLost) -> bool:
        """Wait for the source to come back, and go on with it; return False when the user ends it.

        Raises UserError when it does not come in time, or something else does.
        """
        self._source.close()
        if not self._wait_s:
            raise UserError(f"{lost.message}; what came before is kept")
        self._ui.tell(
            "lost",
            f"{lost.message}; waiting {self._wait_s:g} s for it",
            reasons=[lost.message],
            seconds=self._wait_s,
        )
        end = time.monotonic() + self._wait_s
        while time.monotonic() < end:
            if self._ui.stop_wanted():
                return False
            try:
                self._source = self._reopen(self._source)
            except OtherSource:
                raise
            except UserError:
                time.sleep(RETRY_S)
            else:
                self._ui.tell("back", "it is back: going on")
                self.begin()
                return True
        raise UserError(f"{lost.message}; not back within {self._wait_s:g} s; what came before is kept")
