"""What makes rounding to int8 cost less, done to a trained network without changing what it computes.

**Channels of one range.** An activation has one scale for all its channels on the device, a kernel has one
for each output channel. A channel that reaches a tenth as far as the widest is left with a tenth of the
steps. But a channel may be multiplied by any positive number when the kernel behind it is divided by it, and
moved by any number where no ReLU follows: then every channel has all 256 steps.

**Corrected offsets.** Rounded kernels shift what they compute; the offset behind them takes away what they
shift on the mean over windows. Both are after Nagel and others, 2019.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_training.backend import tensorflow
from gesture_training.folding import apply, folded_kernel, rounded_kernel, stages_of
from gesture_training.windows import COLUMN_SCALE

MOST_WIDENED = 100.0
"""Factor by which a channel is widened at most."""


def equalize(model: Any, windows: NDArray[np.int8]) -> None:
    """Bring the channels of each tensor of a network of network.build() to one range; it computes the same.

    windows: columns (k, window, channels) that show how far the channels reach.
    """
    stages = stages_of(model)
    outputs = _tensors(model, [stage.end for stage in stages], windows)
    for stage, behind, output in zip(stages, stages[1:], outputs, strict=False):
        last = behind.norm is None
        # behind the last convolution, its mean over time is rounded too, and more coarsely
        seen = output.mean(axis=(1, 2), keepdims=True) if last else output
        low, high = seen.min(axis=(0, 1, 2)), seen.max(axis=(0, 1, 2))
        middle = np.zeros_like(low) if stage.relu else (low + high) / 2
        reach = np.maximum(high - middle, 1e-6)
        factor = np.minimum(reach.max() / reach, MOST_WIDENED)
        if not stage.relu:
            moved = np.tensordot(middle, np.asarray(behind.layer.kernel), (0, 2))
            behind.norm.moving_mean.assign_sub(moved.reshape(-1))
        stage.norm.gamma.assign(stage.norm.gamma * factor)
        stage.norm.beta.assign((stage.norm.beta - middle) * factor)
        shape = (-1, 1) if last else (1, 1, -1, 1)
        behind.layer.kernel.assign(behind.layer.kernel / factor.reshape(shape))


def corrected(model: Any, windows: NDArray[np.int8]) -> Any:
    """Return a copy of a network whose offsets take away what rounding its kernels shifts, over windows."""
    tf = tensorflow()
    copy = tf.keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    stages = stages_of(copy)
    inputs = _tensors(copy, [stage.layer.input for stage in stages], windows)
    for stage, x in zip(stages, inputs, strict=True):
        kernel = folded_kernel(stage)
        error = apply(stage.layer, x, rounded_kernel(stage.layer, kernel) - kernel)
        offset = stage.layer.bias if stage.norm is None else stage.norm.beta
        offset.assign_sub(tf.reduce_mean(error, axis=range(len(error.shape) - 1)))
    return copy


def _tensors(model: Any, tensors: list[Any], windows: NDArray[np.int8]) -> list[NDArray[np.float32]]:
    """Return what tensors of a model hold for windows."""
    tf = tensorflow()
    seen = tf.keras.Model(model.input, tensors)
    values = seen(tf.cast(windows[:, None], "float32") / COLUMN_SCALE, training=False)
    return [np.asarray(value) for value in values]
