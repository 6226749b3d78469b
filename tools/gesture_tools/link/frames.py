"""Frames and messages by the C code of ``firmware/link``, which the boards run too.

Here, bytes become (type, sequence, values) and back. What the values are called and of which kind they are is
asked of the C code; ``messages`` gives them Python's types.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from gesture_tools.runtime.machine import Machine
from gesture_tools.runtime.native import native_machine

FRAME_ROOM = 256
KIND_BLOB = 5
BLOB_SHIFT = 32

Value = int | bytes
PUSHED_AT_ONCE = 4096


@dataclass(frozen=True)
class Layout:
    """A message as the C code lists it."""

    name: str
    type: int
    fields: tuple[str, ...]
    blobs: tuple[bool, ...]
    """Whether each field is a blob; the others are numbers."""


@dataclass(frozen=True)
class Packet:
    """A message as it came: intact by its CRC, its body not yet looked at."""

    type: int
    sequence: int
    body: bytes


@dataclass(frozen=True)
class Counts:
    """What a receiver has seen."""

    frames: int = 0
    """Messages received."""
    damaged: int = 0
    """Frames left out: stuffing, length or CRC wrong; noise counts too."""
    missing: int = 0
    """Frames that never came, by the sequence numbers of those that did."""
    repeated: int = 0
    """Frames left out because they, or later ones, had come before."""
    restarts: int = 0
    """Times that the sender began to count anew."""


@cache
def layouts() -> Mapping[int, Layout]:
    """Return every message of the protocol by its type."""
    machine = native_machine()
    found: dict[int, Layout] = {}
    facts = machine.alloc(8)
    index = 0
    while (name := machine.call_text("tg_bind_message_name", index, facts)) is not None:
        type_, count = (int(v) for v in facts.array(np.uint32, 2))
        fields, blobs = [], []
        for field in range(count):
            kind = machine.alloc(4)
            fields.append(machine.call_text("tg_bind_field_name", type_, field, kind) or "?")
            blobs.append(int(kind.array(np.uint32, 1)[0]) == KIND_BLOB)
        found[type_] = Layout(name, type_, tuple(fields), tuple(blobs))
        index += 1
    return found


@cache
def link_facts() -> tuple[int, int, int]:
    """Return the largest body, and the lowest and highest protocol version this code speaks."""
    facts = native_machine().alloc(12)
    native_machine().call("tg_bind_link_facts", facts)
    body, lowest, highest = (int(v) for v in facts.array(np.uint32, 3))
    return body, lowest, highest


def write_frame(type_: int, sequence: int, values: Sequence[Value], machine: Machine | None = None) -> bytes:
    """Return the frame of a message; raise ValueError when its body would be too long."""
    machine = machine or native_machine()
    numbers = [len(value) if isinstance(value, bytes) else value for value in values]
    blobs = b"".join(value for value in values if isinstance(value, bytes))
    frame = machine.alloc(FRAME_ROOM)
    size = machine.call(
        "tg_bind_frame_write",
        type_,
        sequence & 0xFFFF,
        machine.place(np.array(numbers, np.int64)),
        machine.place(blobs),
        frame,
    )
    if size < 0:
        raise ValueError(
            f"a message of type {type_:#x} with {len(blobs)} bytes of blobs does not fit a frame"
        )
    return frame.read(size)


def read_body(packet: Packet, machine: Machine | None = None) -> tuple[Value, ...] | None:
    """Return the values of a message, or None when its type is unknown or its body too short."""
    machine = machine or native_machine()
    layout = layouts().get(packet.type)
    if layout is None:
        return None
    room = machine.alloc(8 * len(layout.fields))
    if machine.call("tg_bind_message_read", packet.type, machine.place(packet.body), len(packet.body), room):
        return None
    numbers = struct.unpack(f"<{len(layout.fields)}q", room.read())
    return tuple(
        packet.body[value >> BLOB_SHIFT :][: value & 0xFF] if blob else value
        for value, blob in zip(numbers, layout.blobs, strict=True)
    )


class Receiver:
    """Finds messages in bytes, whatever else those hold, and counts what was damaged or lost."""

    def __init__(self, machine: Machine | None = None) -> None:
        """Start with nothing received."""
        self._machine = machine or native_machine()
        self._state = self._machine.alloc(self._machine.call("tg_bind_receiver_size"))
        self._machine.call("tg_bind_receiver_init", self._state)
        self._packet = self._machine.alloc(16)
        self._body = self._machine.alloc(link_facts()[0])

    def push(self, data: bytes) -> Iterator[Packet]:
        """Take bytes; yield the messages they complete.

        Use up the iterator before the next push: bytes are taken as it goes.
        """
        for start in range(0, len(data), PUSHED_AT_ONCE):
            rest = data[start : start + PUSHED_AT_ONCE]
            while rest:
                taken = self._machine.call(
                    "tg_bind_receiver_push",
                    self._state,
                    self._machine.place(rest),
                    len(rest),
                    self._packet,
                    self._body,
                )
                rest = rest[taken:]
                found, type_, sequence, size = (int(v) for v in self._packet.array(np.uint32, 4))
                if found:
                    yield Packet(type_, sequence, self._body.read(size))

    @property
    def counts(self) -> Counts:
        """What was received and lost so far."""
        room = self._machine.alloc(20)
        self._machine.call("tg_bind_receiver_counts", self._state, room)
        return Counts(*(int(v) for v in room.array(np.uint32, 5)))
