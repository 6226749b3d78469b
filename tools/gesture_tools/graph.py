"""The operators of a model that the core has accepted: names, shapes, and multiply-accumulates."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from gesture_tools.runtime.flatbuffer import operators
from gesture_tools.runtime.opening import operator_name

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@dataclass(frozen=True)
class Layer:
    """One operator of the graph."""

    name: str
    """TensorFlow Lite's name, such as CONV_2D."""
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    weights_shape: tuple[int, ...] | None

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, those on padding included."""
        if self.weights_shape is None:
            return 0
        if self.name == "DEPTHWISE_CONV_2D":
            return prod(self.output_shape) * self.weights_shape[1] * self.weights_shape[2]
        return prod(self.output_shape) * prod(self.weights_shape[1:])


def layers(model: bytes) -> list[Layer]:
    """Return the operators of an accepted model in order."""
    result = []
    for code, inputs, outputs in operators(model):
        name = operator_name(code)
        result.append(Layer(name, inputs[0], outputs[0], inputs[1] if name in WEIGHTED else None))
    return result
