"""Small models with a contract, whose outputs a test can know beforehand or at least repeat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

from gesture_tools.contract import Contract
from gesture_tools.profile import Profile
from tests.support.graphs import Code, Graph, Options

LABELS = ("background", "left", "right")


def contract(**changes: Any) -> Contract:
    """A contract of three labels at 50 Hz: windows of 8 samples every 2, any score above 99/256 is a hit."""
    plain = Contract(
        profile=Profile(rate_hz=50.0),
        window=8,
        hop=2,
        gain=2097,
        labels=LABELS,
        background=0,
        thresholds=(0, 100, 100),
        hits=1,
        refractory_ms=0,
    )
    return replace(plain, **changes)


def with_metadata(model: bytes, entries: list[tuple[str, bytes]]) -> bytes:
    """Return a .tflite with these metadata buffers instead of its own."""
    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    tree.metadata = []
    for name, content in entries:
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, len(tree.buffers)
        tree.metadata.append(entry)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        tree.buffers.append(buffer)
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def with_contract(model: bytes, fields: Contract) -> bytes:
    """Return a .tflite with a contract inside."""
    return with_metadata(model, [("tinygesture.contract", fields.encode())])


def pass_through(fields: Contract) -> bytes:
    """A model whose outputs are the last column of its window, byte for byte.

    It has as many labels as channels; with the contract's gain of 65535 a sample of -128 .. 127 (milli-g)
    is an output, which lets a test choose the scores of every hop.
    """
    channels = len(fields.profile.channels)
    assert len(fields.labels) == channels
    assert fields.gain == 65535
    g = Graph()
    x = g.tensor((1, fields.window, channels), 1 / 64)
    flat = g.tensor((1, fields.window * channels), 1 / 64)
    shape = g.tensor((2,), data=np.array([1, fields.window * channels]))
    g.op(Code.RESHAPE, [x, shape], flat, Options.ReshapeOptions, schema.ReshapeOptionsT())
    weights = np.zeros((channels, fields.window, channels))
    weights[:, -1, :] = 64 * np.eye(channels)
    # 64 x column x (1/64 x 1/256) / (1/256) = column; the bias takes the output's zero point of -128 off.
    y = g.op(
        Code.FULLY_CONNECTED,
        [
            flat,
            g.tensor((channels, fields.window * channels), 1 / 256, 0, weights),
            g.tensor((channels,), data=np.full(channels, 128 * 64)),
        ],
        g.tensor((1, channels), 1 / 256, -128),
        Options.FullyConnectedOptions,
        schema.FullyConnectedOptionsT(),
    )
    return with_contract(g.build(x, y), fields)


def peaks(fields: Contract) -> bytes:
    """A model that is sure: right (left) when the first channel of a window goes above 32 (below -32).

    It has three labels, the first for no gesture; 32 columns are 1 g with the contract's gain of 2097.
    """
    channels = len(fields.profile.channels)
    g = Graph()
    x = g.tensor((1, 1, fields.window, channels), 1 / 64)
    kernel = np.zeros((2, 1, 1, channels))
    kernel[:, 0, 0, 0] = -64, 64
    both = g.tensor((1, 1, fields.window, 2), 1 / 64)  # the channel, downwards and upwards
    conv = schema.Conv2DOptionsT()
    conv.padding, conv.strideW, conv.strideH = 1, 1, 1
    inputs = [
        x,
        g.tensor((2, 1, 1, channels), np.full(2, 1 / 64), 0, kernel),
        g.tensor((2,), data=np.zeros(2)),
    ]
    g.op(Code.CONV_2D, inputs, both, Options.Conv2DOptions, conv)
    most = g.tensor((1, 2), 1 / 64)
    axes = g.tensor((2,), data=np.array([1, 2]))
    g.op(Code.REDUCE_MAX, [both, axes], most, Options.ReducerOptions, schema.ReducerOptionsT())
    # -128 + 127 x (peak - 32), and -96 for no gesture: multiplied by 1/64 x 1/4 / (1/256) = 1.
    weights, bias = np.array([[0, 0], [127, 0], [0, 127]]), np.array([32, -127 * 32, -127 * 32])
    return with_contract(g.build(x, _scores(g, most, weights, bias)), fields)


def means(fields: Contract) -> bytes:
    """A model whose outputs are -100, less the mean of the first channel of a window, and that mean."""
    channels = len(fields.profile.channels)
    g = Graph()
    x = g.tensor((1, 1, fields.window, channels), 1 / 64)
    mean = g.tensor((1, channels), 1 / 64)
    axes = g.tensor((2,), data=np.array([1, 2]))
    g.op(Code.MEAN, [x, axes], mean, Options.ReducerOptions, schema.ReducerOptionsT())
    weights = np.zeros((3, channels))
    weights[:, 0] = 0, -1, 1
    return with_contract(g.build(x, _scores(g, mean, weights, np.array([28, 128, 128]))), fields)


def _scores(g: Graph, source: int, weights: NDArray[Any], bias: NDArray[Any]) -> int:
    """Three outputs of scale 1/256: -128 + weights x source + bias, for a source of scale 1/64."""
    inputs = [source, g.tensor(weights.shape, 1 / 4, 0, weights), g.tensor((3,), data=bias)]
    y = g.tensor((1, 3), 1 / 256, -128)
    return g.op(
        Code.FULLY_CONNECTED, inputs, y, Options.FullyConnectedOptions, schema.FullyConnectedOptionsT()
    )


def convolutional(fields: Contract, seed: int = 1, filters: int = 4) -> bytes:
    """A model of random weights: convolution, pooling, mean, dense and softmax, as a trained one is made."""
    rng = np.random.default_rng(seed)
    channels, labels = len(fields.profile.channels), len(fields.labels)
    steps = fields.window - 2
    g = Graph()
    x = g.tensor((1, 1, fields.window, channels), 1 / 64)
    conv = schema.Conv2DOptionsT()
    conv.padding, conv.strideW, conv.strideH, conv.fusedActivationFunction = 1, 1, 1, 1
    kernel = g.tensor(
        (filters, 1, 3, channels),
        rng.uniform(0.005, 0.02, filters),
        0,
        _weights(rng, (filters, 1, 3, channels)),
    )
    y = g.tensor((1, 1, steps, filters), 0.05, -128)
    g.op(Code.CONV_2D, [x, kernel, _bias(g, rng, filters)], y, Options.Conv2DOptions, conv)
    pool = schema.Pool2DOptionsT()
    pool.padding, pool.strideW, pool.strideH, pool.filterWidth, pool.filterHeight = 1, 2, 1, 2, 1
    pooled = g.tensor((1, 1, steps // 2, filters), 0.05, -128)
    g.op(Code.MAX_POOL_2D, [y], pooled, Options.Pool2DOptions, pool)
    mean = g.tensor((1, filters), 0.04, -128)
    axes = g.tensor((2,), data=np.array([1, 2]))
    g.op(Code.MEAN, [pooled, axes], mean, Options.ReducerOptions, schema.ReducerOptionsT())
    dense = g.tensor((1, labels), 0.1)
    weights = g.tensor((labels, filters), 0.02, 0, _weights(rng, (labels, filters)))
    options = schema.FullyConnectedOptionsT()
    g.op(
        Code.FULLY_CONNECTED,
        [mean, weights, _bias(g, rng, labels)],
        dense,
        Options.FullyConnectedOptions,
        options,
    )
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    z = g.tensor((1, labels), 1 / 256, -128)
    g.op(Code.SOFTMAX, [dense], z, Options.SoftmaxOptions, softmax)
    return with_contract(g.build(x, z), fields)


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int64]:
    return rng.integers(-127, 128, shape)


def _bias(g: Graph, rng: np.random.Generator, count: int) -> int:
    return g.tensor((count,), data=rng.integers(-2000, 2000, count))
