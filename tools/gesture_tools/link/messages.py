"""The messages of the link as Python sees them. ``docs/protocol.md`` says what every field means."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from gesture_tools.link.frames import Packet, Value, layouts, read_body
from gesture_tools.link.texts import FRAMES, reset_text

if TYPE_CHECKING:
    from gesture_tools import runtime

STREAM_SAMPLES, STREAM_OUTPUTS, STREAM_EVENTS = 1, 2, 4
SOURCE_SENSOR, SOURCE_REPLAY = 0, 1
CAN_SAMPLES, CAN_REPLAY = 1, 2

CHANNELS = {1: "acceleration_x", 2: "acceleration_y", 3: "acceleration_z"}
"""tg_channel of firmware/core/tg_contract.h."""


@dataclass(frozen=True)
class Message:
    """A message; the fields of each kind are those of ``firmware/link/tg_message.h``, in that order."""

    NAME: ClassVar[str]


@dataclass(frozen=True)
class AskHello(Message):
    """Host asks who is there. Ends every stream and replay of an earlier host."""

    NAME = "ASK_HELLO"
    lowest: int
    highest: int


@dataclass(frozen=True)
class AskStreams(Message):
    """Host: send these streams from now on (STREAM_ bits; 0: none)."""

    NAME = "ASK_STREAMS"
    streams: int


@dataclass(frozen=True)
class AskLabel(Message):
    """Host asks for the name of a label."""

    NAME = "ASK_LABEL"
    label: int


@dataclass(frozen=True)
class AskStats(Message):
    """Host asks what the board has done so far. The answer repeats the token."""

    NAME = "ASK_STATS"
    token: int


@dataclass(frozen=True)
class ReplayBegin(Message):
    """Host: samples follow, to be recognised in place of the sensor's."""

    NAME = "REPLAY_BEGIN"
    streams: int


@dataclass(frozen=True)
class ReplayData(Message):
    """Host: samples of a replay, from number ``first`` on: int16 each, channel by channel."""

    NAME = "REPLAY_DATA"
    first: int
    samples: bytes


@dataclass(frozen=True)
class ReplayEnd(Message):
    """Host: these were all samples of the replay."""

    NAME = "REPLAY_END"
    samples: int


@dataclass(frozen=True)
class Hello(Message):
    """Board: what it is, runs and measures."""

    NAME = "HELLO"
    lowest: int
    highest: int
    booted: int
    """1: said at its start, unasked."""
    state: int
    """0 running; 1 refused its model, 2 sensor failed: a Refused says why."""
    capabilities: int
    rate_mhz: int
    """Rate of the sensor as it is, millihertz; 0 when it does not run."""
    contract_rate_mhz: int
    rate_tolerance_permille: int
    full_scale_mg: int
    frame_kind: int
    window: int
    hop: int
    labels: int
    """Number of labels; ``Link.labels()`` asks for their names."""
    background: int
    """Index of the background, or 255."""
    replay_room: int
    """Samples of a replay that may be under way at once."""
    arena: int
    channel_kinds: bytes
    interface: bytes
    model: bytes
    board_name: bytes
    firmware_version: bytes
    sensor_name: bytes

    @property
    def board(self) -> str:
        """Name of the board."""
        return self.board_name.decode(errors="replace")

    @property
    def firmware(self) -> str:
        """Version of the firmware."""
        return self.firmware_version.decode(errors="replace")

    @property
    def sensor(self) -> str:
        """Name of the sensor, empty when there is none."""
        return self.sensor_name.decode(errors="replace")

    @property
    def model_id(self) -> str:
        """Identity of the model, hexadecimal."""
        return self.model.hex()

    @property
    def interface_id(self) -> str:
        """Identity of sensing and labels, hexadecimal."""
        return self.interface.hex()

    @property
    def rate_hz(self) -> float:
        """Rate that the contract wants, in Hz."""
        return self.contract_rate_mhz / 1000

    @property
    def rate_tolerance(self) -> float:
        """Accepted deviation of the sensor's clock, as a fraction."""
        return self.rate_tolerance_permille / 1000

    @property
    def channels(self) -> tuple[str, ...]:
        """Channel kinds in the order of a sample's values."""
        return tuple(CHANNELS.get(kind, f"unknown_{kind}") for kind in self.channel_kinds)

    @property
    def frame(self) -> str:
        """Name of the axis frame."""
        return FRAMES.get(self.frame_kind, f"unknown_{self.frame_kind}")


@dataclass(frozen=True)
class Streams(Message):
    """Board: these streams are on."""

    NAME = "STREAMS"
    streams: int


@dataclass(frozen=True)
class Label(Message):
    """Board: a label's name."""

    NAME = "LABEL"
    label: int
    name: bytes

    @property
    def text(self) -> str:
        """The name as text."""
        return self.name.decode(errors="replace")


