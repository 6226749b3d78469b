"""Post-training quantisation to int8, with the input scale that the C core's preprocessing produces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.runtime import Model
from gesture_training.backend import quiet, tensorflow
from gesture_training.emit import packed, read_model
from gesture_training.equalize import corrected
from gesture_training.windows import COLUMN_SCALE

LEAST_SLOPE = 0.005
"""Least mean of p (1 - p): the offset of a label that no window comes near hardly moves."""


def quantize(model: Any, windows: NDArray[np.int8]) -> bytes:
    """Convert a keras.Model to an int8 .tflite with batch size 1.

    windows: representative columns (k, window, channels) from training. Raises ValueError when the converter
    gives the input another scale than 1/64 and zero point 0.
    """
    tf = tensorflow()
    shape = (1, 1, *windows.shape[1:])
    ends = np.zeros(windows.shape[1:], np.int8)  # the input's whole range, with as little motion as can be
    ends[0], ends[1] = -128, 127

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for window in [ends, *windows]:
            yield [(window.astype(np.float32) / COLUMN_SCALE).reshape(shape)]

    one = tf.keras.Input(batch_shape=shape)
    single = tf.keras.Model(one, corrected(model, windows)(one))
    with quiet():
        converter = tf.lite.TFLiteConverter.from_keras_model(single)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        data = bytes(converter.convert())
    check_input(data)
    return _settled(data, model, windows)


def _settled(data: bytes, model: Any, windows: NDArray[np.int8]) -> bytes:
    """Take away what int8 shifts the scores by on the mean over windows, by the last layer's offsets.

    Much is rounded before them that corrected() does not see: activations, their mean over time, scores of
    equal steps. One step of Newton's method: a score p moves by p (1 - p) for each unit of its offset. Where
    that brings the scores no nearer, everything stays.
    """
    inputs = windows[:, None]
    exact = np.asarray(model(inputs.astype(np.float32) / COLUMN_SCALE, training=False), np.float64)

    def error(data: bytes) -> NDArray[np.float64]:
        found = Model(data).invoke(inputs).reshape(exact.shape) / 256 + 0.5
        return np.asarray(found - exact)

    before = error(data)
    shift = before.mean(axis=0) / np.maximum((exact * (1 - exact)).mean(axis=0), LEAST_SLOPE)
    tree = read_model(data)
    tensors = tree.subgraphs[0].tensors
    offsets = tensors[[one for one in tree.subgraphs[0].operators if len(one.inputs) == 3][-1].inputs[2]]
    steps = np.asarray(tree.buffers[offsets.buffer].data, np.uint8).view(np.int32)
    settled = steps - np.rint(shift / offsets.quantization.scale[0]).astype(np.int32)
    tree.buffers[offsets.buffer].data = settled.view(np.uint8)
    moved = packed(tree)
    return moved if np.square(error(moved)).mean() < np.square(before).mean() else data


def check_input(data: bytes) -> None:
    """Raise ValueError unless the model's input has scale 1/64 and zero point 0."""
    graph = read_model(data).subgraphs[0]
    quantization = graph.tensors[graph.inputs[0]].quantization
    scale, zero_point = float(quantization.scale[0]), int(quantization.zeroPoint[0])
    if scale != 1 / COLUMN_SCALE or zero_point != 0:
        raise ValueError(
            f"input scale {scale!r} and zero point {zero_point}: expected 1/{COLUMN_SCALE} and 0"
        )
