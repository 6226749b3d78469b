"""Builds int8 .tflite files operator by operator, from TensorFlow's own schema classes."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

Array = NDArray[Any]
Code = schema.BuiltinOperator
Options = schema.BuiltinOptions


class Graph:
    """A graph under construction; tensors are indices."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.operatorCodes = []
        self.model.buffers = [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(
        self,
        shape: tuple[int, ...],
        scale: float | Array = 0.0,
        zero_point: int = 0,
        data: Array | None = None,
        dimension: int = 0,
    ) -> int:
        """Add a tensor: int8 when it has a scale (one, or one per channel along dimension), else int32."""
        tensor = schema.TensorT()
        tensor.shape = list(shape)
        tensor.name = f"t{len(self.graph.tensors)}"
        scales = np.atleast_1d(np.asarray(scale, np.float32))
        quantized = bool(scales[0] > 0)
        tensor.type = schema.TensorType.INT8 if quantized else schema.TensorType.INT32
        if quantized:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = scales
            tensor.quantization.zeroPoint = np.full(len(scales), zero_point, np.int64)
            tensor.quantization.quantizedDimension = dimension
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            kind = np.int8 if quantized else np.int32
            buffer.data = np.frombuffer(np.ascontiguousarray(data, kind).tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(int(d) for d in self.graph.tensors[tensor].shape)

    def scale(self, tensor: int) -> float:
        return float(self.graph.tensors[tensor].quantization.scale[0])

    def zero_point(self, tensor: int) -> int:
        return int(self.graph.tensors[tensor].quantization.zeroPoint[0])

    def op(
        self, code: int, inputs: list[int], output: int, options_type: int = 0, options: Any = None
    ) -> int:
        """Add an operator; return its output tensor."""
        operator_code = schema.OperatorCodeT()
        operator_code.builtinCode = code
        operator_code.deprecatedBuiltinCode = min(code, 127)
        operator_code.version = 1
        self.model.operatorCodes.append(operator_code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptionsType, operator.builtinOptions = options_type, options
        self.graph.operators.append(operator)
        return output

    def build(self, source: int, sink: int) -> bytes:
        """Return the .tflite file with these graph input and output tensors."""
        self.graph.inputs, self.graph.outputs = [source], [sink]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
