"""Finding the contract inside a .tflite file that the core has accepted."""

from __future__ import annotations

import struct

from gesture_tools.contract import CONTRACT_NAME

MODEL_OPERATOR_CODES, MODEL_BUFFERS, MODEL_METADATA = 1, 4, 6
CODE_DEPRECATED, CODE_BUILTIN = 0, 3
METADATA_NAME, METADATA_BUFFER = 0, 1
BUFFER_DATA = 0


def contract_bytes(model: bytes) -> bytes | None:
    """Return the bytes of the metadata buffer ``tinygesture.contract``, or None when the file has none."""
    try:
        root = _u32(model, 0)
        for entry in _tables(model, _field(model, root, MODEL_METADATA)):
            name = _field(model, entry, METADATA_NAME)
            if name and _vector(model, name) == CONTRACT_NAME.encode():
                index = _u32(model, _field(model, entry, METADATA_BUFFER) or 0)
                buffer = _tables(model, _field(model, root, MODEL_BUFFERS))[index]
                return _vector(model, _field(model, buffer, BUFFER_DATA))
    except (struct.error, IndexError):
        return None
    return None


def _u32(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, field: int) -> int:
    """Position of a table's field, or 0 when it is absent."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    size = int(struct.unpack_from("<H", data, vtable)[0])
    slot = 4 + 2 * field
    offset = int(struct.unpack_from("<H", data, vtable + slot)[0]) if slot < size else 0
    return table + offset if offset else 0


def _tables(data: bytes, field: int) -> list[int]:
    """Positions of the tables of a vector field."""
    if not field:
        return []
    start = field + _u32(data, field)
    items = [start + 4 + 4 * i for i in range(_u32(data, start))]
    return [item + _u32(data, item) for item in items]


def _vector(data: bytes, field: int) -> bytes:
    """Bytes of a vector field."""
    start = field + _u32(data, field)
    return data[start + 4 : start + 4 + _u32(data, start)]


def operator_codes(model: bytes) -> list[int]:
    """Return the distinct TensorFlow Lite codes of a model's operators, sorted; the core has accepted the file."""
    root = _u32(model, 0)
    codes = set()
    for entry in _tables(model, _field(model, root, MODEL_OPERATOR_CODES)):
        deprecated = _field(model, entry, CODE_DEPRECATED)
        builtin = _field(model, entry, CODE_BUILTIN)
        codes.add(max(model[deprecated] if deprecated else 0, _u32(model, builtin) if builtin else 0))
    return sorted(codes)
