"""Layers of network.build() as int8 has them: batch normalisation folded into the kernel before it."""

from __future__ import annotations

from typing import Any, NamedTuple

from gesture_training.backend import tensorflow

STEPS = 127
"""Largest magnitude of a quantised weight."""


class Stage(NamedTuple):
    """A layer with a kernel and what follows it, whose output is one int8 tensor on the device."""

    layer: Any
    """A convolution, or the last fully connected layer."""
    norm: Any
    """The batch normalisation behind it, None behind the last."""
    relu: bool
    end: Any
    """The keras tensor that goes on to the next stage."""


def stages_of(model: Any) -> list[Stage]:
    """Return the stages of a network of network.build() in order."""
    layers = tensorflow().keras.layers
    stages = []
    for place, layer in enumerate(model.layers):
        if not hasattr(layer, "kernel"):
            continue
        behind = model.layers[place + 1 : place + 3]
        norm = behind[0] if behind and isinstance(behind[0], layers.BatchNormalization) else None
        relu = norm is not None and isinstance(behind[-1], layers.ReLU)
        end = behind[-1] if relu else norm or layer
        stages.append(Stage(layer, norm, relu, end.output))
    return stages


def is_depthwise(layer: Any) -> bool:
    """Say whether a layer is a depthwise convolution."""
    return isinstance(layer, tensorflow().keras.layers.DepthwiseConv2D)


def folded_kernel(stage: Stage) -> Any:
    """Return the kernel times what the normalisation makes of each output channel."""
    layer, norm = stage.layer, stage.norm
    if norm is None:
        return layer.kernel
    factor = norm.gamma / tensorflow().sqrt(norm.moving_variance + norm.epsilon)
    return layer.kernel * (factor[:, None] if is_depthwise(layer) else factor)


def rounded_kernel(layer: Any, kernel: Any) -> Any:
    """Return a folded kernel as int8 has it, with a scale for each output channel."""
    tf = tensorflow()
    inputs = (0, 1) if is_depthwise(layer) else tuple(range(len(kernel.shape) - 1))
    step = tf.maximum(tf.reduce_max(tf.abs(kernel), axis=inputs, keepdims=True), 1e-9) / STEPS
    return tf.round(kernel / step) * step


def apply(layer: Any, x: Any, kernel: Any) -> Any:
    """Return what a layer computes of x with another kernel and no offset."""
    tf = tensorflow()
    if isinstance(layer, tf.keras.layers.Dense):
        return x @ kernel
    convolve = tf.nn.depthwise_conv2d if is_depthwise(layer) else tf.nn.conv2d
    return convolve(x, kernel, (1, *layer.strides, 1), "VALID")
