"""Frames and messages: the C code of the link against independent ones, and what it makes of damage."""

from __future__ import annotations

import dataclasses
import random
import re
import struct

import numpy as np
import pytest

from gesture_tools.link import Counts, Hello, Packet, Receiver, Samples
from gesture_tools.link.frames import Value, layouts, link_facts, read_body, write_frame
from gesture_tools.link.messages import CLASSES, Message, parse, type_of, values_of
from tests.support.frames import HELLO, independent_frame
from tests.support.host import ROOT

BODY_MAX = 240


def some_values(type_: int, rng: random.Random, room: int = 40) -> list[Value]:
    """Values for the fields of a message, small enough for every kind but u8."""
    return [
        rng.randbytes(rng.randrange(room)) if blob else rng.randrange(256) for blob in layouts()[type_].blobs
    ]


def received(data: bytes) -> tuple[list[Packet], Counts]:
    receiver = Receiver()
    packets = list(receiver.push(data))
    return packets, receiver.counts


@pytest.mark.parametrize("type_", sorted(layouts()))
def test_frames_are_those_of_independent_code(type_: int) -> None:
    rng = random.Random(type_)
    for sequence in (0, 1, 255, 256, 65535):
        values = some_values(type_, rng)
        frame = write_frame(type_, sequence, values)
        (packet,), counts = received(frame)
        assert (packet.type, packet.sequence) == (type_, sequence)
        assert frame == independent_frame(type_, sequence, packet.body)
        assert read_body(packet) == tuple(values)
        assert counts == Counts(frames=1)


@pytest.mark.parametrize("fill", [b"\0", b"\1", b"\xff", None])
def test_bodies_of_every_size(fill: bytes | None) -> None:
    rng = random.Random(1)
    type_ = type_of(CLASSES["LABEL"])
    for size in range(BODY_MAX - 1):
        text = rng.randbytes(size) if fill is None else fill * size
        frame = write_frame(type_, size, [7, text])
        assert frame == independent_frame(type_, size, bytes([7, size]) + text)
        assert len(frame) <= 250
        assert read_body(received(frame)[0][0]) == (7, text)
    assert link_facts() == (BODY_MAX, 1, 1)
    with pytest.raises(ValueError, match="does not fit a frame"):
        write_frame(type_, 0, [7, bytes(BODY_MAX - 1)])


def test_frames_of_independent_code_are_received() -> None:
    rng = random.Random(2)
    bodies = [rng.randbytes(rng.randrange(BODY_MAX + 1)) for _ in range(300)]
    data = b"".join(independent_frame(0xF0, n, body) for n, body in enumerate(bodies))
    packets, counts = received(data)
    assert [packet.body for packet in packets] == bodies
    assert counts == Counts(frames=300)


def test_python_and_c_list_the_same_messages() -> None:
    assert {layout.name for layout in layouts().values()} == set(CLASSES)
    for type_, layout in layouts().items():
        fields = dataclasses.fields(CLASSES[layout.name])
        assert [field.type == "bytes" for field in fields] == list(layout.blobs), layout
        message = CLASSES[layout.name](*some_values(type_, random.Random(3), room=1))
        if (again := parse(received(write_frame(type_, 0, values_of(message)))[0][0])) is not None:
            assert again == message


def test_a_short_body_is_no_message_and_a_long_one_is() -> None:
    for type_ in layouts():
        (packet,), _ = received(write_frame(type_, 0, some_values(type_, random.Random(4), room=3)))
        values = read_body(packet)
        for size in range(len(packet.body)):
            assert read_body(Packet(type_, 0, packet.body[:size])) is None
        assert read_body(Packet(type_, 0, packet.body + b"\xaa\xbb")) == values
    assert read_body(Packet(0x7F, 0, b"")) is None
    assert parse(Packet(0x7F, 0, b"")) is None


def test_samples() -> None:
    rows = np.array([[0, 1, -2, 3], [20_000, -32768, 32767, 0], [65535, 5, 6, 7]], np.int64)
    records = b"".join(struct.pack("<Hhhh", *map(int, row)) for row in rows)
    message = Samples(3, 4_000_000_000, 2**40, records)
    (packet,), _ = received(write_frame(type_of(Samples), 0, values_of(message)))
    back = parse(packet)
    assert isinstance(back, Samples)
    assert back.seq.tolist() == [4_000_000_000, 4_000_000_001, 4_000_000_002]
    assert back.t_us.tolist() == [2**40, 2**40 + 20_000, 2**40 + 85_535]
    assert back.values.tolist() == rows[:, 1:].tolist()
    assert parse(dataclasses.replace(packet, body=packet.body[:13] + b"\x07" + packet.body[14:21])) is None


def frames(count: int) -> list[bytes]:
    rng = random.Random(5)
    return [independent_frame(0x87, n, rng.randbytes(rng.randrange(30, 240))) for n in range(count)]


def check(data: bytes, sent: list[bytes]) -> Counts:
    """Check that what arrives was sent, in order and once; return the counts."""
    packets, counts = received(data)
    by_number = {n: received(frame)[0][0].body for n, frame in enumerate(sent)}
    numbers = [packet.sequence for packet in packets]
    assert numbers == sorted(set(numbers))
    assert all(packet.body == by_number[packet.sequence] for packet in packets)
    assert counts.frames == len(packets)
    if numbers:
        assert counts.missing == numbers[-1] + 1 - len(numbers) - numbers[0]
    return counts


