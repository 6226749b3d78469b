"""Replay: a board recognises a host's samples in place of its sensor's, and returns what it makes of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.link.frames import link_facts
from gesture_tools.link.messages import (
    CAN_REPLAY,
    SOURCE_REPLAY,
    STREAM_EVENTS,
    STREAM_OUTPUTS,
    Error,
    Event,
    Message,
    Outputs,
    ReplayBegin,
    ReplayData,
    ReplayDone,
    ReplayEnd,
    ReplayTaken,
    type_of,
)
from gesture_tools.link.reasons import error_text
from gesture_tools.link.session import BoardSilent, Link

if TYPE_CHECKING:
    from gesture_tools import runtime

AROUND_SAMPLES = 5
"""Bytes of a REPLAY_DATA body that are no samples."""
REASON_STATE, REASON_ORDER = 4, 5
STALL_S = 0.5
"""Nothing taken for so long: the last message was lost, and is sent again."""
GIVE_UP_S = 5.0
TRIES = 3


@dataclass(frozen=True, eq=False)
class Replayed:
    """What a board made of a log."""

    outputs: NDArray[np.int8]
    """Outputs of every hop (hops, labels)."""
    events: tuple[runtime.Event, ...]
    samples: int
    inferences: int
    tries: int
    """How often the log was sent: again when an answer was lost on the line."""


class _Incomplete(Exception):
    """Something of the board's answers was lost."""


def replay(
    link: Link, samples: NDArray[np.int16], on_progress: Callable[[int], None] = lambda taken: None
) -> Replayed:
    """Send samples, int16 (n, channels) as the board's contract has them, and return its outputs and events.

    on_progress is called with the number of samples taken. What is lost on the way to the board is sent
    again; when an answer is lost, all is, at most TRIES times. Raises UserError.
    """
    hello = link.hello
    if not hello.capabilities & CAN_REPLAY:
        link.require_running()
        raise UserError(f"the board {hello.board} offers no replay: build and flash its firmware again")
    if samples.dtype != np.int16 or samples.ndim != 2 or samples.shape[1] != len(hello.channels):
        raise ValueError(f"expected int16 samples (n, {len(hello.channels)}), got {samples.shape}")
    for attempt in range(1, TRIES + 1):
        try:
            return _Replay(link, samples, on_progress).run(attempt)
        except _Incomplete as lost:
            why = str(lost)
    raise UserError(
        f"the line to the board lost answers in each of {TRIES} tries ({why}): try another cable or port"
    )


class _Replay:
    """One attempt."""

    def __init__(self, link: Link, samples: NDArray[np.int16], on_progress: Callable[[int], None]) -> None:
        self._link = link
        self._samples = samples
        self._on_progress = on_progress
        self._outputs: list[bytes] = []
        self._events: list[runtime.Event] = []
        width = 2 * samples.shape[1]
        fits = (link_facts()[0] - AROUND_SAMPLES - 1) // width
        self._step = max(1, min(link.hello.replay_room // 2, fits))
        self._taken = self._sent = 0

    def run(self, attempt: int) -> Replayed:
        link, total = self._link, len(self._samples)
        link.ask(ReplayBegin(STREAM_OUTPUTS | STREAM_EVENTS), ReplayTaken)
        moved = resent = time.monotonic()
        while self._taken < total:
            self._send()
            before = self._taken
            self._listen(0.05)
            now = time.monotonic()
            if self._taken > before:
                moved = resent = now
                self._on_progress(self._taken)
            elif now - moved > GIVE_UP_S:
                raise BoardSilent(
                    f"the board took {self._taken} of {total} samples and no more: reset it and try again"
                )
            elif now - resent > STALL_S:
                resent, self._sent = now, self._taken
        done = link.ask(ReplayEnd(total), ReplayDone)
        self._listen(0)
        if (len(self._outputs), len(self._events)) != (done.inferences, done.events):
            raise _Incomplete(
                f"{done.inferences - len(self._outputs)} of {done.inferences} outputs and "
                f"{done.events - len(self._events)} of {done.events} events"
            )
        outputs = np.frombuffer(b"".join(self._outputs), np.int8).reshape(-1, link.hello.labels)
        return Replayed(outputs.copy(), tuple(self._events), done.samples, done.inferences, attempt)

    def _send(self) -> None:
        """Send what the board has room for."""
        total, room = len(self._samples), self._link.hello.replay_room
        while self._sent < total:
            end = min(self._sent + self._step, total)
            if end - self._taken > room:
                return
            data = self._samples[self._sent : end].astype("<i2").tobytes()
            self._link.write(ReplayData(self._sent, data))
            self._sent = end

    def _listen(self, timeout_s: float) -> None:
        """Take in what has come; wait for one message at most."""
        for message in self._link.take(timeout_s):
            match message:
                case ReplayTaken():
                    self._taken = max(self._taken, message.samples)
                case Outputs() if message.source == SOURCE_REPLAY:
                    self._outputs.append(message.values)
                case Event() if message.source == SOURCE_REPLAY:
                    self._events.append(message.event)
                case Error() if message.message == type_of(ReplayData):
                    self._refused(message)
                case Message():
                    pass  # of the sensor, which goes on

    def _refused(self, error: Error) -> None:
        if error.reason == REASON_ORDER:
            self._sent = self._taken = max(self._taken, error.detail)
        elif error.reason == REASON_STATE:
            raise _Incomplete("the board was reset, or gave the replay up")
        else:
            raise _Incomplete(error_text(error))
