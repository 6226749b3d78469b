"""Random int8 graphs over every operator of the core: shapes, strides, paddings, activations, quantisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.graphs import Code, Graph, Options

Random = np.random.Generator
ACTIVATIONS = [0, 1, 2, 3]  # none, relu, relu_n1_to_1, relu6
SAME, VALID = 0, 1


def random_scale(rng: Random) -> float:
    return float(np.float32(np.exp(rng.uniform(np.log(0.002), np.log(0.3)))))


def activation(g: Graph, rng: Random, shape: tuple[int, ...], like: int | None = None) -> int:
    """An activation tensor with its own quantisation, or with that of another tensor."""
    if like is not None:
        return g.tensor(shape, g.scale(like), g.zero_point(like))
    return g.tensor(shape, random_scale(rng), int(rng.integers(-128, 128)))


def weights(
    g: Graph, rng: Random, shape: tuple[int, ...], dimension: int, channels: int, *, optional_bias: bool = True
) -> tuple[int, int]:
    """Weights (per channel or not) and, often, a bias; -1 for no bias."""
    per_channel = rng.random() < 0.7
    scale: Any = np.array([random_scale(rng) for _ in range(channels)]) if per_channel else random_scale(rng)
    data = rng.integers(-127, 128, shape)
    w = g.tensor(shape, scale, 0, data, dimension)
    bias = g.tensor((channels,), 0.0, 0, rng.integers(-20000, 20000, channels)) if not optional_bias or rng.random() < 0.8 else -1
    return w, bias


def output_size(size: int, span: int, stride: int, padding: int) -> int:
    return -(-size // stride) if padding == SAME else (size - span) // stride + 1


def fitted(g: Graph, rng: Random, shape: tuple[int, ...], source: int, w: int, taps: int) -> int:
    """An output tensor whose scale suits the accumulators, so that outputs do not all saturate."""
    scale = g.scale(source) * g.scale(w) * 127 * np.sqrt(taps) * float(np.exp(rng.uniform(-1, 1))) / 2
    return g.tensor(shape, float(np.float32(scale)), int(rng.integers(-128, 128)))


def spatial(g: Graph, rng: Random, x: int, options: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Choose filter, stride, dilation and padding that fit; return filter and output sizes."""
    _, height, width, _ = g.shape(x)
    options.padding = int(rng.integers(2))
    filters, sizes = [], []
    for size, axis in ((height, "H"), (width, "W")):
        stride, dilation = int(rng.integers(1, 4)), 1
        if hasattr(options, "dilationHFactor"):
            dilation = int(rng.choice([1, 1, 2]))
            setattr(options, f"dilation{axis}Factor", dilation)
        largest = size if options.padding == SAME else (size - 1) // dilation + 1
        k = int(rng.integers(1, min(6, largest) + 1))
        setattr(options, f"stride{axis}", stride)
        filters.append(k)
        sizes.append(output_size(size, (k - 1) * dilation + 1, stride, options.padding))
    return (filters[0], filters[1]), (sizes[0], sizes[1])


