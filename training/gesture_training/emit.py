"""The .tflite that goes to the device: stripped of what only a desk reads, with the contract inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from gesture_tools.contract import CONTRACT_NAME

FILE_IDENTIFIER = b"TFL3"

BUFFER_ALIGNMENT = 16
"""Alignment of a buffer's data in the file: the schema asks for it, generated Python code ignores it."""


def read_model(data: bytes) -> Any:
    """Return the ModelT object tree of a .tflite file."""
    return _schema().ModelT.InitFromPackedBuf(data, 0)


def strip(data: bytes) -> bytes:
    """Return a .tflite with the same graph and weights, without names, signatures, metadata and ranges."""
    model = read_model(data)
    graph = model.subgraphs[0]
    for tensor in graph.tensors:
        tensor.name = tensor.shapeSignature = None
        if tensor.quantization is not None:
            tensor.quantization.min = tensor.quantization.max = tensor.quantization.details = None
    graph.name = None
    model.description = model.signatureDefs = model.metadataBuffer = None
    model.metadata = []
    _drop_unused_buffers(model)
    return packed(model)


def with_contract(data: bytes, contract: bytes) -> bytes:
    """Return a .tflite with the bytes of a contract as its only metadata buffer."""
    schema = _schema()
    model = read_model(data)
    model.metadata = []
    _drop_unused_buffers(model)
    entry = schema.MetadataT()
    entry.name, entry.buffer = CONTRACT_NAME, len(model.buffers)
    model.metadata = [entry]
    model.buffers.append(_buffer(contract))
    return packed(model)


def _drop_unused_buffers(model: Any) -> None:
    """Keep the buffers with data, one for equal data, behind the empty one that the format wants first."""
    buffers = [_buffer(b"")]
    places = {b"": 0}
    for tensor in model.subgraphs[0].tensors:
        content = model.buffers[tensor.buffer].data
        key = b"" if content is None else bytes(np.asarray(content, dtype=np.uint8))
        if key not in places:
            places[key] = len(buffers)
            buffers.append(_buffer(key))
        tensor.buffer = places[key]
    model.buffers = buffers


def packed(model: Any) -> bytes:
    """Return the file of a model, with one vector for equal ones (shapes, zero points)."""
    import flatbuffers

    class SharingBuilder(flatbuffers.Builder):  # type: ignore[misc]
        def CreateNumpyVector(self, x: Any) -> Any:  # noqa: N802
            key = x.dtype.str, x.tobytes()
            if key not in vectors:
                vectors[key] = super().CreateNumpyVector(x)
            return vectors[key]

    vectors: dict[tuple[str, bytes], Any] = {}
    builder = SharingBuilder(16384)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def _buffer(content: bytes) -> Any:
    schema = _schema()

    class AlignedBuffer(schema.BufferT):  # type: ignore[misc, name-defined]
        def Pack(self, builder: Any) -> Any:  # noqa: N802
            vector = None
            if content:
                builder.Prep(BUFFER_ALIGNMENT, len(content))
                vector = builder.CreateByteVector(content)
            schema.BufferStart(builder)
            if vector is not None:
                schema.BufferAddData(builder, vector)
            return schema.BufferEnd(builder)

    buffer = AlignedBuffer()
    buffer.data = np.frombuffer(content, dtype=np.uint8) if content else None
    return buffer


def _schema() -> Any:
    from gesture_training.backend import tensorflow

    tensorflow()
    from tensorflow.lite.python import schema_py_generated

    return schema_py_generated
