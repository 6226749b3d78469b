"""Quantisation-aware fine-tuning: the last passes see the network as int8 will have it.

The batch normalisations are folded into the kernels before them, as the converter does, with the statistics
that training ended with; kernels are rounded per output channel and activations to 256 steps between the
ends that the representative windows reach. Gradients pass the rounding unchanged (Jacob and others, 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_training.backend import tensorflow
from gesture_training.windows import COLUMN_SCALE

STEPS = 127
"""Largest magnitude of a quantised weight."""


@dataclass(frozen=True, eq=False)
class _Stage:
    """A layer with weights and what follows it, whose output is one int8 tensor on the device."""

    layer: Any
    """A convolution, or the last fully connected layer."""
    normalisation: Any
    """The batch normalisation behind it, or None."""
    relu: bool
    ends: list[Any]
    """Least and largest value of its output (variables)."""


class RoundedNetwork:
    """A network of network.build(), computed with int8's rounding; it trains that network's weights."""

    def __init__(self, model: Any) -> None:
        """Take over a trained keras.Model."""
        self.tf = tensorflow()
        layers = self.tf.keras.layers
        self.stages: list[_Stage] = []
        kinds = (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)
        for place, layer in enumerate(model.layers):
            if isinstance(layer, kinds):
                behind = model.layers[place + 1 : place + 3]
                norm = next((one for one in behind[:1] if isinstance(one, layers.BatchNormalization)), None)
                relu = norm is not None and any(isinstance(one, layers.ReLU) for one in behind[1:])
                self.stages.append(_Stage(layer, norm, relu, self._ends()))
        self.mean_ends = self._ends()
        self.weights = [
            variable
            for stage in self.stages
            for variable in (
                *stage.layer.trainable_variables,
                *(stage.normalisation.trainable_variables if stage.normalisation else ()),
            )
        ]

    def _ends(self) -> list[Any]:
        return [self.tf.Variable(value, trainable=False, dtype="float32") for value in (0.0, 1.0)]

    def calibrate(self, windows: NDArray[np.int8]) -> None:
        """Set the ends of all activations from windows of columns (k, window, channels)."""
        self._run(self.tf.cast(windows[:, None], "float32") / COLUMN_SCALE, measure=True)

    def __call__(self, inputs: Any) -> Any:
        """Return the scores (batch, labels) of inputs (batch, 1, window, channels)."""
        return self._run(inputs, measure=False)

    def _run(self, x: Any, measure: bool) -> Any:
        tf = self.tf
        for stage in self.stages:
            if isinstance(stage.layer, tf.keras.layers.Dense):
                x = self._rounded(tf.reduce_mean(x, axis=(1, 2)), self.mean_ends, measure)
            x = self._stage(stage, x)
            x = self._rounded(x, stage.ends, measure)
        return tf.nn.softmax(x)

    def _stage(self, stage: _Stage, x: Any) -> Any:
        tf, layer, norm = self.tf, stage.layer, stage.normalisation
        kernel, bias = layer.kernel, layer.bias if layer.use_bias else 0.0
        depthwise = isinstance(layer, tf.keras.layers.DepthwiseConv2D)
        if norm is not None:
            factor = norm.gamma / tf.sqrt(norm.moving_variance + norm.epsilon)
            kernel = kernel * (factor[:, None] if depthwise else factor)
            bias = norm.beta + (bias - norm.moving_mean) * factor
        outputs = (0, 1) if depthwise else tuple(range(len(kernel.shape) - 1))
        largest = tf.reduce_max(tf.abs(kernel), axis=outputs, keepdims=True)
        step = tf.maximum(tf.stop_gradient(largest), 1e-9) / STEPS
        kernel = kernel + tf.stop_gradient(tf.round(kernel / step) * step - kernel)
        if isinstance(layer, tf.keras.layers.Dense):
            return x @ kernel + bias
        strides = (1, *layer.strides, 1)
        convolve = tf.nn.depthwise_conv2d if depthwise else tf.nn.conv2d
        x = convolve(x, kernel, strides, "VALID") + bias
        return tf.nn.relu(x) if stage.relu else x

    def _rounded(self, x: Any, ends: list[Any], measure: bool) -> Any:
        low, high = ends
        if measure:
            low.assign(self.tf.minimum(self.tf.reduce_min(x), 0.0))
            high.assign(self.tf.maximum(self.tf.reduce_max(x), low + 1e-6))
        return self.tf.quantization.fake_quant_with_min_max_vars(x, low, high)
