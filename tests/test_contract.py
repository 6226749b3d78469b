"""The contract's bytes: what Python writes, C judges and Python reads; and everything wrong with them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gesture_tools.contract import (
    CHANNELS,
    DETECTOR,
    FRAME,
    LABELS,
    PREPROCESS,
    RANGE,
    RATE,
    SELF_TEST,
    STATISTICS,
    WINDOW,
    Contract,
    SelfTest,
)
from gesture_tools.errors import UserError
from gesture_tools.profile import Profile
from gesture_tools.runtime import check_contract
from gesture_tools.runtime.opening import Refused

CRITICAL_RECORDS = (CHANNELS, RATE, RANGE, FRAME, WINDOW, PREPROCESS, LABELS, DETECTOR)
OPTIONAL_RECORDS = (STATISTICS, SELF_TEST)

Record = tuple[int, bytes]


def full(**changes: Any) -> Contract:
    """A contract with every record."""
    fields = Contract(
        profile=Profile(rate_hz=104.167, full_scale_mg=2000, rate_tolerance=0.03),
        window=100,
        hop=25,
        gain=4194,
        labels=("background", "shake_left", "kreis \N{WHITE CIRCLE}"),
        background=0,
        thresholds=(0, 153, 255),
        hits=3,
        refractory_ms=750,
        statistics=((-12, 300), (40, 280), (990, 350)),
        self_tests=(SelfTest(1, (-128, 0, 127)), SelfTest(0xFFFFFFFF, (1, -2, 3))),
    )
    return replace(fields, **changes)


def take_apart(encoded: bytes) -> list[Record]:
    records, position = [], 8
    while position < len(encoded):
        kind, size = struct.unpack_from("<HH", encoded, position)
        records.append((kind, encoded[position + 4 : position + 4 + size]))
        position += 4 + size
    return records


def put_together(records: list[Record]) -> bytes:
    body = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in records)
    return b"TGCT" + struct.pack("<HH", 1, len(body)) + body


def with_value(kind: int, value: bytes) -> bytes:
    """The full contract with another value in one record."""
    return put_together([(k, value if k == kind else v) for k, v in take_apart(full().encode())])


def refusal(encoded: bytes) -> str | None:
    """Name of the error with which the core refuses bytes, or None."""
    try:
        check_contract(encoded, "the model")
    except Refused as refused:
        return refused.name
    return None


CONTRACTS = [
    full(),
    full(statistics=(), self_tests=()),
    full(background=None),
    full(profile=Profile(rate_hz=1.0, full_scale_mg=1, rate_tolerance=0.0, channels=("acceleration_z",))),
    full(profile=Profile(rate_hz=1000.0, full_scale_mg=32767, rate_tolerance=0.5), statistics=()),
    full(window=1, hop=1, gain=1, hits=1, refractory_ms=0),
    full(window=1024, hop=1024, gain=65535, hits=255, refractory_ms=65535),
    full(
        labels=tuple(f"{i:032d}" for i in range(32)),
        thresholds=tuple(range(32)),
        background=31,
        self_tests=(),
    ),
    full(labels=("a", "b"), thresholds=(0, 255), background=1, self_tests=()),
]


@pytest.mark.parametrize("fields", CONTRACTS)
def test_round_trip(fields: Contract) -> None:
    encoded = fields.encode()
    assert refusal(encoded) is None
    assert Contract.decode(encoded) == fields
    assert Contract.decode(encoded).encode() == encoded


def test_bytes_of_a_contract() -> None:
    """The layout is a format: these bytes are on devices."""
    fields = Contract(
        profile=Profile(rate_hz=50.0),
        window=100,
        hop=20,
        gain=2097,
        labels=("no", "yes"),
        background=0,
        thresholds=(0, 150),
        hits=2,
        refractory_ms=500,
        statistics=((-1, 2),) * 3,
        self_tests=(SelfTest(7, (-1, 1)),),
    )
    assert fields.encode() == bytes.fromhex(
        "5447 4354 0100 5a00 "
        "0180 0300 0102 03"
        "02 8006 0050 c300 0032 00"
        "03 8002 00a0 0f"
        "04 8001 0001 "
        "0580 0400 6400 1400 "
        "0680 0300 0131 08"
        "07 8008 0000 026e 6f03 7965 73"
        "08 8005 0002 f401 0096 "
        "0900 0c00 ffff 0200 ffff 0200 ffff 0200 "
        "0a00 0600 0700 0000 ff01"
    )


def test_interface_id_is_of_sensing_and_labels_only() -> None:
    plain = full().interface_id
    same: list[dict[str, Any]] = [
        {"window": 50},
        {"hop": 5},
        {"gain": 1},
        {"thresholds": (1, 2, 3)},
        {"hits": 1},
        {"refractory_ms": 1},
        {"statistics": ()},
        {"self_tests": ()},
    ]
    other: list[dict[str, Any]] = [
        {"labels": ("background", "left", "right")},
        {"background": None},
        {"profile": replace(full().profile, rate_hz=100.0)},
        {"profile": replace(full().profile, rate_tolerance=0.1)},
        {"profile": replace(full().profile, full_scale_mg=4000)},
        {"profile": replace(full().profile, channels=("acceleration_y", "acceleration_x", "acceleration_z"))},
    ]
    assert len(plain) == 16
    assert {full(**changes).interface_id for changes in same} == {plain}
    others = [full(**changes).interface_id for changes in other]
    assert len({plain, *others}) == 1 + len(others)


# What is refused


@pytest.mark.parametrize("size", range(len(full().encode())))
def test_truncated_anywhere(size: int) -> None:
    encoded = full().encode()[:size]
    assert refusal(encoded) == "ERR_CONTRACT"
    with pytest.raises(UserError):
        Contract.decode(encoded)


@pytest.mark.parametrize("size", range(8, len(full().encode())))
def test_truncated_with_a_header_to_match(size: int) -> None:
    encoded = full().encode()
    shorter = b"TGCT" + struct.pack("<HH", 1, size - 8) + encoded[8:size]
    boundary = 8
    for _, value in take_apart(encoded):
        boundary += 4 + len(value)
        if boundary == size and boundary >= 8 + sum(
            4 + len(v) for k, v in take_apart(encoded) if k in CRITICAL_RECORDS
        ):
            assert refusal(shorter) is None, "only the optional records at the end are missing"
            return
    assert refusal(shorter) == "ERR_CONTRACT"
    with pytest.raises(UserError):
        Contract.decode(shorter)


def test_trailing_bytes() -> None:
    encoded = full().encode()
    for more in (b"\0", b"\0" * 4, encoded):
        assert refusal(encoded + more) == "ERR_CONTRACT"
        with pytest.raises(UserError):
            Contract.decode(encoded + more)


def test_header() -> None:
    encoded = full().encode()
    assert refusal(b"TGCU" + encoded[4:]) == "ERR_CONTRACT"
    for version in (0, 2, 0xFFFF):
        assert refusal(encoded[:4] + struct.pack("<H", version) + encoded[6:]) == "ERR_VERSION"


@pytest.mark.parametrize("kind", CRITICAL_RECORDS)
def test_every_critical_record_is_there_once(kind: int) -> None:
    records = take_apart(full().encode())
    one = next(record for record in records if record[0] == kind)
    without = put_together([record for record in records if record[0] != kind])
    assert refusal(without) == "ERR_CONTRACT"
    with pytest.raises(UserError):
        Contract.decode(without)
    for position in (0, len(records)):
        twice = records.copy()
        twice.insert(position, one)
        assert refusal(put_together(twice)) == "ERR_CONTRACT"


@pytest.mark.parametrize("kind", OPTIONAL_RECORDS)
def test_optional_records_may_be_missing(kind: int) -> None:
    rest = put_together([record for record in take_apart(full().encode()) if record[0] != kind])
    assert refusal(rest) is None
    Contract.decode(rest)


def test_records_in_any_order() -> None:
    records = take_apart(full().encode())
    for i in range(len(records)):
        turned = put_together(records[i:] + records[:i])
        assert refusal(turned) is None
        assert Contract.decode(turned) == full()
    assert Contract.decode(put_together(records[::-1])) == full()
    assert refusal(put_together(records[::-1])) is None


@pytest.mark.parametrize("position", [0, 3, 10])
def test_unknown_records(position: int) -> None:
    records = take_apart(full().encode())
    for kind in (0x000B, 0x0000, 0x7FFF):
        more = put_together([*records[:position], (kind, b"later"), *records[position:]])
        assert refusal(more) is None, "an optional record is skipped"
        assert Contract.decode(more) == full()
    for kind in (0x8009, 0x8000, 0xFFFF):
        more = put_together([*records[:position], (kind, b"later"), *records[position:]])
        assert refusal(more) == "ERR_CRITICAL"
        with pytest.raises(UserError, match=f"{kind:#06x}"):
            Contract.decode(more)


BAD_VALUES: list[tuple[int, bytes]] = [
    (CHANNELS, b""),
    (CHANNELS, b"\0"),
    (CHANNELS, b"\1\2\4"),
    (CHANNELS, b"\1\2\3\1\2\3\1"),
    (CHANNELS, b"\1\2\1"),
    (RATE, struct.pack("<IH", 999, 50)),
    (RATE, struct.pack("<IH", 1000001, 50)),
    (RATE, struct.pack("<IH", 50000, 501)),
    (RATE, struct.pack("<I", 50000)),
    (RATE, struct.pack("<IHB", 50000, 50, 0)),
    (RANGE, struct.pack("<H", 0)),
    (RANGE, struct.pack("<H", 32768)),
    (RANGE, b"\1"),
    (FRAME, b"\0"),
    (FRAME, b"\2"),
    (FRAME, b"\1\1"),
    (FRAME, b""),
    (WINDOW, struct.pack("<HH", 0, 0)),
    (WINDOW, struct.pack("<HH", 10, 0)),
    (WINDOW, struct.pack("<HH", 10, 11)),
    (WINDOW, struct.pack("<HH", 1025, 1)),
    (WINDOW, struct.pack("<H", 10)),
    (PREPROCESS, struct.pack("<BH", 0, 100)),
    (PREPROCESS, struct.pack("<BH", 2, 100)),
    (PREPROCESS, struct.pack("<BH", 1, 0)),
    (PREPROCESS, struct.pack("<B", 1)),
    (DETECTOR, struct.pack("<BH", 0, 100) + bytes(3)),
    (DETECTOR, struct.pack("<BH", 1, 100) + bytes(2)),
    (DETECTOR, struct.pack("<BH", 1, 100) + bytes(4)),
    (DETECTOR, b"\1"),
    (DETECTOR, b""),
    (SELF_TEST, bytes(6)),
    (SELF_TEST, bytes(8)),
    (SELF_TEST, bytes(7 * 256)),
]


@pytest.mark.parametrize(("kind", "value"), BAD_VALUES)
def test_values_out_of_range(kind: int, value: bytes) -> None:
    assert refusal(with_value(kind, value)) == "ERR_CONTRACT"


def test_values_just_in_range() -> None:
    good = [
        (RATE, struct.pack("<IH", 1000, 0)),
        (RATE, struct.pack("<IH", 1000000, 500)),
        (RANGE, struct.pack("<H", 1)),
        (RANGE, struct.pack("<H", 32767)),
        (WINDOW, struct.pack("<HH", 1, 1)),
        (WINDOW, struct.pack("<HH", 1024, 1024)),
        (PREPROCESS, struct.pack("<BH", 1, 65535)),
        (SELF_TEST, bytes(7 * 255)),
        (SELF_TEST, b""),
    ]
    for kind, value in good:
        assert refusal(with_value(kind, value)) is None


def labels(background: int, *names: bytes) -> bytes:
    return bytes([background]) + b"".join(bytes([len(name)]) + name for name in names)


def test_labels_that_are_refused() -> None:
    bad: list[Callable[[], bytes] | bytes] = [
        b"",
        b"\0",
        labels(0, b"only"),
        labels(3, b"a", b"b", b"c"),
        labels(254, b"a", b"b", b"c"),
        labels(0, b"a", b"", b"c"),
        labels(0, b"a", b"b", b"x" * 33),
        labels(0, b"a", b"b", b"c")[:-1],
        labels(0, b"a", b"b", b"c") + b"\5",
        labels(0, b"a", b"new\nline", b"c"),
        labels(0, b"a", b"\x1b[31m", b"c"),
        labels(0, b"a", b"nul\0", b"c"),
        labels(0, b"a", b"del\x7f", b"c"),
        labels(0, *[b"%d" % i for i in range(33)]),
    ]
    for value in bad:
        assert isinstance(value, bytes)
        assert refusal(with_value(LABELS, value)) == "ERR_CONTRACT", value


@pytest.mark.parametrize(
    "name",
    [
        b"\x80",  # a continuation byte alone
        b"\xc3",  # cut off
        b"\xe2\x97",
        b"\xf0\x9f\x98",
        b"\xc0\xaf",  # longer than needed
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",  # a surrogate
        b"\xf4\x90\x80\x80",  # beyond U+10FFFF
        b"\xff",
        b"\xc3a",
        b"\xc2\x9b",  # a control character: terminals take it for ESC [
    ],
)
def test_labels_are_utf_8(name: bytes) -> None:
    value = with_value(LABELS, labels(0, b"a", name, b"c"))
    assert refusal(value) == "ERR_CONTRACT"


def test_labels_of_every_length_of_utf_8() -> None:
    names = [
        "a~",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
        "\N{SNOWMAN}",
        "\U0001f44b",
        "\U0010ffff",
        "\ud7ff\ue000",
    ]
    fields = full(labels=("background", *names), thresholds=(0,) * 7, self_tests=())
    assert refusal(fields.encode()) is None
    assert Contract.decode(fields.encode()) == fields


def test_what_the_core_accepts_python_reads() -> None:
    """Single-byte changes of a contract: Python reads every one that the core accepts."""
    encoded = bytearray(full().encode())
    taken = 0
    for position in range(len(encoded)):
        kept = encoded[position]
        for value in {0, 1, 2, 0x7F, 0x80, 0xFF, kept ^ 1, kept ^ 0x80}:
            encoded[position] = value
            if refusal(bytes(encoded)) is None:
                taken += 1
                Contract.decode(bytes(encoded))
            else:
                assert value != kept
        encoded[position] = kept
    assert taken > 300
