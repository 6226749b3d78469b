"""Reading what people and generators need from a .tflite file that the core has accepted."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gesture_tools.contract import CONTRACT_NAME

MODEL_OPERATOR_CODES, MODEL_SUBGRAPHS, MODEL_BUFFERS, MODEL_METADATA = 1, 2, 4, 6
SUBGRAPH_TENSORS, SUBGRAPH_OPERATORS = 0, 3
TENSOR_SHAPE = 0
OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS = 0, 1, 2
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
    return sorted(set(_codes(model)))


Shape = tuple[int, ...]


def operators(model: bytes) -> Iterator[tuple[int, list[Shape], list[Shape]]]:
    """Yield code, input shapes and output shapes of each operator; the core has accepted the file.

    An optional input that is left out has the shape ().
    """
    codes = _codes(model)
    graph = _tables(model, _field(model, _u32(model, 0), MODEL_SUBGRAPHS))[0]
    shapes = [_ints(model, _field(model, t, TENSOR_SHAPE)) for t in _tables(model, _field(model, graph, SUBGRAPH_TENSORS))]
    for operator in _tables(model, _field(model, graph, SUBGRAPH_OPERATORS)):
        index = _field(model, operator, OPERATOR_CODE)
        inputs = _ints(model, _field(model, operator, OPERATOR_INPUTS))
        outputs = _ints(model, _field(model, operator, OPERATOR_OUTPUTS))
        yield (
            codes[_u32(model, index) if index else 0],
            [shapes[i] if i >= 0 else () for i in inputs],
            [shapes[i] for i in outputs],
        )


def _codes(model: bytes) -> list[int]:
    codes = []
    for entry in _tables(model, _field(model, _u32(model, 0), MODEL_OPERATOR_CODES)):
        deprecated = _field(model, entry, CODE_DEPRECATED)
        builtin = _field(model, entry, CODE_BUILTIN)
        codes.append(max(model[deprecated] if deprecated else 0, _u32(model, builtin) if builtin else 0))
    return codes


def _ints(data: bytes, field: int) -> tuple[int, ...]:
    """Values of a vector field of int32."""
    if not field:
        return ()
    start = field + _u32(data, field)
    return struct.unpack_from(f"<{_u32(data, start)}i", data, start + 4)
