"""The default network: a small depthwise-separable CNN without padding along time, so that it can stream."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from gesture_training.backend import tensorflow
from gesture_training.config import Network

SHORTEST_KERNEL = 3
"""Samples of the shortest depthwise kernel."""
LARGEST_STRIDE = 255
"""That the core takes."""


def fitted(settings: Network, rate_hz: float, hop: int | None = None, window: int | None = None) -> Network:
    """Return a network for samples at another rate: its convolution's stride and kernel last as long.

    So it has about as many columns, and with them as much memory and work, at any rate. hop and window:
    samples that are asked for; the stride is the nearest one that streams by the hop and suits the window,
    where there is one.
    """
    factor = rate_hz / settings.rate_hz
    usual = max(1, round(settings.strides[0] * factor))
    later = math.prod(settings.strides[1:])
    most = min(hop // later, LARGEST_STRIDE) if hop else usual
    strides = [one for one in range(1, most + 1) if not hop or hop % (one * later) == 0]
    kernel = max(SHORTEST_KERNEL, round(settings.first_kernel * factor))
    shapes = [
        replace(
            settings,
            strides=(stride, *settings.strides[1:]),
            first_kernel=max(stride, kernel),
            rate_hz=rate_hz,
        )
        for stride in strides or [usual]
    ]
    suited = [one for one in shapes if window is None or least_window(one) <= window]
    return min(suited or shapes[:1], key=lambda one: abs(math.log(one.strides[0] / usual)))


def kernel_length(window: int, settings: Network) -> int:
    """Return the odd length of the depthwise kernels, as long as the window leaves several output columns."""
    for length in range(settings.longest_kernel, SHORTEST_KERNEL, -2):
        if receptive_field(length, settings) <= settings.field_share * window:
            return length
    return SHORTEST_KERNEL


def least_window(settings: Network) -> int:
    """Return the samples that leave the shortest kernels some output columns."""
    return receptive_field(SHORTEST_KERNEL, settings) + 2 * settings.total_stride - 1


def receptive_field(kernel: int, settings: Network) -> int:
    """Return the samples that one column of the body's output sees."""
    field, step = settings.first_kernel, settings.strides[0]
    for stride in settings.strides[1:]:
        field, step = field + (kernel - 1) * step, step * stride
    return field


def build(window: int, channels: int, labels: int, settings: Network) -> Any:
    """Return an untrained keras.Model: (batch, 1, window, channels) of columns / 64 to (batch, labels)."""
    keras = tensorflow().keras
    layers = keras.layers
    kernel = kernel_length(window, settings)
    inputs = keras.Input((1, window, channels))
    (filters, *more), (stride, *steps) = settings.filters, settings.strides
    x = layers.Conv2D(filters, (1, settings.first_kernel), strides=stride, use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters, stride in zip(more, steps, strict=True):
        x = _separable(x, filters, kernel, stride)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(labels, activation="softmax")(x))


def _separable(x: Any, filters: int, kernel: int, stride: int) -> Any:
    layers = tensorflow().keras.layers
    x = layers.DepthwiseConv2D((1, kernel), strides=stride, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(filters, 1, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def multiply_accumulates(model: Any) -> int:
    """Return the multiply-accumulates of one window."""
    total = 0
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            positions = layer.output.shape[2] if len(layer.output.shape) == 4 else 1
            total += positions * int(layer.kernel.shape.num_elements() or 0)
    return total
