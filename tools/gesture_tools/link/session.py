"""A session with a board over the link: who it is, its samples and events, its statistics."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from gesture_tools.errors import UserError
from gesture_tools.link.frames import Counts, Receiver, link_facts, write_frame
from gesture_tools.link.messages import (
    STREAM_EVENTS,
    STREAM_OUTPUTS,
    STREAM_SAMPLES,
    AskHello,
    AskLabel,
    AskStats,
    AskStreams,
    Error,
    Fault,
    Hello,
    Label,
    Message,
    Refused,
    Statistics,
    Streams,
    parse,
    type_of,
    values_of,
)
from gesture_tools.link.reasons import error_text, refusal_text
from gesture_tools.link.who import who_is_it
from gesture_tools.port import BAUD, open_port, receive, send

if TYPE_CHECKING:
    import serial

ANSWER_S = 2.0
"""How long a board may take to answer, all tries together."""
TRY_S = 0.5
"""A question that got no answer in this time is asked again."""
SILENCE_S = 2.0
"""A board that streams samples and says nothing for so long is asked who it is; it may have restarted."""
POLL_S = 0.05

A = TypeVar("A", bound=Message)
Accept = Callable[[A], bool]


class BoardSilent(UserError):
    """The port is there, and nobody answers on it."""


class Link:
    """A session with a board. Use it in a ``with``, or close it."""

    hello: Hello
    """What the board is; replaced when it restarts."""
    refusal: Refused | None
    """Why the board recognises and samples nothing, if so; ``refusal_text`` puts it in words."""
    fault: Fault | None
    """What ended the board's last run, if a fault did."""

    def __init__(
        self, port: str | serial.SerialBase, *, baud: int = BAUD, timeout_s: float = ANSWER_S
    ) -> None:
        """Open a port (path or address, or one that is open already) and ask who is there.

        Raises UserError when the port cannot be opened, nothing or something else answers, or the board
        speaks no version of the protocol that this code does.
        """
        self.port = open_port(port, baud) if isinstance(port, str) else port
        self._timeout_s = timeout_s
        self._receiver = Receiver()
        self._sequence = 0
        self._token = 0
        self._waiting: deque[Message] = deque()
        self._streams = 0
        self._heard = bytearray()
        self._greeting = False
        self.refusal = None
        self.fault = None
        try:
            send(self.port, b"\0")  # ends whatever the board may have received before
            self.hello = self._greet()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Use the session in a ``with``."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        self.close()

    def close(self) -> None:
        """Close the port. The board goes on streaming until the next host greets it; ``stop()`` ends that."""
        self.port.close()

    @property
    def counts(self) -> Counts:
        """What was received and lost on the way here."""
        return self._receiver.counts

    def start_sampling(self, *, events: bool = True, outputs: bool = False) -> None:
        """Ask for the sensor's samples, and for events and the outputs of every hop.

        Raises UserError when the board refused its model or its sensor failed.
        """
        self.require_running()
        self._ask_streams(
            STREAM_SAMPLES | (STREAM_EVENTS if events else 0) | (STREAM_OUTPUTS if outputs else 0)
        )

    def stop(self) -> None:
        """Ask for silence. What came before the board's answer can still be read by messages()."""
        self._ask_streams(0)

    def require_running(self) -> None:
        """Raise UserError, with the reason, when the board recognises nothing."""
        if self.refusal is not None:
            raise UserError(refusal_text(self.refusal))

    def statistics(self) -> Statistics:
        """Ask what the board has done so far."""
        self._token = (self._token + 1) & 0xFF
        token = self._token
        return self.ask(AskStats(token), Statistics, lambda answer: answer.token == token)

    def labels(self) -> tuple[str, ...]:
        """Ask for the names of the labels."""
        return tuple(
            self.ask(AskLabel(index), Label, partial(_is_label, index)).text
            for index in range(self.hello.labels)
        )

    def __iter__(self) -> Iterator[Message]:
        """Yield messages for ever; see messages()."""
        while True:
            yield from self.messages(SILENCE_S)

    def messages(self, timeout_s: float) -> Iterator[Message]:
        """Yield the messages that come within timeout_s; ends after it.

        When the board restarts, its Hello is yielded, and the streams asked for are asked for again: sample
        numbers and times begin anew there. Raises PortLost when the port goes, BoardSilent when samples were
        asked for and the board no longer answers.
        """
        deadline = time.monotonic() + timeout_s
        heard = time.monotonic()
        while True:
            while self._waiting:
                heard = time.monotonic()
                yield self._waiting.popleft()
            now = time.monotonic()
            if now >= deadline:
                return
            self._receive(min(POLL_S, deadline - now))
            if self._streams & STREAM_SAMPLES and not self._waiting and now - heard > SILENCE_S:
                self._waiting.append(self._greet())
                heard = time.monotonic()

    def take(self, timeout_s: float) -> list[Message]:
        """Return the messages that have come, waiting up to timeout_s for one."""
        if not self._waiting:
            self._receive(timeout_s)
        found = list(self._waiting)
        self._waiting.clear()
        return found

    def write(self, message: Message) -> None:
        """Send a message."""
        frame = write_frame(type_of(type(message)), self._sequence, values_of(message))
        self._sequence += 1
        send(self.port, frame)

    def ask(self, question: Message, kind: type[A], fits: Accept[A] | None = None) -> A:
        """Send a question until its answer comes; what else comes waits for messages().

        Raises UserError when the board says no, BoardSilent when it says nothing.
        """
        end = time.monotonic() + self._timeout_s
        while (now := time.monotonic()) < end:
            self.write(question)
            answer = self.wait_for(kind, min(TRY_S, end - now), fits, type_of(type(question)))
            if answer is not None:
                return answer
        raise BoardSilent(
            f"{self._name()} does not answer any more ({type(question).NAME.lower()}): reset it or plug it "
            "in again"
        )

    def wait_for(
        self, kind: type[A], timeout_s: float, fits: Accept[A] | None = None, asked: int | None = None
    ) -> A | None:
        """Return the first message of a kind (that fits) to come within timeout_s, taken out of the order.

        An Error that answers messages of type ``asked`` is raised as UserError.
        """
        end = time.monotonic() + timeout_s
        seen = 0
        while True:
            for index in range(seen, len(self._waiting)):
                message = self._waiting[index]
                if isinstance(message, kind) and (fits is None or fits(message)):
                    del self._waiting[index]
                    return message
                if isinstance(message, Error) and message.message == asked:
                    del self._waiting[index]
                    raise UserError(f"{self._name()} refuses: {error_text(message)}")
            seen = len(self._waiting)
            now = time.monotonic()
            if now >= end:
                return None
            self._receive(min(POLL_S, end - now))

    def _name(self) -> str:
        return f"the board on {self.port.name}"

    def _receive(self, timeout_s: float) -> None:
        data = receive(self.port, timeout_s)
        if not hasattr(self, "hello"):
            self._heard += data
        for packet in self._receiver.push(data):
            message = parse(packet)
            if message is None:
                continue
            if isinstance(message, Hello):
                self.refusal = self.fault = None  # those of before; if there are any now, they follow
            if isinstance(message, Refused):
                self.refusal = message
            elif isinstance(message, Fault):
                self.fault = message
            elif isinstance(message, Hello) and not self._greeting:
                if not message.booted:  # a late answer to a question asked twice, or the sensor is back
                    self.hello = message
                    continue
                self._restarted(message)
            self._waiting.append(message)

    def _restarted(self, hello: Hello) -> None:
        """Take up the session with a board that began anew."""
        self.hello = hello
        if self._streams:
            self.write(AskStreams(self._streams))

    def _greet(self) -> Hello:
        """Ask who is there, and, on a line that was in use, for the streams again."""
        _, lowest, highest = link_facts()
        end = time.monotonic() + self._timeout_s
        while (now := time.monotonic()) < end:
            self._greeting = True
            self.write(AskHello(lowest, highest))
            hello = self.wait_for(Hello, min(TRY_S, end - now))
            self._greeting = False
            if hello is not None:
                self._check_version(hello)
                self._restarted(hello)
                self._receive(POLL_S)  # a refusal or fault follows at once
                return hello
        if hasattr(self, "hello"):
            raise BoardSilent(f"{self._name()} has gone silent: reset it or plug it in again")
        raise BoardSilent(who_is_it(str(self.port.name), bytes(self._heard), self._receiver.counts))

    def _check_version(self, hello: Hello) -> None:
        _, lowest, highest = link_facts()
        if hello.lowest > highest or hello.highest < lowest:
            newer = hello.lowest > highest
            raise UserError(
                f"{self._name()} speaks version {hello.lowest} to {hello.highest} of the link, expected "
                f"{lowest} to {highest}: "
                + ("update tinygesture" if newer else "build and flash its firmware again")
            )

    def _ask_streams(self, streams: int) -> None:
        self.ask(AskStreams(streams), Streams, lambda answer: answer.streams == streams)
        self._streams = streams


def _is_label(index: int, answer: Label) -> bool:
    return answer.label == index
