"""Reading what people and generators need from a .tflite file that the core has accepted."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gesture_tools.contract import CONTRACT_NAME

MODEL_OPERATOR_CODES, MODEL_SUBGRAPHS, MODEL_BUFFERS, MODEL_METADATA = 1, 2, 4, 6
SUBGRAPH_TENSORS, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, SUBGRAPH_OPERATORS = range(4)
TENSOR_SHAPE, TENSOR_TYPE = 0, 1
OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS, OPERATOR_OPTIONS = 0, 1, 2, 4
OPTION_STRIDE_W, OPTION_STRIDE_H = 1, 2  # of those that slide:
SLIDING = (1, 3, 4, 17)  # AVERAGE_POOL_2D, CONV_2D, DEPTHWISE_CONV_2D, MAX_POOL_2D
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
                content = _field(model, buffer, BUFFER_DATA)
                if content and (found := _vector(model, content)):
                    return found
    except (struct.error, IndexError):
        return None
    return None


def _u32(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _target(data: bytes, at: int) -> int:
    """Position that the offset at a position leads to: modulo 2^32, as the core reads it."""
    return (at + _u32(data, at)) & 0xFFFFFFFF


def _field(data: bytes, table: int, field: int, width: int = 4) -> int:
    """Position of a table's field of width bytes, or 0 when it is absent or, as for the core, impossible."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    vtable_size, table_size = struct.unpack_from("<HH", data, vtable)
    slot = 4 + 2 * field
    offset = int(struct.unpack_from("<H", data, vtable + slot)[0]) if slot + 2 <= vtable_size else 0
    return table + offset if offset and offset % width == 0 and offset + width <= table_size else 0


def _tables(data: bytes, field: int) -> list[int]:
    """Positions of the tables of a vector field."""
    if not field:
        return []
    start = _target(data, field)
    count = _u32(data, start)
    offsets = struct.unpack_from(f"<{count}I", data, start + 4)
    return [(start + 4 + 4 * i + offset) & 0xFFFFFFFF for i, offset in enumerate(offsets)]


def _vector(data: bytes, field: int) -> bytes:
    """Bytes of a vector field."""
    start = _target(data, field)
    return data[start + 4 : start + 4 + _u32(data, start)]


def interface_types(model: bytes) -> tuple[int, int] | None:
    """Return the TensorFlow Lite type codes of a model's input and output; None when the file tells none.

    For files that the core refuses, too.
    """
    try:
        graph = _tables(model, _field(model, _u32(model, 0), MODEL_SUBGRAPHS))[0]
        tensors = _tables(model, _field(model, graph, SUBGRAPH_TENSORS))
        ends = [_ints(model, _field(model, graph, end))[0] for end in (SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS)]
        fields = [_field(model, tensors[index], TENSOR_TYPE, 1) for index in ends]
        source, sink = (model[field] if field else 0 for field in fields)
    except (struct.error, IndexError):
        return None
    return source, sink


def operator_codes(model: bytes) -> list[int]:
    """Return the distinct TensorFlow Lite codes of a model's operators, sorted; the core has accepted it."""
    return sorted({code for code, _, _ in operators(model)})


Shape = tuple[int, ...]


def operators(model: bytes) -> Iterator[tuple[int, list[Shape], list[Shape]]]:
    """Yield code, input shapes and output shapes of each operator; the core has accepted the file.

    An optional input that is left out has the shape ().
    """
    codes = _tables(model, _field(model, _u32(model, 0), MODEL_OPERATOR_CODES))
    graph = _tables(model, _field(model, _u32(model, 0), MODEL_SUBGRAPHS))[0]
    tensors = _tables(model, _field(model, graph, SUBGRAPH_TENSORS))

    def shape(tensor: int) -> Shape:
        return _ints(model, _field(model, tensors[tensor], TENSOR_SHAPE)) if tensor >= 0 else ()

    for operator in _tables(model, _field(model, graph, SUBGRAPH_OPERATORS)):
        index = _field(model, operator, OPERATOR_CODE)
        inputs = _ints(model, _field(model, operator, OPERATOR_INPUTS))
        outputs = _ints(model, _field(model, operator, OPERATOR_OUTPUTS))
        yield (
            _code(model, codes[_u32(model, index) if index else 0]),
            [shape(i) for i in inputs],
            [shape(i) for i in outputs],
        )


def strides(model: bytes) -> list[tuple[int, int]]:
    """Return the strides along height and width of each operator; 1 and 1 of those that do not slide.

    The core has accepted the file; it has not read the options of others.
    """
    graph = _tables(model, _field(model, _u32(model, 0), MODEL_SUBGRAPHS))[0]
    found = []
    places = _tables(model, _field(model, graph, SUBGRAPH_OPERATORS))
    for place, (code, _, _) in zip(places, operators(model), strict=True):
        field = _field(model, place, OPERATOR_OPTIONS)
        if code not in SLIDING or not field:
            found.append((1, 1))
            continue
        table = _target(model, field)
        fields = (_field(model, table, k) for k in (OPTION_STRIDE_H, OPTION_STRIDE_W))
        height, width = (_u32(model, at) if at else 1 for at in fields)
        found.append((height, width))
    return found


def _code(model: bytes, entry: int) -> int:
    """Operator code of an entry of the table of codes; the older field holds those up to 127."""
    deprecated = _field(model, entry, CODE_DEPRECATED, 1)
    builtin = _field(model, entry, CODE_BUILTIN)
    code = int(struct.unpack_from("<i", model, builtin)[0]) if builtin else 0
    return max(model[deprecated] if deprecated else 0, code)


def _ints(data: bytes, field: int) -> tuple[int, ...]:
    """Values of a vector field of int32."""
    if not field:
        return ()
    start = _target(data, field)
    return struct.unpack_from(f"<{_u32(data, start)}i", data, start + 4)
