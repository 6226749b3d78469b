"""Writes the fuzzers' seed corpus: models over every operator, contracts good and nearly good, messages.

    python -m tests.fuzz.make_corpus

The same code gives the same files. Needs TensorFlow (for its schema classes).
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

from cobs import cobs

from gesture_tools.contract import Contract, SelfTest
from gesture_tools.link.frames import Packet, Receiver, layouts, write_frame
from gesture_tools.profile import Profile
from gesture_tools.runtime import self_test_outputs
from gesture_tools.runtime.flatbuffer import operators
from tests.support.models import contract, convolutional, pass_through
from tests.support.random_graphs import random_graph

CORPUS = Path(__file__).parent / "corpus"
LARGEST = 3600
"""Bytes of a model: small ones are mutated faster."""
MODELS = 38


def models() -> list[bytes]:
    """Models that add an operator or a pair of neighbours to those before them, and some with a contract."""
    found = with_contracts()
    seen: set[tuple[int, int]] = set()
    seed = 0
    while len(found) < MODELS:
        model, _ = random_graph(seed)
        codes = [code for code, _, _ in operators(model)]
        pairs = set(zip([-1, *codes], codes, strict=False))
        if len(model) <= LARGEST and not pairs <= seen:
            seen |= pairs
            found.append(model)
        seed += 1
    return found


def with_contracts() -> list[bytes]:
    """Models that the recognizer takes."""
    plain = contract()
    test = SelfTest(7, self_test_outputs(convolutional(plain), 7))
    return [
        convolutional(plain),
        convolutional(contract(self_tests=(test,), statistics=((0, 500),) * 3)),
        convolutional(contract(window=20, hop=20, hits=2, refractory_ms=200), seed=2, filters=7),
        pass_through(contract(gain=65535, window=1, hop=1, hits=3, thresholds=(0, 200, 90))),
        pass_through(contract(gain=65535, window=5, hop=3, background=None)),
    ]


def contracts() -> list[bytes]:
    """Contracts that differ in every record, and the ways in which a contract is wrong."""
    one = Profile(rate_hz=1000.0, full_scale_mg=32767, rate_tolerance=0.5, channels=("acceleration_z",))
    tests = (SelfTest(1, (1, 2, 3)), SelfTest(2, (-1, 0, 9)))
    good: list[Contract] = [
        contract(),
        contract(profile=one, window=1024, hop=1024, gain=65535, hits=255, refractory_ms=65535),
        contract(labels=tuple(f"label {i}" for i in range(32)), thresholds=tuple(range(32)), background=None),
        contract(labels=("geste", "kreis \N{WHITE CIRCLE}", "x" * 32), self_tests=tests),
        contract(statistics=((-5, 100), (7, 200), (990, 300)), window=3, hop=1),
    ]
    plain = contract().encode()
    more = [struct.pack("<HH", kind, 2) + b"??" for kind in (0x0077, 0x8077)]  # unknown records
    more.append(plain[8:19])  # a record twice
    bad = [
        plain[:20],
        plain[:-1],
        b"TGCT" + struct.pack("<HH", 2, len(plain) - 8) + plain[8:],
        *(b"TGCT" + struct.pack("<HH", 1, len(plain) - 8 + len(m)) + plain[8:] + m for m in more),
    ]
    return [*(c.encode() for c in good), *bad]


def messages() -> dict[int, bytes]:
    """A body for each type of message, with every blob a few bytes long."""
    return {
        type_: received(write_frame(type_, 0, [b"abc" if blob else 1 for blob in layout.blobs])).body
        for type_, layout in layouts().items()
    }


def received(frame: bytes) -> Packet:
    """The packet of a frame."""
    return next(Receiver().push(frame))


def link() -> list[bytes]:
    """Lists of messages for both halves of the target."""
    bodies = messages()
    good = b"".join(bytes([t, t & 1, t & 3, len(body)]) + body for t, body in bodies.items())
    whole = [struct.pack("<BBH", t, len(body), n) + body for n, (t, body) in enumerate(bodies.items())]
    frames = b"".join(cobs.encode(p + struct.pack("<I", zlib.crc32(p))) + b"\0" for p in whole)
    return [
        b"\0" + good,
        b"\1" + frames,
        b"\1" + frames[:40] + frames[60:],
        b"\1" + b"x" * 300 + b"\0" + frames,
    ]


def app() -> list[bytes]:
    """What hosts say: questions; a stream with time that passes; a replay, whole and cut short."""
    bodies = {type_: bytes([type_, len(body)]) + body for type_, body in messages().items()}
    wait = bytes([20, 250])
    streams = bytes([2, 1, 7])
    samples = bytes(range(120))
    data = b"".join(
        bytes([6, 5 + len(samples)]) + struct.pack("<IB", 20 * n, len(samples)) + samples for n in range(4)
    )
    replay = bytes([5, 1, 6]) + data
    return [
        b"".join(bodies.values()),
        streams + wait * 30 + bodies[4] + bytes([0x60, 250]) * 5 + wait * 30,
        replay + bytes([7, 4]) + struct.pack("<I", 80) + bodies[4],
        streams + replay + wait * 30 + bodies[1],
    ]


def main() -> None:
    """Replace the corpus."""
    (Path(__file__).parent / "app_model.tflite").write_bytes(with_contracts()[0])
    for name, contents in (
        ("model", models()),
        ("contract", contracts()),
        ("link", link()),
        ("app", app()),
    ):
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for content in contents:
            (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)


if __name__ == "__main__":
    main()
