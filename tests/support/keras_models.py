"""Keras layers as int8 models of batch 1: what people build networks from."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gesture_training.backend import quiet, tensorflow

tensorflow()
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

STEPS, CHANNELS = 60, 3
INPUT_SHAPE = (1, STEPS, CHANNELS)

Build = Callable[[Any], Any]


def _dense(x: Any) -> Any:
    return layers.Dense(4, activation="softmax")(x)


def _flat(*body: Any) -> Build:
    """Layers one after the other, then a dense softmax over all positions."""
    return lambda x: _dense(layers.Flatten()(_chain(x, body)))


def _averaged(*body: Any) -> Build:
    return lambda x: _dense(layers.GlobalAveragePooling1D()(_chain(x, body)))


def _largest(*body: Any) -> Build:
    return lambda x: _dense(layers.GlobalMaxPooling1D()(_chain(x, body)))


def _chain(x: Any, body: tuple[Any, ...]) -> Any:
    for make in body:
        x = make()(x)
    return x


def _residual(x: Any) -> Any:
    a = layers.Conv1D(8, 5, activation="relu")(x)
    return _dense(
        layers.GlobalAveragePooling1D()(
            layers.ReLU()(layers.Add()([a, layers.Conv1D(8, 3, padding="same")(a)]))
        )
    )


def _gated(x: Any) -> Any:
    a = layers.Conv1D(8, 5)(x)
    return _dense(
        layers.GlobalAveragePooling1D()(layers.Multiply()([a, layers.Conv1D(8, 3, padding="same")(a)]))
    )


KERAS_CASES: dict[str, Build] = {
    "conv_same": _averaged(lambda: layers.Conv1D(8, 5, padding="same", activation="relu")),
    "conv_valid_strided": _flat(lambda: layers.Conv1D(8, 5, strides=2, activation="relu")),
    "conv_causal_relu6": _largest(lambda: layers.Conv1D(8, 5, padding="causal", activation="relu6")),
    "conv_causal_dilated": _largest(lambda: layers.Conv1D(8, 3, dilation_rate=2, padding="causal")),
    "conv_same_dilated": _largest(lambda: layers.Conv1D(8, 3, dilation_rate=4, padding="same")),
    "conv_grouped": _flat(lambda: layers.Conv1D(6, 5, groups=3)),
    "depthwise": _averaged(lambda: layers.DepthwiseConv1D(5, depth_multiplier=2, activation="relu")),
    "depthwise_strided": _averaged(lambda: layers.DepthwiseConv1D(5, strides=2, padding="same")),
    "separable": _averaged(lambda: layers.SeparableConv1D(8, 5, activation="relu")),
    "max_pooling": _flat(lambda: layers.Conv1D(8, 5, activation="relu"), lambda: layers.MaxPooling1D(3)),
    "average_pooling": _flat(lambda: layers.Conv1D(8, 5), lambda: layers.AveragePooling1D(3, padding="same")),
    "batch_norm": _flat(lambda: layers.Conv1D(8, 5), layers.BatchNormalization, layers.ReLU),
    "batch_norm_first": _flat(layers.BatchNormalization, lambda: layers.Conv1D(8, 5)),
    "relu6": _flat(lambda: layers.Conv1D(8, 5), lambda: layers.ReLU(max_value=6.0)),
    "zero_padding": _flat(lambda: layers.ZeroPadding1D(2), lambda: layers.Conv1D(8, 5)),
    "residual": _residual,
    "gated": _gated,
    "dense_on_time": _flat(lambda: layers.Dense(6, activation="relu")),
    "mlp": lambda x: _dense(layers.Dense(10, activation="relu")(layers.Flatten()(x))),
    "conv_2d": _flat(
        lambda: layers.Reshape((STEPS, CHANNELS, 1)),
        lambda: layers.Conv2D(8, (4, 3), padding="same"),
        lambda: layers.MaxPooling2D((3, 1)),
    ),
    "rescaling": _flat(lambda: layers.Rescaling(0.5, 0.1)),
    "normalization": _flat(lambda: layers.Normalization(mean=[0, 0, 1.0], variance=[1.0, 2.0, 1.0])),
}
"""Layers that the README promises, between an input of INPUT_SHAPE and a dense softmax."""


def convert(build: Build) -> bytes:
    """Return the .tflite of a network of random weights, converted as the trainer does: int8, batch 1."""
    keras.utils.set_random_seed(1)
    x = keras.Input((STEPS, CHANNELS), batch_size=1)
    network = keras.Model(x, build(x))
    rng = np.random.default_rng(0)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [rng.normal(size=INPUT_SHAPE).astype(np.float32)] for _ in range(10)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras and the converter about each other
        data: bytes = converter.convert()
    return data
