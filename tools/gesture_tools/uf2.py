"""UF2, the file that a board's boot loader takes as a drive (github.com/microsoft/uf2)."""

from __future__ import annotations

import struct

from gesture_tools.elf import Image
from gesture_tools.errors import UserError

BLOCK = 512
PAYLOAD = 256
_HEADER = struct.Struct("<8I")
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = struct.pack("<I", 0x0AB16F30)
_FAMILY_PRESENT = 0x2000


def uf2_bytes(image: Image, family: int) -> bytes:
    """Return an image as UF2 for boards of a family: whole pages of 256 bytes, gaps within them erased."""
    pages: dict[int, bytearray] = {}
    for start, content in image.segments:
        for offset, byte in enumerate(content):
            page, at = divmod(start + offset, PAYLOAD)
            pages.setdefault(page, bytearray(b"\xff" * PAYLOAD))[at] = byte
    blocks = bytearray()
    for number, page in enumerate(sorted(pages)):
        header = (*_MAGIC, _FAMILY_PRESENT, page * PAYLOAD, PAYLOAD, number, len(pages), family)
        blocks += _HEADER.pack(*header) + pages[page].ljust(BLOCK - _HEADER.size - 4, b"\0") + _MAGIC_END
    return bytes(blocks)


def read_uf2(content: bytes, family: int) -> dict[int, bytes]:
    """Return the pages of a UF2 file by address; raise UserError when it is none, or for another family."""
    pages: dict[int, bytes] = {}
    count = len(content) // BLOCK
    if count == 0 or len(content) % BLOCK:
        raise UserError(
            f"expected a UF2 file, blocks of {BLOCK} bytes; found {len(content)} bytes: build it again"
        )
    for number in range(count):
        block = content[number * BLOCK : (number + 1) * BLOCK]
        *magic, flags, address, size, index, total, found = _HEADER.unpack_from(block)
        if tuple(magic) != _MAGIC or not block.endswith(_MAGIC_END) or size > BLOCK - _HEADER.size - 4:
            raise UserError(f"expected a UF2 file; its block {number} is none: build it again")
        if not flags & _FAMILY_PRESENT or found != family:
            raise UserError(f"expected a UF2 file of family {family:#x}, found {found:#x}: another board's")
        if (index, total) != (number, count):
            raise UserError(
                f"expected {total} UF2 blocks, found {count}: the file is not whole: build it again"
            )
        pages[address] = block[_HEADER.size : _HEADER.size + size]
    return pages
