"""One int8 model run by the C core."""

from __future__ import annotations

import hashlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.errors import UserError
from gesture_tools.files import read_bytes
from gesture_tools.runtime.flatbuffer import contract_bytes
from gesture_tools.runtime.foreign import foreign
from gesture_tools.runtime.machine import Machine
from gesture_tools.runtime.native import native_machine
from gesture_tools.runtime.opening import Refused, open_with_arena
from gesture_tools.runtime.window import check_contract

Int8Array = NDArray[np.int8]

MODEL_NAME = "gesture.tflite"
"""The model's name in the folder that ``gesture train`` writes."""

TENSOR_FACTS = 7  # dims, four dimensions, zero point, scale
BATCH = 512


def read_model(path: Path) -> bytes:
    """Return a model file's bytes; raise UserError when it is unreadable, or the folder that it lies in."""
    inside = path / MODEL_NAME
    if inside.is_file():
        raise UserError(f"{path} is the folder of a model: expected the file in it, {inside}")
    return read_bytes(path)


class Model:
    """An int8 ``.tflite`` model, verified and run by the C core on a machine (the host by default)."""

    def __init__(self, data: bytes, *, machine: Machine | None = None, what: str = "the model") -> None:
        """Open a model's bytes; raise Refused, naming operator and reason, when the core refuses it."""
        self.data = data
        self.machine = machine or native_machine()
        self._placed = self.machine.place(data)
        size = self.machine.call("tg_bind_model_size")
        self.handle, self._arena = open_with_arena(
            self.machine, "tg_bind_model_open", size, self._placed, what
        )
        facts = self.machine.alloc(4 * (1 + 2 * TENSOR_FACTS))
        self.machine.call("tg_bind_model_facts", self.handle, facts)
        values = facts.array(np.uint32, 1 + 2 * TENSOR_FACTS)
        self.arena_size = int(values[0])
        """Bytes of the arena that the core uses on this machine."""
        self.input_shape, self.input_zero_point, self.input_scale = _tensor(values[1:])
        self.output_shape, self.output_zero_point, self.output_scale = _tensor(values[1 + TENSOR_FACTS :])
        encoded = contract_bytes(data)
        if encoded is not None:
            check_contract(encoded, what, self.machine)
        self.contract: Contract | None = None if encoded is None else Contract.decode(encoded)
        """The model's contract, or None for a foreign model."""

    @classmethod
    def load(cls, path: Path | str, *, machine: Machine | None = None) -> Model:
        """Open a model file; raise UserError when it is unreadable or refused."""
        data = read_model(Path(path))
        try:
            return cls(data, machine=machine, what=str(path))
        except Refused as refused:
            if refused.name != "ERR_NOT_TFLITE":
                raise
            raise Refused(f"{refused.message}; {foreign(data)}", refused.err, refused.name) from refused

    @property
    def model_id(self) -> str:
        """SHA-256 of the file, hex."""
        return hashlib.sha256(self.data).hexdigest()

    def invoke(self, x: NDArray[np.int8]) -> Int8Array:
        """Run the model on one input, or on a batch of them one after the other.

        x: int8, of ``input_shape``, or (k, ...) with that shape behind it, less its leading 1. Returns int8
        of ``output_shape``, or (k, ...) likewise.
        """
        x = np.asarray(x)
        if x.dtype != np.int8:
            raise TypeError(f"expected int8 input, got {x.dtype}")
        single = x.shape == self.input_shape
        if not single and x.shape[1:] != _without_batch(self.input_shape):
            raise ValueError(f"expected input of shape {self.input_shape}, got {x.shape}")
        count = 1 if single else x.shape[0]
        out = np.empty((count, prod(self.output_shape)), np.int8)
        flat = x.reshape(count, prod(self.input_shape))
        for start in range(0, count, BATCH):
            out[start : start + BATCH] = self._run(flat[start : start + BATCH])
        return out.reshape(self.output_shape if single else (count, *_without_batch(self.output_shape)))

    def _run(self, inputs: Int8Array) -> Int8Array:
        outputs = self.machine.alloc(len(inputs) * prod(self.output_shape))
        placed = self.machine.place(inputs)
        self.machine.call("tg_bind_model_invoke", self.handle, placed, outputs, len(inputs))
        return outputs.array(np.int8, outputs.size).reshape(len(inputs), -1)

    def require_contract(self) -> Contract:
        """Return the contract; raise UserError for a model that carries none."""
        if self.contract is None:
            raise UserError("the model carries no tinygesture contract: expected one made by 'gesture train'")
        return self.contract


def _without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of one input or output in a batch: without the usual leading 1."""
    return shape[1:] if shape[:1] == (1,) else shape


def _tensor(values: NDArray[np.uint32]) -> tuple[tuple[int, ...], int, float]:
    dims = int(values[0])
    shape = tuple(int(v) for v in values[1 : 1 + dims])
    zero_point = int(values[5:6].view(np.int32)[0])
    return shape, zero_point, float(values[6:7].view(np.float32)[0])
