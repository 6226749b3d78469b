"""The contract: what a model expects of the world around it, as bytes inside the .tflite file.

The byte layout is specified in docs/formats.md and read on the device by ``firmware/core/tg_contract.c``.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gesture_tools.errors import UserError
from gesture_tools.profile import Profile

CONTRACT_NAME = "tinygesture.contract"
MAGIC = b"TGCT"
VERSION = 1
NO_BACKGROUND = 255
CRITICAL = 0x8000

CHANNELS, RATE, RANGE, FRAME = 0x8001, 0x8002, 0x8003, 0x8004
WINDOW, PREPROCESS, LABELS, DETECTOR = 0x8005, 0x8006, 0x8007, 0x8008
STATISTICS, SELF_TEST = 0x0009, 0x000A

MOST_LABELS = 32
LONGEST_LABEL = 32
"""Labels of a model, and bytes of each."""

CHANNEL_CODES = {"acceleration_x": 1, "acceleration_y": 2, "acceleration_z": 3}
FRAME_CODES = {"face": 1}
PREPROCESS_SCALE, PREPROCESS_LEVEL = 1, 2


@dataclass(frozen=True)
class SelfTest:
    """One self-test case: the outputs of the model on the random walk grown from seed."""

    seed: int
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Contract:
    """Everything a board must agree with before it runs the model."""

    profile: Profile
    window: int
    """Samples per window, 1 to 1024."""
    hop: int
    """Samples between windows, 1 to window."""
    gain: int
    """Preprocessing: column = saturate_int8(round(sample * gain / 65536)), 1 to 65535."""
    labels: tuple[str, ...]
    background: int | None
    """Index of the label that is no gesture."""
    thresholds: tuple[int, ...]
    """Least score (0 to 255, in 1/256) of a hit, per label."""
    hits: int = 2
    """Consecutive hits that make an event."""
    refractory_ms: int = 500
    """No second event within this time of the last."""
    statistics: tuple[tuple[int, int], ...] = ()
    """Mean and standard deviation of the training data per channel, in its unit; for information."""
    self_tests: tuple[SelfTest, ...] = ()
    level_shift: int | None = None
    """Samples are turned so that gravity lies along z, estimated with a time constant of 2**level_shift
    samples (1 to 10; needs the channels x, y, z); None: they stay in the board's own frame."""

    @property
    def interface_id(self) -> str:
        """Hex identity of what an application depends on: sensing profile and labels (SHA-256, 8 bytes)."""
        records = [r for r in self._records() if r[0] in (CHANNELS, RATE, RANGE, FRAME, LABELS)]
        return hashlib.sha256(b"".join(_pack(*record) for record in records)).hexdigest()[:16]

    def encode(self) -> bytes:
        """Return the contract's bytes."""
        body = b"".join(_pack(*record) for record in self._records())
        return MAGIC + struct.pack("<HH", VERSION, len(body)) + body

    def _records(self) -> Iterator[tuple[int, bytes]]:
        profile = self.profile
        yield CHANNELS, bytes(CHANNEL_CODES[kind] for kind in profile.channels)
        tolerance = round(profile.rate_tolerance * 1000)
        yield RATE, struct.pack("<IH", round(profile.rate_hz * 1000), tolerance)
        yield RANGE, struct.pack("<H", profile.full_scale_mg)
        yield FRAME, bytes([FRAME_CODES[profile.frame]])
        yield WINDOW, struct.pack("<HH", self.window, self.hop)
        if self.level_shift is None:
            yield PREPROCESS, struct.pack("<BH", PREPROCESS_SCALE, self.gain)
        else:
            yield PREPROCESS, struct.pack("<BHB", PREPROCESS_LEVEL, self.gain, self.level_shift)
        names = [label.encode() for label in self.labels]
        background = NO_BACKGROUND if self.background is None else self.background
        yield LABELS, bytes([background]) + b"".join(bytes([len(name)]) + name for name in names)
        yield DETECTOR, struct.pack("<BH", self.hits, self.refractory_ms) + bytes(self.thresholds)
        if self.statistics:
            yield STATISTICS, b"".join(struct.pack("<hH", *pair) for pair in self.statistics)
        if self.self_tests:
            cases = [struct.pack(f"<I{len(t.outputs)}b", t.seed, *t.outputs) for t in self.self_tests]
            yield SELF_TEST, b"".join(cases)

    @classmethod
    def decode(cls, data: bytes) -> Contract:
        """Read a contract's bytes; raise UserError saying what is wrong with them.

        The C core judges a contract (``tg_contract_read``); this reads one that it accepted.
        """
        try:
            return cls._decode(data)
        except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
            raise UserError(f"the model's contract is malformed ({error}); train the model again") from error

    @classmethod
    def _decode(cls, data: bytes) -> Contract:
        magic, version, size = struct.unpack_from("<4sHH", data)
        if magic != MAGIC or version != VERSION or size != len(data) - 8:
            raise UserError("the model's contract is malformed (header); train the model again")
        records = dict(_unpack(data[8:]))
        unknown = [t for t in records if t & CRITICAL and not CHANNELS <= t <= DETECTOR]
        if unknown:
            raise UserError(
                f"the contract holds the critical record {unknown[0]:#06x}, unknown here; update tinygesture"
            )
        channel_names = {code: name for name, code in CHANNEL_CODES.items()}
        rate, tolerance = struct.unpack("<IH", records[RATE])
        labels = tuple(_strings(records[LABELS][1:]))
        background = records[LABELS][0]
        hits, refractory = struct.unpack_from("<BH", records[DETECTOR])
        window, hop = struct.unpack("<HH", records[WINDOW])
        kind, gain = struct.unpack_from("<BH", records[PREPROCESS])
        case = struct.Struct(f"<I{len(labels)}b")
        cases = [values for values in case.iter_unpack(records.get(SELF_TEST, b""))]
        return cls(
            profile=Profile(
                rate_hz=rate / 1000,
                full_scale_mg=struct.unpack("<H", records[RANGE])[0],
                rate_tolerance=tolerance / 1000,
                frame={code: name for name, code in FRAME_CODES.items()}[records[FRAME][0]],
                channels=tuple(channel_names[code] for code in records[CHANNELS]),
            ),
            window=window,
            hop=hop,
            gain=gain,
            labels=labels,
            background=None if background == NO_BACKGROUND else background,
            thresholds=tuple(records[DETECTOR][3:]),
            hits=hits,
            refractory_ms=refractory,
            statistics=tuple(struct.iter_unpack("<hH", records.get(STATISTICS, b""))),
            self_tests=tuple(SelfTest(values[0], tuple(values[1:])) for values in cases),
            level_shift=records[PREPROCESS][3] if kind == PREPROCESS_LEVEL else None,
        )


def _pack(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", kind, len(value)) + value


def _unpack(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        kind, size = struct.unpack_from("<HH", data, position)
        if position + 4 + size > len(data):
            raise IndexError(f"record {kind:#06x} is longer than the contract")
        yield kind, data[position + 4 : position + 4 + size]
        position += 4 + size


def _strings(data: bytes) -> Iterator[str]:
    position = 0
    while position < len(data):
        size = data[position]
        yield data[position + 1 : position + 1 + size].decode()
        position += 1 + size
