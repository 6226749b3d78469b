"""Operators that the core runs as one: equal to the reference, and left apart where others look on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gesture_tools.runtime import Model
from gesture_tools.runtime.emulated import CPUS, emulated_machine

pytest.importorskip("tensorflow")
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.firmware import compiler, own_cache
from tests.support.graphs import Code, Graph, Options
from tests.support.random_graphs import activation, conv_2d, depthwise_conv_2d, pool
from tests.support.reference import assert_same, inputs_of, reference

__all__ = ["compiler", "own_cache"]

SHAPE = (1, 1, 24, 8)
"""Of the convolution's output below."""
TURNED = (1, 24, 1, 8)


def convolution(g: Graph, x: int) -> int:
    rng = np.random.default_rng(5)
    options = schema.Conv2DOptionsT()
    options.padding, options.strideW, options.strideH = 1, 1, 1
    weights = g.tensor((8, 1, 3, 3), 0.01, 0, rng.integers(-127, 128, (8, 1, 3, 3)))
    bias = g.tensor((8,), data=rng.integers(-500, 500, 8))
    return g.op(Code.CONV_2D, [x, weights, bias], g.tensor(SHAPE, 0.05), Options.Conv2DOptions, options)


def pooled(g: Graph, x: int, filters: tuple[int, int]) -> int:
    options = schema.Pool2DOptionsT()
    options.padding = 1
    options.filterHeight, options.filterWidth = options.strideH, options.strideW = filters
    n, h, w, c = g.shape(x)
    y = g.tensor((n, h // filters[0], w // filters[1], c), 0.05)
    return g.op(Code.MAX_POOL_2D, [x], y, Options.Pool2DOptions, options)


def reshaped(g: Graph, x: int, shape: tuple[int, ...]) -> int:
    target = g.tensor((len(shape),), data=np.array(shape))
    options = schema.ReshapeOptionsT()
    return g.op(Code.RESHAPE, [x, target], g.tensor(shape, 0.05), Options.ReshapeOptions, options)


def added(g: Graph, x: int, y: int) -> int:
    options = schema.AddOptionsT()
    return g.op(Code.ADD, [x, y], g.tensor(g.shape(x), 0.08), Options.AddOptions, options)


def made(_: int, result: int) -> int:
    """The result, after something that nothing uses."""
    return result


def with_view(shape: tuple[int, ...], rest: Callable[[Graph, int, int], int]) -> Callable[[Graph, int], int]:
    """A graph of the convolution's output and a view of it."""
    return lambda g, a: rest(g, a, reshaped(g, a, shape))


GRAPHS: dict[str, Callable[[Graph, int], int]] = {
    "pooled": lambda g, a: pooled(g, a, (1, 3)),
    "pooled twice": lambda g, a: pooled(g, pooled(g, a, (1, 3)), (1, 2)),
    "pooled in another direction": lambda g, a: pooled(g, reshaped(g, a, TURNED), (3, 1)),
    "pooled over other channels": lambda g, a: pooled(g, reshaped(g, a, (1, 1, 48, 4)), (1, 3)),
    "pooled over fewer positions": lambda g, a: pooled(g, reshaped(g, a, (1, 1, 6, 32)), (1, 3)),
    "used beside the pool": lambda g, a: added(g, pooled(g, a, (1, 1)), a),
    "used by two pools": lambda g, a: added(g, pooled(g, a, (1, 3)), pooled(g, a, (1, 3))),
    "used as the output": lambda g, a: made(pooled(g, a, (1, 3)), a),
    "a view is used": with_view(SHAPE, lambda g, a, v: added(g, pooled(g, a, (1, 1)), v)),
    "a view of a view is used": with_view(
        TURNED, lambda g, a, v: added(g, pooled(g, a, (1, 1)), reshaped(g, v, SHAPE))
    ),
    "a view is pooled and used": with_view(SHAPE, lambda g, a, v: added(g, pooled(g, v, (1, 1)), v)),
    "a view is pooled": with_view(SHAPE, lambda g, a, v: added(g, pooled(g, v, (1, 1)), a)),
    "a view is the output": with_view(TURNED, lambda g, a, v: made(pooled(g, a, (1, 3)), v)),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_convolution_and_pooling(name: str) -> None:
    g = Graph()
    x = g.tensor((1, 1, 26, 3), 0.02)
    data = g.build(x, GRAPHS[name](g, convolution(g, x)))
    inputs = inputs_of((1, 1, 26, 3), seed=1, count=8)
    outputs = Model(data).invoke(inputs)
    assert_same(reference(data)(inputs), outputs, name)
    assert len(np.unique(outputs)) > 20


def random_pair(seed: int) -> tuple[bytes, tuple[int, ...]]:
    """A random convolution and a random pooling of its output, as a .tflite file, and its input shape."""
    rng = np.random.default_rng(seed)
    g = Graph()
    height = 1 if rng.random() < 0.4 else int(rng.integers(2, 14))
    shape = (1, height, int(rng.integers(4, 40)), int(rng.integers(1, 9)))
    x = activation(g, rng, shape)
    convolved = (conv_2d if rng.random() < 0.8 else depthwise_conv_2d)(g, rng, x)
    return g.build(x, pool(Code.MAX_POOL_2D)(g, rng, convolved)), shape


def test_random_convolutions_and_poolings() -> None:
    varied = 0
    for seed in range(500):
        data, shape = random_pair(seed)
        inputs = inputs_of(shape, seed)
        outputs = Model(data).invoke(inputs)
        assert_same(reference(data)(inputs), outputs, f"random_pair({seed})")
        varied += len(np.unique(outputs)) > 4
    assert varied > 400


@pytest.mark.parametrize("cpu", CPUS)
def test_cross_compiled_convolutions_and_poolings(compiler: str, cpu: str) -> None:
    pytest.importorskip("unicorn")
    machine = emulated_machine(cpu, compiler)
    for seed in range(80):
        data, shape = random_pair(seed)
        inputs = inputs_of(shape, seed)
        expected = Model(data).invoke(inputs)
        outputs = Model(data, machine=machine).invoke(inputs)
        assert_same(expected, outputs, f"random_pair({seed}) on {cpu} by {compiler}")
