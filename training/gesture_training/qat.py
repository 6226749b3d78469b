"""Quantisation-aware fine-tuning: the last passes see the network as int8 will have it.

The batch normalisations are folded into the kernels before them, as the converter does, with the statistics
that training ended with; kernels are rounded per output channel and activations to 256 steps between the
ends that the representative windows reach. Gradients pass the rounding unchanged (Jacob and others, 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_training.backend import tensorflow
from gesture_training.folding import Stage, apply, folded_kernel, rounded_kernel, stages_of
from gesture_training.windows import COLUMN_SCALE


class RoundedNetwork:
    """A network of network.build(), computed with int8's rounding; it trains that network's weights."""

    def __init__(self, model: Any) -> None:
        """Take over a trained keras.Model."""
        self.tf = tensorflow()
        self.stages = stages_of(model)
        self.ends = [self._ends() for _ in self.stages]
        self.mean_ends = self._ends()
        self.weights = [
            variable
            for stage in self.stages
            for variable in (
                *stage.layer.trainable_variables,
                *(stage.norm.trainable_variables if stage.norm else ()),
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
        for stage, ends in zip(self.stages, self.ends, strict=True):
            if stage.norm is None:
                x = self._rounded(tf.reduce_mean(x, axis=(1, 2)), self.mean_ends, measure)
            x = self._rounded(self._stage(stage, x), ends, measure)
        return tf.nn.softmax(x)

    def _stage(self, stage: Stage, x: Any) -> Any:
        tf, layer, norm = self.tf, stage.layer, stage.norm
        kernel = folded_kernel(stage)
        kernel += tf.stop_gradient(rounded_kernel(layer, kernel) - kernel)
        x = apply(layer, x, kernel)
        if norm is None:
            return x + layer.bias
        x += norm.beta - norm.moving_mean * norm.gamma / tf.sqrt(norm.moving_variance + norm.epsilon)
        return tf.nn.relu(x) if stage.relu else x

    def _rounded(self, x: Any, ends: list[Any], measure: bool) -> Any:
        low, high = ends
        if measure:
            low.assign(self.tf.minimum(self.tf.reduce_min(x), 0.0))
            high.assign(self.tf.maximum(self.tf.reduce_max(x), low + 1e-6))
        return self.tf.quantization.fake_quant_with_min_max_vars(x, low, high)