def test_every_single_bit_error_is_found() -> None:
    sent = frames(3)
    whole = b"".join(sent)
    for bit in range(8 * len(sent[0]), 8 * len(sent[0] + sent[1])):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        counts = check(bytes(damaged), sent)
        assert counts.damaged + counts.missing >= 1


def test_the_crc_finds_up_to_four_bits_in_the_largest_packet() -> None:
    bits = 8 * (4 + BODY_MAX + 4)
    remainders = [0x80000000]
    while len(remainders) < bits:
        remainders.append(remainders[-1] >> 1 ^ (0xEDB88320 if remainders[-1] & 1 else 0))
    one = np.array(remainders, np.uint32)
    first, second = np.triu_indices(bits, 1)
    two = one[first] ^ one[second]
    # Undetected errors of 2, 3 or 4 bits would be equal remainders.
    assert len(np.unique(one)) == bits
    assert not np.isin(two, one).any()
    assert len(np.unique(two)) == len(two)


def test_every_byte_dropped_doubled_or_swapped_is_found() -> None:
    sent = frames(3)
    whole = b"".join(sent)
    for at in range(len(sent[0]), len(sent[0] + sent[1])):
        dropped = whole[:at] + whole[at + 1 :]
        doubled = whole[:at] + whole[at : at + 1] + whole[at:]
        swapped = whole[:at] + whole[at + 1 : at + 2] + whole[at : at + 1] + whole[at + 2 :]
        for changed in (dropped, doubled, swapped):
            counts = check(changed, sent)
            assert counts.frames == 3 or counts.damaged + counts.missing >= 1
            assert counts.frames >= 1


def test_bursts_and_noise_between_frames() -> None:
    rng = random.Random(6)
    sent = frames(200)
    data = b""
    for frame in sent:
        if rng.random() < 0.3:
            data += rng.randbytes(rng.randrange(1, 600))
        if rng.random() < 0.2:
            start = rng.randrange(len(frame))
            data += frame[:start] + rng.randbytes(rng.randrange(40)) + frame[start + 20 :]
        else:
            data += frame
    counts = check(data, sent)
    assert counts.damaged > 50
    assert counts.frames > 50


def test_frames_doubled_late_and_missing() -> None:
    sent = frames(10)
    order = [0, 1, 1, 2, 5, 4, 6, 9]
    packets, counts = received(b"".join(sent[n] for n in order))
    assert [packet.sequence for packet in packets] == [0, 1, 2, 5, 6, 9]
    assert counts == Counts(frames=6, missing=4, repeated=2)


def test_a_sender_that_begins_anew() -> None:
    hello = write_frame(type_of(Hello), 0, values_of(HELLO))
    sent = frames(20)
    packets, counts = received(b"".join([*sent, hello, *sent[1:4]]))
    assert [packet.sequence for packet in packets] == [*range(20), 0, 1, 2, 3]
    assert counts == Counts(frames=24, restarts=1)
    wrapped = [independent_frame(0x87, n & 0xFFFF, b"x") for n in range(65530, 65545)]
    assert received(b"".join(wrapped))[1] == Counts(frames=15)


def test_over_long_frames_and_garbage() -> None:
    rng = random.Random(7)
    sent = frames(2)
    for size in (251, 252, 300, 70_000):
        noise = bytes(rng.randrange(1, 256) for _ in range(size))
        packets, counts = received(sent[0] + noise + b"\0" + sent[1])
        assert len(packets) == 2
        assert counts == Counts(frames=2, damaged=1)
    packets, counts = received(rng.randbytes(65536) + b"\0" + sent[0])
    assert [packet.body for packet in packets] == [received(sent[0])[0][0].body]
    assert 100 < counts.damaged < 600
    assert received(bytes(1000)) == ([], Counts())


def test_the_protocols_page() -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    example = re.search(r"```text example\n(.*?)```", page, re.DOTALL)
    assert example is not None
    frame = bytes.fromhex(" ".join(line.split("  ")[0] for line in example[1].splitlines()))
    message = CLASSES["EVENT"](0, 4, 244, 312, 412, 8_243_180, b"shake_right")
    assert frame == independent_frame(type_of(type(message)), 7, received(frame)[0][0].body)
    assert parse(received(frame)[0][0]) == message
    for type_, layout in layouts().items():
        row = re.search(rf"^\| `{type_:#04x}` \| `{layout.name}` \|(.*)\|", page, re.MULTILINE)
        assert row is not None, layout
        told = re.findall(r"(u8|u16|u32|u64|i32|blob) `(\w+)`", row[1])
        assert [(name, kind == "blob") for kind, name in told] == list(
            zip(layout.fields, layout.blobs, strict=True)
        ), layout


def test_messages_keep_their_values() -> None:
    for message in (HELLO, CLASSES["REFUSED"](4, -1, 2**31 - 1, -(2**31), 0)):
        assert isinstance(message, Message)
        (packet,), _ = received(write_frame(type_of(type(message)), 0, values_of(message)))
        assert parse(packet) == message
