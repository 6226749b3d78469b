"""A board's hello, and frames of the link as other people's code makes them."""

from __future__ import annotations

import struct
import zlib

from cobs import cobs

from gesture_tools.link.messages import Hello

HELLO = Hello(
    *(1, 1, 1, 0, 3, 50_100, 50_000, 50, 4000, 1, 96, 8, 6, 0, 64, 2772),
    *(b"\1\2\3", bytes(range(8)), bytes(range(32)), b"host", b"0.1.0", b"lis3dh"),
)


def independent_frame(type_: int, sequence: int, body: bytes) -> bytes:
    """The frame as other people's code makes it."""
    packet = struct.pack("<BBH", type_, len(body), sequence) + body
    return bytes(cobs.encode(packet + struct.pack("<I", zlib.crc32(packet)))) + b"\0"