@dataclass(frozen=True)
class Statistics(Message):
    """Board: what it has done since its start. All counts wrap at 2**32."""

    NAME = "STATS"
    token: int
    uptime_us: int
    asleep_us: int
    reset_cause: int
    samples: int
    """Samples the sensor took, those lost included."""
    lost: int
    """Samples that were lost between sensor and application."""
    overruns: int
    """Times that this happened."""
    inferences: int
    events: int
    sent: int
    """Frames handed to the line."""
    dropped: int
    """Frames that the line had no room for; their sequence numbers are missing on the host."""
    received: int
    damaged: int
    missing: int
    repeated: int
    """Of the board's own receiver: frames from the host."""
    bytes_lost: int
    """Bytes from the host that came while the receive queue was full."""
    stack: int
    stack_size: int
    counts: bytes

    @property
    def label_events(self) -> tuple[int, ...]:
        """Events of each label."""
        return tuple(int(v) for v in np.frombuffer(self.counts, "<u4"))

    @property
    def reset(self) -> str:
        """Why the board started, in a word."""
        return reset_text(self.reset_cause)


@dataclass(frozen=True)
class ReplayTaken(Message):
    """Board: so many samples of the replay are taken; replay_room more may be sent."""

    NAME = "REPLAY_TAKEN"
    samples: int


@dataclass(frozen=True)
class ReplayDone(Message):
    """Board: the replay is over."""

    NAME = "REPLAY_DONE"
    samples: int
    inferences: int
    events: int


@dataclass(frozen=True)
class Samples(Message):
    """Board: consecutive samples of the sensor."""

    NAME = "SAMPLES"
    channels: int
    first: int
    start_us: int
    records: bytes

    @property
    def _rows(self) -> NDArray[np.int16]:
        return np.frombuffer(self.records, "<i2").reshape(-1, 1 + self.channels)

    @cached_property
    def seq(self) -> NDArray[np.int64]:
        """Sample numbers since the board's start; lost ones are counted, so that they leave a gap."""
        return self.first + np.arange(len(self._rows), dtype=np.int64)

    @cached_property
    def t_us(self) -> NDArray[np.int64]:
        """When each was taken, by the board's clock, in microseconds since its start."""
        return self.start_us + np.cumsum(self._rows[:, 0].astype(np.uint16), dtype=np.int64)

    @cached_property
    def values(self) -> NDArray[np.int16]:
        """The samples (n, channels), milli-g, in the order of the hello's channels."""
        return self._rows[:, 1:].astype(np.int16)


@dataclass(frozen=True)
class Lost(Message):
    """Board: it lost samples of its sensor, from number ``seq`` on; the recognizer starts anew."""

    NAME = "LOST"
    seq: int
    samples: int


@dataclass(frozen=True)
class Event(Message):
    """Board: a gesture, in sample numbers of its source."""

    NAME = "EVENT"
    source: int
    label: int
    score: int
    """0 to 255."""
    start: int
    end: int
    t_us: int
    """When the sample that completed it was taken; 0 in a replay."""
    name: bytes

    @property
    def text(self) -> str:
        """Name of the label."""
        return self.name.decode(errors="replace")

    @property
    def event(self) -> runtime.Event:
        """The event as the simulator has it."""
        from gesture_tools.runtime import Event

        return Event(self.text, self.score / 256, self.start, self.end)


@dataclass(frozen=True)
class Outputs(Message):
    """Board: outputs of the window that ends before sample number ``end``."""

    NAME = "OUTPUTS"
    source: int
    end: int
    values: bytes


@dataclass(frozen=True)
class Error(Message):
    """Board: why it did not do what a message asked."""

    NAME = "ERROR"
    reason: int
    message: int
    detail: int


@dataclass(frozen=True)
class Refused(Message):
    """Board: why it recognises nothing."""

    NAME = "REFUSED"
    what: int
    expected: int
    found: int
    detail: int
    more: int


@dataclass(frozen=True)
class Fault(Message):
    """Board: what ended its last run."""

    NAME = "FAULT"
    cause: int
    exception: int
    pc: int
    status: int
    address: int


@dataclass(frozen=True)
class End(Message):
    """Board: an emulated one ends, with this exit code."""

    NAME = "END"
    code: int


CLASSES: dict[str, type[Message]] = {c.NAME: c for c in Message.__subclasses__()}


def type_of(message: type[Message]) -> int:
    """Return the number of a message's type."""
    return next(layout.type for layout in layouts().values() if layout.name == message.NAME)


def values_of(message: Message) -> list[Value]:
    """Return a message's fields in order."""
    return [getattr(message, field.name) for field in fields(message)]


def parse(packet: Packet) -> Message | None:
    """Return the message of a packet, or None when its type is unknown or its body malformed."""
    values = read_body(packet)
    if values is None:
        return None
    message = CLASSES[layouts()[packet.type].name](*values)
    return message if _sound(message) else None


def _sound(message: Message) -> bool:
    """Whether the blobs of a message have a size that their contents can have."""
    if isinstance(message, Samples):
        return message.channels >= 1 and len(message.records) % (2 + 2 * message.channels) == 0
    if isinstance(message, Statistics):
        return len(message.counts) % 4 == 0
    return True
