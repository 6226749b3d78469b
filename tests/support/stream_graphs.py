"""Random int8 graphs that stream: time without padding along one dimension, hops of whole strides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.graphs import Code, Graph, Options
from tests.support.random_graphs import (
    VALID,
    Random,
    activation,
    combine,
    dense,
    output_size,
    random_fused,
    relu,
    softmax,
    weighted,
)

LEAST_COLUMNS = 3  # that a body leaves


@dataclass(frozen=True)
class Streamable:
    """A model, its window and a hop that it can stream with."""

    model: bytes
    window: int
    hop: int
    column: int
    """Values of an input column."""


@dataclass
class _Body:
    """A graph under construction whose last tensor has time."""

    g: Graph
    rng: Random
    x: int
    time: int
    """Dimension of the four along which time runs: 1 or 2."""
    stride: int = 1
    """Of all operators so far."""

    @property
    def columns(self) -> int:
        return self.g.shape(self.x)[self.time]


def random_streamable(seed: int) -> Streamable:
    """Return a graph of one to five operators along time, a head, and mostly a dense softmax."""
    rng = np.random.default_rng(seed)
    g = Graph()
    window, channels = int(rng.integers(12, 97)), int(rng.integers(1, 7))
    time = 1 if rng.random() < 0.4 else 2
    other = 1 if time == 2 else int(rng.integers(1, 4))
    shape = (1, window, other, channels) if time == 1 else (1, 1, window, channels)
    source = activation(g, rng, shape)
    body = _Body(g, rng, source, time)
    for _ in range(int(rng.integers(1, 6))):
        steps = [_convolution, _depthwise, _pooling, _pointwise, _elementwise, _plain]
        steps[int(rng.choice(len(steps), p=[0.25, 0.25, 0.2, 0.15, 0.1, 0.05]))](body)
    hop = body.stride * int(rng.integers(1, max(1, min(8, body.columns - 1)) + 1))
    y = _head(body)
    if rng.random() < 0.8:
        y = softmax(g, rng, dense(g, rng, y, int(rng.integers(2, 8)), flat=True))
    return Streamable(g.build(source, y), window, hop, other * channels)


def _filter(body: _Body, options: object, dilated: bool) -> tuple[tuple[int, int], tuple[int, int]]:
    """Choose a filter; return its size and that of the output. Along the other dimension padding is free."""
    rng, g = body.rng, body.g
    stride = int(rng.choice([1, 1, 2, 3]))
    dilation = int(rng.choice([1, 1, 1, 2])) if dilated else 1
    span_limit = body.columns - (LEAST_COLUMNS - 1) * stride
    k = int(rng.integers(1, max(1, min(6, (span_limit - 1) // dilation + 1)) + 1))
    if span_limit < 1:
        k, stride = 1, 1
    across = g.shape(body.x)[3 - body.time]
    k_across = int(rng.integers(1, across + 1))
    # One padding for both dimensions: VALID, as time wants it.
    sizes = {
        body.time: (k, stride, dilation, output_size(body.columns, (k - 1) * dilation + 1, stride, VALID)),
        3 - body.time: (k_across, 1, 1, output_size(across, k_across, 1, VALID)),
    }
    options.padding = VALID  # type: ignore[attr-defined]
    for axis, name in ((1, "H"), (2, "W")):
        setattr(options, f"stride{name}", sizes[axis][1])
        if dilated:
            setattr(options, f"dilation{name}Factor", sizes[axis][2])
    body.stride *= stride
    return (sizes[1][0], sizes[2][0]), (sizes[1][3], sizes[2][3])


def _convolution(body: _Body) -> None:
    g, rng, options = body.g, body.rng, schema.Conv2DOptionsT()
    channels, out = g.shape(body.x)[3], int(rng.integers(1, 17))
    (kh, kw), (oh, ow) = _filter(body, options, dilated=True)
    fused = options.fusedActivationFunction = _activation(rng)
    inputs, y = weighted(g, rng, body.x, shape=(1, oh, ow, out), weights=(out, kh, kw, channels), fused=fused)
    body.x = g.op(Code.CONV_2D, inputs, y, Options.Conv2DOptions, options)


def _pointwise(body: _Body) -> None:
    body.x = dense(body.g, body.rng, body.x, int(body.rng.integers(1, 13)), flat=False)


def _depthwise(body: _Body) -> None:
    g, rng, options = body.g, body.rng, schema.DepthwiseConv2DOptionsT()
    channels = g.shape(body.x)[3]
    options.depthMultiplier = int(rng.choice([1, 1, 2]))
    out = channels * options.depthMultiplier
    (kh, kw), (oh, ow) = _filter(body, options, dilated=True)
    fused = options.fusedActivationFunction = _activation(rng)
    inputs, y = weighted(
        g, rng, body.x, shape=(1, oh, ow, out), weights=(1, kh, kw, out), fused=fused, depthwise=True
    )
    body.x = g.op(Code.DEPTHWISE_CONV_2D, inputs, y, Options.DepthwiseConv2DOptions, options)


def _activation(rng: Random) -> int:
    return 1 if rng.random() < 0.5 else random_fused(rng)


def _pooling(body: _Body) -> None:
    g, rng, options = body.g, body.rng, schema.Pool2DOptionsT()
    (options.filterHeight, options.filterWidth), (oh, ow) = _filter(body, options, dilated=False)
    code = Code.MAX_POOL_2D if rng.random() < 0.7 else Code.AVERAGE_POOL_2D
    y = activation(g, rng, (1, oh, ow, g.shape(body.x)[3]), like=body.x)
    body.x = g.op(code, [body.x], y, Options.Pool2DOptions, options)


def _elementwise(body: _Body) -> None:
    """With a constant for every channel, or with another layer of the same columns."""
    g, rng = body.g, body.rng
    code = int(rng.choice([Code.ADD, Code.MUL]))
    if rng.random() < 0.5:
        _pointwise(body)
        other = dense(g, rng, body.x, g.shape(body.x)[3], flat=False)
    else:
        width = g.shape(body.x)[3]
        data = rng.integers(-128, 128, (1, 1, 1, width))
        other = g.tensor((1, 1, 1, width), g.scale(body.x), 3, data)
    body.x = combine(g, rng, code, body.x, other)


def _plain(body: _Body) -> None:
    body.x = relu(Code.RELU if body.rng.random() < 0.5 else Code.RELU6)(body.g, body.rng, body.x)


def _head(body: _Body) -> int:
    """Join a window's columns: their mean, their maximum, or all of them."""
    g, rng, shape = body.g, body.rng, body.g.shape(body.x)
    kind = rng.random()
    if kind < 0.55:
        axes = [1, 2] if rng.random() < 0.5 or shape[3 - body.time] == 1 else [body.time]
        kept = tuple(d for i, d in enumerate(shape) if i not in axes)
        y = g.tensor(kept, g.scale(body.x) * 0.7, int(rng.integers(-100, 50)))
        axis = g.tensor((len(axes),), data=np.array(axes))
        return g.op(Code.MEAN, [body.x, axis], y, Options.ReducerOptions, schema.ReducerOptionsT())
    if kind < 0.7:
        y = activation(g, rng, (shape[0], shape[3]), like=body.x)
        axis = g.tensor((2,), data=np.array([1, 2]))
        return g.op(Code.REDUCE_MAX, [body.x, axis], y, Options.ReducerOptions, schema.ReducerOptionsT())
    size = int(np.prod(shape))
    y = activation(g, rng, (1, size), like=body.x)
    inputs = [body.x, g.tensor((2,), data=np.array([1, size]))]
    return g.op(Code.RESHAPE, inputs, y, Options.ReshapeOptions, schema.ReshapeOptionsT())
