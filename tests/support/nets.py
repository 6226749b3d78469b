"""Networks of fixed shapes with seeded int8 weights, as a training leaves them."""

from __future__ import annotations

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.graphs import Code, Graph, Options

SAME, VALID = 0, 1
RELU = 1


class Net:
    """A sequential int8 network with seeded weights, as a training leaves it: ReLU, a scale per channel."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.rng = np.random.default_rng(7)
        self.graph = Graph()
        self.source = self.x = self.graph.tensor(shape, 1 / 127.5, -1)

    def _weighted(
        self, weights: tuple[int, ...], channels: int, dimension: int, per_channel: bool = True
    ) -> list[int]:
        scale = self.rng.uniform(0.002, 0.004, channels if per_channel else 1)
        w = self.graph.tensor(weights, scale, 0, self.rng.integers(-127, 128, weights), dimension)
        return [self.x, w, self.graph.tensor((channels,), data=self.rng.integers(-500, 500, channels))]

    def conv(
        self,
        shape: tuple[int, ...],
        weights: tuple[int, ...],
        stride: int,
        depthwise: bool = False,
        padding: int = SAME,
    ) -> None:
        """Along width with this stride, ReLU."""
        options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
        options.strideW, options.strideH, options.padding = stride, 1, padding
        options.fusedActivationFunction = RELU
        if depthwise:
            options.depthMultiplier = 1
        code = Code.DEPTHWISE_CONV_2D if depthwise else Code.CONV_2D
        kind = Options.DepthwiseConv2DOptions if depthwise else Options.Conv2DOptions
        inputs = self._weighted(weights, shape[-1], 3 if depthwise else 0)
        self.x = self.graph.op(code, inputs, self.graph.tensor(shape, 0.02, -128), kind, options)

    def max_pool(self, shape: tuple[int, ...], size: tuple[int, int], padding: int) -> None:
        options = schema.Pool2DOptionsT()
        options.filterHeight = options.strideH = size[0]
        options.filterWidth = options.strideW = size[1]
        options.padding = padding
        y = self.graph.tensor(shape, self.graph.scale(self.x), -128)
        self.x = self.graph.op(Code.MAX_POOL_2D, [self.x], y, Options.Pool2DOptions, options)

    def reshape(self, shape: tuple[int, ...]) -> None:
        y = self.graph.tensor(shape, self.graph.scale(self.x), -128)
        inputs = [self.x, self.graph.tensor((len(shape),), data=np.array(shape))]
        self.x = self.graph.op(Code.RESHAPE, inputs, y, Options.ReshapeOptions, schema.ReshapeOptionsT())

    def mean(self, channels: int) -> None:
        axes = self.graph.tensor((2,), data=np.array([1, 2]))
        y = self.graph.tensor((1, channels), 0.015, -128)
        self.x = self.graph.op(Code.MEAN, [self.x, axes], y, Options.ReducerOptions, schema.ReducerOptionsT())

    def dense(self, outputs: int, relu: bool, per_channel: bool = True) -> None:
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = RELU if relu else 0
        depth = self.graph.shape(self.x)[-1]
        y = self.graph.tensor((1, outputs), 0.02, -128 if relu else 5)
        inputs = self._weighted((outputs, depth), outputs, 0, per_channel)
        self.x = self.graph.op(Code.FULLY_CONNECTED, inputs, y, Options.FullyConnectedOptions, options)

    def softmax(self) -> bytes:
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        y = self.graph.tensor(self.graph.shape(self.x), 1 / 256, -128)
        return self.graph.build(
            self.source, self.graph.op(Code.SOFTMAX, [self.x], y, Options.SoftmaxOptions, options)
        )


def magic_wand() -> bytes:
    """Return the classic magic-wand network: 2-D convolutions and max-pooling."""
    net = Net((1, 128, 3, 1))
    net.conv((1, 128, 3, 8), (8, 4, 3, 1), 1)
    net.max_pool((1, 42, 1, 8), (3, 3), VALID)
    net.conv((1, 42, 1, 16), (16, 4, 1, 8), 1)
    net.max_pool((1, 14, 1, 16), (3, 1), SAME)
    net.reshape((1, 224))
    net.dense(16, relu=True)
    net.dense(4, relu=False)
    return net.softmax()


def separable() -> bytes:
    """Return a depthwise-separable 1-D network."""
    net = Net((1, 1, 100, 3))
    net.conv((1, 1, 50, 16), (16, 1, 5, 3), 2)
    net.conv((1, 1, 25, 16), (1, 1, 5, 16), 2, depthwise=True)
    net.conv((1, 1, 25, 24), (24, 1, 1, 16), 1)
    net.conv((1, 1, 13, 24), (1, 1, 5, 24), 2, depthwise=True)
    net.conv((1, 1, 13, 32), (32, 1, 1, 24), 1)
    net.mean(32)
    net.dense(5, relu=False)
    return net.softmax()


def stream(last_stride: int = 2) -> bytes:
    """Return a depthwise-separable 1-D network without padding along time: it streams.

    last_stride: of the second depthwise convolution; a hop is a multiple of twice as many samples.
    """
    columns = (54 - 5) // last_stride + 1
    net = Net((1, 1, 120, 3))
    net.conv((1, 1, 58, 16), (16, 1, 5, 3), 2, padding=VALID)
    net.conv((1, 1, 54, 16), (1, 1, 5, 16), 1, depthwise=True, padding=VALID)
    net.conv((1, 1, 54, 24), (24, 1, 1, 16), 1)
    net.conv((1, 1, columns, 24), (1, 1, 5, 24), last_stride, depthwise=True, padding=VALID)
    net.conv((1, 1, columns, 32), (32, 1, 1, 24), 1)
    net.mean(32)
    net.dense(6, relu=False)
    return net.softmax()


def perceptron() -> bytes:
    """Return three dense layers."""
    net = Net((1, 33))
    net.dense(20, relu=True)
    net.dense(10, relu=True)
    net.dense(4, relu=False)
    return net.softmax()
