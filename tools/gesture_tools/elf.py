"""What a firmware's ELF file holds: sizes, a map of its symbols, and its flash as .bin and .hex."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from gesture_tools.errors import UserError

_ALLOC, _WRITE, _EXEC = 0x2, 0x1, 0x4
_STACK = ".stack"


@dataclass(frozen=True)
class Sizes:
    """Bytes of a firmware; the stack is what the linker script reserves, not what is used."""

    text: int
    rodata: int
    data: int
    bss: int
    stack: int

    @property
    def flash(self) -> int:
        """Bytes of flash: text, read-only data and the initial values of data."""
        return self.text + self.rodata + self.data

    @property
    def ram(self) -> int:
        """Bytes of RAM without the stack: data and bss, the model's arena included."""
        return self.data + self.bss


@dataclass(frozen=True)
class Symbol:
    """A function or object of the firmware."""

    name: str
    address: int
    size: int
    section: str


@dataclass(frozen=True)
class Image:
    """A linked firmware."""

    sizes: Sizes
    symbols: tuple[Symbol, ...]
    """By address."""
    segments: tuple[tuple[int, bytes], ...]
    """What lies in flash: address and content, by address."""

    def size_of(self, name: str) -> int:
        """Bytes of the symbol called name; 0 when there is none."""
        return sum(s.size for s in self.symbols if s.name == name)


def read_image(elf: bytes) -> Image:
    """Read a linked ELF file of 32 bits."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    file = ELFFile(io.BytesIO(elf))
    sizes = dict.fromkeys(("text", "rodata", "data", "bss", "stack"), 0)
    for section in file.iter_sections():
        flags = section["sh_flags"]
        if not flags & _ALLOC:
            continue
        if section.name == _STACK:
            kind = "stack"
        elif section["sh_type"] == "SHT_NOBITS":
            kind = "bss"
        elif flags & _WRITE:
            kind = "data"
        else:
            kind = "text" if flags & _EXEC else "rodata"
        sizes[kind] += section["sh_size"]
    table = file.get_section_by_name(".symtab")
    symbols = [
        Symbol(
            symbol.name,
            symbol["st_value"] & ~1 if symbol["st_info"]["type"] == "STT_FUNC" else symbol["st_value"],
            symbol["st_size"],
            file.get_section(symbol["st_shndx"]).name,
        )
        for symbol in (table.iter_symbols() if isinstance(table, SymbolTableSection) else ())
        if symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT") and isinstance(symbol["st_shndx"], int)
    ]
    segments = [
        (segment["p_paddr"], segment.data())
        for segment in file.iter_segments()
        if segment["p_type"] == "PT_LOAD" and segment["p_filesz"] > 0
    ]
    return Image(
        Sizes(**sizes),
        tuple(sorted(symbols, key=lambda s: (s.address, s.name))),
        tuple(sorted(segments)),
    )


def map_text(image: Image) -> str:
    """Return a map: one line per symbol, by address."""
    lines = ["address     size  section   symbol"]
    lines += [f"0x{s.address:08x} {s.size:6d}  {s.section:<8}  {s.name}" for s in image.symbols]
    return "\n".join(lines) + "\n"


def bin_bytes(image: Image) -> bytes:
    """Return the flash from its lowest used address on; gaps are 0xff, as erased flash reads."""
    start = image.segments[0][0]
    flash = bytearray()
    for address, content in image.segments:
        flash.extend(b"\xff" * (address - start - len(flash)))
        flash.extend(content)
    return bytes(flash)


def hex_text(image: Image) -> str:
    """Return the flash in Intel HEX."""
    return "".join(f":{record.hex().upper()}\n" for record in _hex_records(image))


def read_hex(text: str) -> dict[int, bytes]:
    """Return the data records of Intel HEX by address; raise UserError when it is none or damaged."""
    parts: dict[int, bytes] = {}
    upper = 0
    lines = text.split()
    for number, line in enumerate(lines, 1):
        try:
            record = bytes.fromhex(line.removeprefix(":"))
        except ValueError:
            record = b""
        if not line.startswith(":") or len(record) < 5 or record[0] != len(record) - 5 or sum(record) & 0xFF:
            raise UserError(f"expected Intel HEX; its line {number} is none, or damaged: build it again")
        if record[3] == 4:
            upper = int.from_bytes(record[4:6], "big") << 16
        elif record[3] == 0:
            parts[upper + int.from_bytes(record[1:3], "big")] = record[4:-1]
    if not lines or lines[-1] != ":00000001FF" or not parts:
        raise UserError("expected Intel HEX with an end record: the file is not whole: build it again")
    return parts


def _hex_records(image: Image) -> Iterator[bytes]:
    upper = 0
    for start, content in image.segments:
        address = start
        while address < start + len(content):
            if address >> 16 != upper:
                upper = address >> 16
                yield _hex_record(0, 4, upper.to_bytes(2, "big"))
            end = min(address - address % 16 + 16, start + len(content))
            yield _hex_record(address & 0xFFFF, 0, content[address - start : end - start])
            address = end
    yield _hex_record(0, 1, b"")


def _hex_record(address: int, kind: int, data: bytes) -> bytes:
    record = bytes([len(data)]) + address.to_bytes(2, "big") + bytes([kind]) + data
    return record + bytes([-sum(record) & 0xFF])
