"""Random int8 graphs over every operator of the core: shapes, strides, paddings, activations, quantisation.

Scales and zero points are chosen so that most outputs vary with the input: a graph whose values saturate on
the way would hide the differences it is there to show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.graphs import Code, Graph, Options

Random = np.random.Generator
ACTIVATIONS = [0, 1, 2, 3]  # none, relu, relu_n1_to_1, relu6
SAME, VALID = 0, 1


def around(rng: Random, scale: float, spread: float) -> float:
    """A scale within a factor of exp(spread) of another."""
    return float(np.float32(scale * np.exp(rng.uniform(-spread, spread))))


def random_scale(rng: Random) -> float:
    return around(rng, 0.02, 1.5 if rng.random() < 0.95 else 6.0)


def random_fused(rng: Random) -> int:
    return int(rng.choice(ACTIVATIONS, p=[0.5, 0.25, 0.1, 0.15]))


def random_zero(rng: Random, fused: int = 0) -> int:
    """A zero point: mostly where values on both sides fit, or low when an activation cuts one side."""
    if rng.random() < 0.15:
        return int(rng.integers(-128, 128))
    return int(rng.integers(-64, 64) if fused in (0, 2) else rng.integers(-128, -48))


def activation(g: Graph, rng: Random, shape: tuple[int, ...], like: int | None = None) -> int:
    """An activation tensor with its own quantisation, or with that of another tensor."""
    if like is not None:
        return g.tensor(shape, g.scale(like), g.zero_point(like))
    return g.tensor(shape, random_scale(rng), random_zero(rng))


def weighted(
    g: Graph,
    rng: Random,
    x: int,
    *,
    shape: tuple[int, ...],
    weights: tuple[int, ...],
    fused: int,
    depthwise: bool = False,
) -> tuple[list[int], int]:
    """Inputs (x, weights, often a bias, -1 for none) and output of shape, in scales that suit each other."""
    channels = shape[-1]
    taps = int(np.prod(weights)) // channels
    y = g.tensor(shape, random_scale(rng), random_zero(rng, fused))
    # An accumulator is about 60 x 70 x sqrt(taps); it shall be about 50 steps of the output.
    fitting = 50 * g.scale(y) / (g.scale(x) * 60 * 70 * np.sqrt(taps))
    per_channel = rng.random() < 0.7
    scales = np.array([around(rng, fitting, 0.7) for _ in range(channels if per_channel else 1)])
    w = g.tensor(weights, scales, 0, rng.integers(-127, 128, weights), 3 if depthwise else 0)
    if rng.random() < 0.2 and not depthwise:  # a depthwise convolution without a bias crashes the reference
        return [x, w, -1], y
    size = 20000 if rng.random() < 0.2 else int(4000 * np.sqrt(taps))
    return [x, w, g.tensor((channels,), data=rng.integers(-size, size, channels))], y


def output_size(size: int, span: int, stride: int, padding: int) -> int:
    return -(-size // stride) if padding == SAME else (size - span) // stride + 1


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
    options.fusedActivationFunction = random_fused(rng)
    kernel = (out, kh, kw, channels // groups)
    inputs, y = weighted(
        g, rng, x, shape=(1, oh, ow, out), weights=kernel, fused=options.fusedActivationFunction
    )
    return g.op(Code.CONV_2D, inputs, y, Options.Conv2DOptions, options)


def depthwise_conv_2d(g: Graph, rng: Random, x: int) -> int:
    options = schema.DepthwiseConv2DOptionsT()
    channels = g.shape(x)[3]
    options.depthMultiplier = int(rng.choice([1, 1, 1, 2, 3]))
    out = channels * options.depthMultiplier
    (kh, kw), (oh, ow) = spatial(g, rng, x, options)
    options.fusedActivationFunction = random_fused(rng)
    kernel = (1, kh, kw, out)
    inputs, y = weighted(
        g,
        rng,
        x,
        shape=(1, oh, ow, out),
        weights=kernel,
        fused=options.fusedActivationFunction,
        depthwise=True,
    )
    return g.op(Code.DEPTHWISE_CONV_2D, inputs, y, Options.DepthwiseConv2DOptions, options)


def pool(code: int) -> Callable[[Graph, Random, int], int]:
    def add(g: Graph, rng: Random, x: int) -> int:
        options = schema.Pool2DOptionsT()
        (options.filterHeight, options.filterWidth), (oh, ow) = spatial(g, rng, x, options)
        options.fusedActivationFunction = random_fused(rng)
        y = activation(g, rng, (1, oh, ow, g.shape(x)[3]), like=x)
        return g.op(code, [x], y, Options.Pool2DOptions, options)

    return add


def dense(g: Graph, rng: Random, x: int, out: int, *, flat: bool) -> int:
    """On the flattened input, or on the last dimension of each position."""
    options = schema.FullyConnectedOptionsT()
    shape = g.shape(x)
    depth = int(np.prod(shape)) if flat else shape[-1]
    options.fusedActivationFunction = random_fused(rng)
    options.keepNumDims = not flat
    target = (1, out) if flat else (*shape[:-1], out)
    inputs, y = weighted(g, rng, x, shape=target, weights=(out, depth), fused=options.fusedActivationFunction)
    return g.op(Code.FULLY_CONNECTED, inputs, y, Options.FullyConnectedOptions, options)


def fully_connected(g: Graph, rng: Random, x: int) -> int:
    flat = rng.random() < 0.6 or len(g.shape(x)) == 1
    return dense(g, rng, x, int(rng.integers(1, 20)), flat=flat)


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
        y = activation(g, rng, reduced, like=x)
        if code == Code.MEAN and rng.random() < 0.7:
            y = g.tensor(reduced, around(rng, g.scale(x), 0.7), random_zero(rng))
        return g.op(code, [x, axis], y, Options.ReducerOptions, options)

    return add


def reshape(g: Graph, rng: Random, x: int) -> int:
    shape = g.shape(x)
    rest = int(np.prod(shape))
    factor = int(rng.choice([n for n in range(1, rest + 1) if rest % n == 0]))
    target = (1, 1, factor, rest // factor)
    y = activation(g, rng, target, like=x)
    inputs = [x, g.tensor((4,), data=np.array(target))]
    return g.op(Code.RESHAPE, inputs, y, Options.ReshapeOptions, schema.ReshapeOptionsT())


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


BINARY = {
    Code.ADD: (Options.AddOptions, schema.AddOptionsT),
    Code.SUB: (Options.SubOptions, schema.SubOptionsT),
    Code.MUL: (Options.MulOptions, schema.MulOptionsT),
}


def combine(g: Graph, rng: Random, code: int, x: int, other: int) -> int:
    """x and a tensor of its shape, or one that is broadcast to it, in either order."""
    options_type, options_class = BINARY[code]
    options = options_class()
    options.fusedActivationFunction = random_fused(rng)
    scale = g.scale(x) * g.scale(other) * 64 if code == Code.MUL else g.scale(x) + g.scale(other)
    zero = random_zero(rng, options.fusedActivationFunction)
    y = g.tensor(g.shape(x), around(rng, scale, 0.4), zero)
    pair = [x, other] if rng.random() < 0.5 else [other, x]
    return g.op(code, pair, y, options_type, options)


def elementwise(code: int) -> Callable[[Graph, Random, int], int]:
    """With itself or with a constant."""

    def add(g: Graph, rng: Random, x: int) -> int:
        if rng.random() < (0.05 if code == Code.SUB else 0.3):
            return combine(g, rng, code, x, x)
        shape = g.shape(x)
        if rng.random() < 0.5:
            shape = (*([1] * (len(shape) - 1)), shape[-1])
        elif rng.random() < 0.3:
            shape = tuple(1 if rng.random() < 0.5 else size for size in shape)
        data = rng.integers(-128, 128, shape)
        constant = g.tensor(shape, around(rng, g.scale(x), 1.0), random_zero(rng), data)
        return combine(g, rng, code, x, constant)

    return add


def join(g: Graph, rng: Random, x: int, other: int) -> int:
    """Bring two activations together, through dense layers when their shapes differ."""
    if g.shape(x) != g.shape(other):
        width = int(rng.integers(1, 12))
        x, other = (dense(g, rng, tensor, width, flat=True) for tensor in (x, other))
    return combine(g, rng, int(rng.choice(list(BINARY))), x, other)


def relu(code: int) -> Callable[[Graph, Random, int], int]:
    def add(g: Graph, rng: Random, x: int) -> int:
        y = activation(g, rng, g.shape(x), like=x)
        if code == Code.RELU:
            y = g.tensor(g.shape(x), around(rng, g.scale(x), 1.0), random_zero(rng, fused=1))
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


def next_operator(g: Graph, rng: Random, x: int, turn: int | None) -> int:
    """Append an operator that suits x: a random one, or the one whose turn it is."""
    rank = len(g.shape(x))
    kinds = ANY + (REDUCTIONS if rank > 1 else []) + (SPATIAL * 3 if rank == 4 else [])
    if g.shape(x)[-1] == 1:
        kinds = [kind for kind in kinds if kind is not softmax]  # a constant
    return kinds[int(rng.integers(len(kinds))) if turn is None else turn % len(kinds)](g, rng, x)


def random_graph(seed: int) -> tuple[bytes, tuple[int, ...]]:
    """Return a .tflite file of random operators and its input shape.

    One to six in a chain; in every third graph an operator may start from an earlier tensor, and the last
    step joins the end with an earlier one, so that tensors live on beside others and are used twice.
    """
    rng = np.random.default_rng(seed)
    g = Graph()
    height = 1 if rng.random() < 0.5 else int(rng.integers(1, 9))
    shape = (1, height, int(rng.integers(4, 33)), int(rng.integers(1, 13)))
    x = source = activation(g, rng, shape)
    branches = seed % 3 == 2
    made = [source]
    for i in range(int(rng.integers(1, 7))):
        if branches and rng.random() < 0.4:
            x = made[int(rng.integers(len(made)))]
        if int(np.prod(g.shape(x))) > 6000:
            break
        # The first operators walk through all kinds, so that no kind depends on luck.
        x = next_operator(g, rng, x, seed // 3 if i == 0 else None)
        made.append(x)
    if branches and len(made) > 2:
        x = join(g, rng, made[-1], made[int(rng.integers(len(made) - 1))])
    return g.build(source, x), shape
