"""TensorFlow Lite Micro on the host, from its wheel: the reference of int8 arithmetic."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gesture_tools.runtime import Model

NAME = "tflite-micro"
ARENA = 512 * 1024

Invoke = Callable[[NDArray[np.int8]], NDArray[np.int8]]


def reference(model: Model) -> Invoke | None:
    """Return a function from inputs int8 (k, ...) to outputs int8 (k, values); None without the wheel."""
    if importlib.util.find_spec("tflite_micro") is None:
        return None
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model.data, arena_size=ARENA)

    def invoke(inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        outputs = []
        for x in inputs:
            interpreter.set_input(x.reshape(model.input_shape), 0)
            interpreter.invoke()
            outputs.append(np.asarray(interpreter.get_output(0)).reshape(-1))
        return np.array(outputs, np.int8)

    return invoke