def conv_2d(g: Graph, rng: Random, x: int) -> int:
    options = schema.Conv2DOptionsT()
    channels = g.shape(x)[3]
    out = int(rng.integers(1, 20))
    groups = 1
    if rng.random() < 0.15:
        groups = int(rng.choice([n for n in range(1, channels + 1) if channels % n == 0]))
        out = groups * max(1, out // groups)
    (kh, kw), (oh, ow) = spatial(g, rng, x, options)
    options.fusedActivationFunction = int(rng.choice(ACTIVATIONS))
    w, bias = weights(g, rng, (out, kh, kw, channels // groups), 0, out)
    y = fitted(g, rng, (1, oh, ow, out), x, w, kh * kw * channels // groups)
    return g.op(Code.CONV_2D, [x, w, bias], y, Options.Conv2DOptions, options)


def depthwise_conv_2d(g: Graph, rng: Random, x: int) -> int:
    options = schema.DepthwiseConv2DOptionsT()
    channels = g.shape(x)[3]
    options.depthMultiplier = int(rng.choice([1, 1, 1, 2, 3]))
    out = channels * options.depthMultiplier
    (kh, kw), (oh, ow) = spatial(g, rng, x, options)
    options.fusedActivationFunction = int(rng.choice(ACTIVATIONS))
    # Without a bias the reference itself crashes here.
    w, bias = weights(g, rng, (1, kh, kw, out), 3, out, optional_bias=False)
    y = fitted(g, rng, (1, oh, ow, out), x, w, kh * kw)
    return g.op(Code.DEPTHWISE_CONV_2D, [x, w, bias], y, Options.DepthwiseConv2DOptions, options)


def pool(code: int) -> Callable[[Graph, Random, int], int]:
    def add(g: Graph, rng: Random, x: int) -> int:
        options = schema.Pool2DOptionsT()
        (options.filterHeight, options.filterWidth), (oh, ow) = spatial(g, rng, x, options)
        options.fusedActivationFunction = int(rng.choice(ACTIVATIONS))
        y = activation(g, rng, (1, oh, ow, g.shape(x)[3]), like=x)
        return g.op(code, [x], y, Options.Pool2DOptions, options)

    return add


def fully_connected(g: Graph, rng: Random, x: int) -> int:
    """On the flattened input, or on the last dimension of each position."""
    options = schema.FullyConnectedOptionsT()
    shape = g.shape(x)
    flat = rng.random() < 0.6
    depth = int(np.prod(shape)) if flat else shape[-1]
    out = int(rng.integers(1, 20))
    options.fusedActivationFunction = int(rng.choice(ACTIVATIONS))
    options.keepNumDims = not flat
    w, bias = weights(g, rng, (out, depth), 0, out)
    y = fitted(g, rng, (1, out) if flat else (*shape[:-1], out), x, w, depth)
    return g.op(Code.FULLY_CONNECTED, [x, w, bias], y, Options.FullyConnectedOptions, options)


def reduction(code: int) -> Callable[[Graph, Random, int], int]:
    def add(g: Graph, rng: Random, x: int) -> int:
        options = schema.ReducerOptionsT()
        shape = g.shape(x)
        first = int(rng.integers(1, len(shape)))
        axes = list(range(first, int(rng.integers(first, len(shape))) + 1))[:2]
        options.keepDims = bool(rng.random() < 0.4)
        kept = tuple(1 if i in axes else d for i, d in enumerate(shape))
        reduced = kept if options.keepDims else tuple(d for i, d in enumerate(shape) if i not in axes)
        written = [a - len(shape) if rng.random() < 0.3 and code == Code.REDUCE_MAX else a for a in axes]
        axis = g.tensor((len(axes),), data=np.array(written))
        y = activation(g, rng, reduced, like=x if code == Code.REDUCE_MAX or rng.random() < 0.3 else None)
        return g.op(code, [x, axis], y, Options.ReducerOptions, options)

    return add


def reshape(g: Graph, rng: Random, x: int) -> int:
    shape = g.shape(x)
    rest = int(np.prod(shape))
    factor = int(rng.choice([n for n in range(1, rest + 1) if rest % n == 0]))
    target = (1, 1, factor, rest // factor)
    y = activation(g, rng, target, like=x)
    return g.op(Code.RESHAPE, [x, g.tensor((4,), data=np.array(target))], y, Options.ReshapeOptions, schema.ReshapeOptionsT())


def pad(code: int) -> Callable[[Graph, Random, int], int]:
    def add(g: Graph, rng: Random, x: int) -> int:
        amounts = np.array([[0, 0], *rng.integers(0, 4, (len(g.shape(x)) - 1, 2)).tolist()])
        shape = tuple(int(d + a.sum()) for d, a in zip(g.shape(x), amounts, strict=True))
        y = activation(g, rng, shape, like=x)
        inputs = [x, g.tensor(amounts.shape, data=amounts)]
        if code == Code.PADV2:
            value = np.array([int(rng.integers(-128, 128))])
            inputs.append(g.tensor((1,), g.scale(x), g.zero_point(x), value))
        return g.op(code, inputs, y, 0, None)

    return add


def elementwise(code: int) -> Callable[[Graph, Random, int], int]:
    kinds = {
        Code.ADD: (Options.AddOptions, schema.AddOptionsT),
        Code.SUB: (Options.SubOptions, schema.SubOptionsT),
        Code.MUL: (Options.MulOptions, schema.MulOptionsT),
    }

    def add(g: Graph, rng: Random, x: int) -> int:
        options_type, options_class = kinds[code]
        options = options_class()
        options.fusedActivationFunction = int(rng.choice(ACTIVATIONS))
        shape = g.shape(x)
        if rng.random() < 0.3:
            other = x
        else:
            other_shape = shape if rng.random() < 0.5 else (*([1] * (len(shape) - 1)), shape[-1])
            data = rng.integers(-128, 128, other_shape)
            other = g.tensor(other_shape, random_scale(rng), int(rng.integers(-128, 128)), data)
        scale = g.scale(x) * g.scale(other) * 128 if code == Code.MUL else g.scale(x) + g.scale(other)
        y = g.tensor(shape, float(np.float32(scale * rng.uniform(0.4, 1.5))), int(rng.integers(-128, 128)))
        pair = [x, other] if rng.random() < 0.5 else [other, x]
        return g.op(code, pair, y, options_type, options)

    return add


def relu(code: int) -> Callable[[Graph, Random, int], int]:
    def add(g: Graph, rng: Random, x: int) -> int:
        y = activation(g, rng, g.shape(x), like=x if code == Code.RELU6 else None)
        return g.op(code, [x], y, 0, None)

    return add


def softmax(g: Graph, rng: Random, x: int) -> int:
    options = schema.SoftmaxOptionsT()
    options.beta = float(rng.choice([1.0, 1.0, 0.5, 2.0]))
    y = g.tensor(g.shape(x), 1 / 256, -128)
    return g.op(Code.SOFTMAX, [x], y, Options.SoftmaxOptions, options)


SPATIAL = [conv_2d, depthwise_conv_2d, pool(Code.MAX_POOL_2D), pool(Code.AVERAGE_POOL_2D)]
ANY = [
    fully_connected,
    reshape,
    pad(Code.PAD),
    pad(Code.PADV2),
    elementwise(Code.ADD),
    elementwise(Code.SUB),
    elementwise(Code.MUL),
    relu(Code.RELU),
    relu(Code.RELU6),
    softmax,
]
REDUCTIONS = [reduction(Code.MEAN), reduction(Code.REDUCE_MAX)]


def random_graph(seed: int) -> tuple[bytes, tuple[int, ...]]:
    """Return a .tflite file of one to six random operators and its input shape."""
    rng = np.random.default_rng(seed)
    g = Graph()
    height = 1 if rng.random() < 0.5 else int(rng.integers(1, 9))
    shape = (1, height, int(rng.integers(4, 33)), int(rng.integers(1, 13)))
    x = source = activation(g, rng, shape)
    for i in range(int(rng.integers(1, 7))):
        if int(np.prod(g.shape(x))) > 6000:
            break
        rank = len(g.shape(x))
        kinds = ANY + (REDUCTIONS if rank > 1 else []) + (SPATIAL * 3 if rank == 4 else [])
        # The first operators walk through all kinds, so that no kind depends on luck.
        kind = kinds[seed % len(kinds) if i == 0 else int(rng.integers(len(kinds)))]
        x = kind(g, rng, x)
    return g.build(source, x), shape
