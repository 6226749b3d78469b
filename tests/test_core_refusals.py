"""Models that are well formed as files, and refused by the core when they are opened."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.runtime import Model, Stream
from gesture_tools.runtime.opening import Refused

pytest.importorskip("tensorflow")
import flatbuffers
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.graphs import Code, Graph, Options
from tests.support.models import contract, convolutional, with_contract
from tests.support.reference import assert_same, inputs_of, reference

SMALL = contract(window=8, hop=2)


@pytest.fixture(scope="module")
def small() -> bytes:
    return convolutional(SMALL)


def changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    """The file with a change of its schema tree."""
    tree = schema.ModelT.InitFromPackedBuf(data, 0)
    change(tree)
    builder = flatbuffers.Builder(len(data))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


CONV, POOL, MEAN, DENSE, SOFTMAX = range(5)
X, KERNEL, BIAS = range(3)


def op(tree: Any, index: int) -> Any:
    return tree.subgraphs[0].operators[index]


def tensor(tree: Any, index: int, place: int = X) -> Any:
    """An input of an operator, or its output (place -1)."""
    where = op(tree, index).outputs[0] if place == -1 else op(tree, index).inputs[place]
    return tree.subgraphs[0].tensors[where]


def put(path: Callable[[Any], Any], name: str, value: Any) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        setattr(path(tree), name, value)

    return change


def options(index: int, name: str, value: Any) -> Callable[[Any], None]:
    return put(lambda tree: op(tree, index).builtinOptions, name, value)


def quantization(index: int, place: int, name: str, value: list[Any]) -> Callable[[Any], None]:
    kind = np.float32 if name == "scale" else np.int64
    return put(lambda tree: tensor(tree, index, place).quantization, name, np.array(value, kind))


def all_scales(index: int, place: int, scale: float) -> Callable[[Any], None]:
    """Other scales, as many as there are."""

    def change(tree: Any) -> None:
        quantized = tensor(tree, index, place).quantization
        quantized.scale = np.full_like(quantized.scale, scale)

    return change


def graph(name: str, value: Callable[[Any], Any]) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        setattr(tree.subgraphs[0], name, value(tree.subgraphs[0]))

    return change


def data_of(index: int, place: int, content: NDArray[Any]) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        tree.buffers[tensor(tree, index, place).buffer].data = np.frombuffer(content.tobytes(), np.uint8)

    return change


def code(index: int, value: int) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        entry = tree.operatorCodes[op(tree, index).opcodeIndex]
        entry.builtinCode, entry.deprecatedBuiltinCode = value, min(value, 127)

    return change


REFUSALS: dict[str, tuple[str, int, Callable[[Any], None]]] = {
    "schema version": ("ERR_VERSION", -1, put(lambda t: t, "version", 2)),
    "no subgraph": ("ERR_GRAPH", -1, put(lambda t: t, "subgraphs", [])),
    "two subgraphs": ("ERR_GRAPH", -1, lambda t: t.subgraphs.append(t.subgraphs[0])),
    "no operators": ("ERR_GRAPH", -1, graph("operators", lambda g: [])),
    "too many operators": ("ERR_TOO_BIG", -1, graph("operators", lambda g: g.operators * 13)),
    "two inputs": ("ERR_GRAPH", -1, graph("inputs", lambda g: [0, 0])),
    "no output": ("ERR_GRAPH", -1, graph("outputs", lambda g: [])),
    "input is a constant": ("ERR_GRAPH", -1, graph("inputs", lambda g: [1])),
    "output is a constant": ("ERR_GRAPH", -1, graph("outputs", lambda g: [1])),
    "output outside the file": ("ERR_GRAPH", -1, graph("outputs", lambda g: [999])),
    "input outside the file": ("ERR_TRUNCATED", -1, graph("inputs", lambda g: [999])),
    "used before it is made": ("ERR_GRAPH", 0, graph("operators", lambda g: g.operators[::-1])),
    "made twice": ("ERR_GRAPH", 1, graph("operators", lambda g: [g.operators[0], *g.operators])),
    "makes its own input": ("ERR_GRAPH", 0, put(lambda t: op(t, CONV), "outputs", [0])),
    "makes a constant": ("ERR_GRAPH", 0, put(lambda t: op(t, CONV), "outputs", [1])),
    "two outputs": ("ERR_GRAPH", 0, put(lambda t: op(t, CONV), "outputs", [3, 4])),
    "tensor outside the file": ("ERR_TRUNCATED", 0, put(lambda t: op(t, CONV), "inputs", [0, 999, 3])),
    "optional first input": ("ERR_GRAPH", 0, put(lambda t: op(t, CONV), "inputs", [-1, 1, 3])),
    "no inputs": ("ERR_GRAPH", 0, put(lambda t: op(t, CONV), "inputs", [])),
    "too many inputs": ("ERR_GRAPH", 0, put(lambda t: op(t, CONV), "inputs", [0, 1, 3, 3, 3])),
    "no weights": ("ERR_GRAPH", 0, put(lambda t: op(t, CONV), "inputs", [0])),
    "weights are the input": ("ERR_TYPE", 0, put(lambda t: op(t, CONV), "inputs", [0, 0, 3])),
    "bias are the weights": ("ERR_TYPE", 0, put(lambda t: op(t, CONV), "inputs", [0, 1, 1])),
    "pool of two": ("ERR_GRAPH", 1, put(lambda t: op(t, POOL), "inputs", [2, 2])),
    "unknown operator": ("ERR_OPERATOR", 0, code(CONV, Code.LSTM)),
    "new operator": ("ERR_OPERATOR", 4, code(SOFTMAX, 200)),
    "operator code outside the file": ("ERR_OPERATOR", 0, put(lambda t: op(t, CONV), "opcodeIndex", 99)),
    "float input": ("ERR_TYPE", -1, put(lambda t: tensor(t, CONV), "type", 0)),
    "float weights": ("ERR_TYPE", 0, put(lambda t: tensor(t, CONV, KERNEL), "type", 0)),
    "int64 bias": ("ERR_TYPE", 0, put(lambda t: tensor(t, CONV, BIAS), "type", 4)),
    "int16 output": ("ERR_TYPE", 0, put(lambda t: tensor(t, CONV, -1), "type", 7)),
    "variable tensor": ("ERR_OPTION", 0, put(lambda t: tensor(t, CONV, -1), "isVariable", True)),
    "sparse weights": (
        "ERR_OPTION",
        0,
        put(lambda t: tensor(t, CONV, KERNEL), "sparsity", schema.SparsityParametersT()),
    ),
    "five dimensions": ("ERR_SHAPE", -1, put(lambda t: tensor(t, CONV), "shape", [1, 1, 1, 8, 3])),
    "a dimension of zero": ("ERR_SHAPE", -1, put(lambda t: tensor(t, CONV), "shape", [1, 1, 0, 3])),
    "a negative dimension": ("ERR_SHAPE", -1, put(lambda t: tensor(t, CONV), "shape", [1, 1, -8, 3])),
    "a batch of two": ("ERR_SHAPE", 0, put(lambda t: tensor(t, CONV), "shape", [2, 1, 8, 3])),
    "a huge tensor": ("ERR_TOO_BIG", -1, put(lambda t: tensor(t, CONV), "shape", [1, 1025, 1024, 1])),
    "sizes that overflow": ("ERR_TOO_BIG", -1, put(lambda t: tensor(t, CONV), "shape", [65535] * 4)),
    "another input width": ("ERR_SHAPE", 0, put(lambda t: tensor(t, CONV), "shape", [1, 1, 9, 3])),
    "another output width": ("ERR_SHAPE", 0, put(lambda t: tensor(t, CONV, -1), "shape", [1, 1, 7, 4])),
    "wider filter than data": ("ERR_SHAPE", 0, put(lambda t: tensor(t, CONV, KERNEL), "shape", [4, 1, 4, 3])),
    "filters of other depth": ("ERR_SHAPE", 0, put(lambda t: tensor(t, CONV), "shape", [1, 1, 8, 4])),
    "pool of other channels": ("ERR_SHAPE", 1, put(lambda t: tensor(t, POOL, -1), "shape", [1, 1, 3, 5])),
    "mean of other size": ("ERR_SHAPE", 2, put(lambda t: tensor(t, MEAN, -1), "shape", [1, 5])),
    "dense of other size": ("ERR_SHAPE", 3, put(lambda t: tensor(t, DENSE, -1), "shape", [1, 4])),
    "dense of other rows": ("ERR_SHAPE", 3, put(lambda t: tensor(t, DENSE, -1), "shape", [2, 3])),
    "softmax of other shape": ("ERR_SHAPE", 4, put(lambda t: tensor(t, SOFTMAX, -1), "shape", [3, 1])),
    "half a bias": ("ERR_SHAPE", 0, data_of(CONV, BIAS, np.zeros(2, np.int32))),
    "a bias too many": ("ERR_SHAPE", 3, put(lambda t: op(t, DENSE), "inputs", [5, 8, 3])),
    "axis beyond the shape": ("ERR_SHAPE", 2, data_of(MEAN, KERNEL, np.array([2, 4], np.int32))),
    "negative axis beyond": ("ERR_SHAPE", 2, data_of(MEAN, KERNEL, np.array([2, -5], np.int32))),
    "stride of zero": ("ERR_OPTION", 0, options(CONV, "strideW", 0)),
    "negative stride": ("ERR_OPTION", 0, options(CONV, "strideH", -1)),
    "stride too large": ("ERR_OPTION", 0, options(CONV, "strideH", 256)),
    "dilation of zero": ("ERR_OPTION", 0, options(CONV, "dilationWFactor", 0)),
    "dilation too wide": ("ERR_SHAPE", 0, options(CONV, "dilationWFactor", 4)),
    "unknown padding": ("ERR_OPTION", 0, options(CONV, "padding", 2)),
    "unknown activation": ("ERR_OPTION", 0, options(CONV, "fusedActivationFunction", 4)),
    "pool filter of zero": ("ERR_OPTION", 1, options(POOL, "filterWidth", 0)),
    "pool filter too wide": ("ERR_SHAPE", 1, options(POOL, "filterWidth", 7)),
    "pool stride of zero": ("ERR_OPTION", 1, options(POOL, "strideW", 0)),
    "shuffled weights": ("ERR_OPTION", 3, options(DENSE, "weightsFormat", 1)),
    "beta of zero": ("ERR_OPTION", 4, options(SOFTMAX, "beta", 0.0)),
    "beta is no number": ("ERR_OPTION", 4, options(SOFTMAX, "beta", float("nan"))),
    "no options": ("ERR_OPTION", 0, put(lambda t: op(t, CONV), "builtinOptions", None)),
    "scale of zero": ("ERR_QUANTIZATION", 0, quantization(CONV, -1, "scale", [0.0])),
    "negative scale": ("ERR_QUANTIZATION", 0, quantization(CONV, -1, "scale", [-0.1])),
    "infinite scale": ("ERR_QUANTIZATION", -1, quantization(CONV, X, "scale", [np.inf])),
    "scale is no number": ("ERR_QUANTIZATION", -1, quantization(CONV, X, "scale", [np.nan])),
    "zero point too large": ("ERR_QUANTIZATION", -1, quantization(CONV, X, "zeroPoint", [128])),
    "zero point too small": ("ERR_QUANTIZATION", -1, quantization(CONV, X, "zeroPoint", [-129])),
    "zero point of 33 bits": ("ERR_QUANTIZATION", -1, quantization(CONV, X, "zeroPoint", [1 << 32])),
    "zero points of two": ("ERR_QUANTIZATION", -1, quantization(CONV, X, "zeroPoint", [0, 0])),
    "asymmetric weights": ("ERR_QUANTIZATION", 3, quantization(DENSE, KERNEL, "zeroPoint", [1])),
    "one asymmetric filter": ("ERR_QUANTIZATION", 0, quantization(CONV, KERNEL, "zeroPoint", [0, 0, 1, 0])),
    "scales of three filters": ("ERR_QUANTIZATION", 0, quantization(CONV, KERNEL, "scale", [0.1] * 3)),
    "scales along the depth": (
        "ERR_QUANTIZATION",
        0,
        put(lambda t: tensor(t, CONV, KERNEL).quantization, "quantizedDimension", 3),
    ),
    "one channel without scale": (
        "ERR_QUANTIZATION",
        0,
        quantization(CONV, KERNEL, "scale", [0.1, 0.1, 0.0, 0.1]),
    ),
    "no quantisation": ("ERR_QUANTIZATION", -1, put(lambda t: tensor(t, CONV), "quantization", None)),
    "multiplier too large": ("ERR_QUANTIZATION", 0, all_scales(CONV, KERNEL, 2.0**40)),
    "softmax of other scale": ("ERR_QUANTIZATION", 4, quantization(SOFTMAX, -1, "scale", [1 / 255])),
    "softmax of other zero": ("ERR_QUANTIZATION", 4, quantization(SOFTMAX, -1, "zeroPoint", [0])),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refusals(small: bytes, what: str) -> None:
    name, operator, change = REFUSALS[what]
    with pytest.raises(Refused) as refused:
        Model(changed(small, change))
    found = re.search(r"operator (\d+)", refused.value.message)
    assert (refused.value.name, int(found[1]) if found else -1) == (name, operator)


@pytest.mark.parametrize("depth", [511, 512])
def test_softmax_is_limited_to_what_its_arithmetic_holds(depth: int) -> None:
    """Equal inputs give the largest sum of exponentials."""
    g = Graph()
    x = g.tensor((1, depth), 0.1)
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    y = g.op(Code.SOFTMAX, [x], g.tensor((1, depth), 1 / 256, -128), Options.SoftmaxOptions, options)
    data = g.build(x, y)
    if depth > 511:
        with pytest.raises(Refused, match="ERR_TOO_BIG"):
            Model(data)
        return
    inputs = inputs_of((1, depth), 1, count=3)
    assert_same(reference(data)(inputs), Model(data).invoke(inputs), "softmax")


@pytest.mark.parametrize(("width", "filter_width"), [(32768, 992), (32769, 992), (32768, 993)])
def test_an_inference_has_a_limit_of_work(width: int, filter_width: int) -> None:
    """2^25 steps: what a value is made of, and 32 for the value itself."""
    g = Graph()
    options = schema.Pool2DOptionsT()
    options.strideW = options.strideH = options.filterHeight = 1
    options.filterWidth = filter_width
    x = g.tensor((1, 1, width, 1), 0.1)
    y = g.op(Code.MAX_POOL_2D, [x], g.tensor((1, 1, width, 1), 0.1), Options.Pool2DOptions, options)
    data = g.build(x, y)
    if width * (filter_width + 32) > 1 << 25:
        with pytest.raises(Refused, match=r"ERR_WORK"):
            Model(data)
    else:
        Model(data)


def test_many_operators_together_have_a_limit_of_work() -> None:
    """Each of them is far below it."""

    def pools(count: int) -> bytes:
        g = Graph()
        options = schema.Pool2DOptionsT()
        options.strideW = options.strideH = options.filterHeight = 1
        options.filterWidth = 224
        x = y = g.tensor((1, 1, 4096, 1), 0.1)
        for _ in range(count):
            out = g.tensor((1, 1, 4096, 1), 0.1)
            y = g.op(Code.MAX_POOL_2D, [y], out, Options.Pool2DOptions, options)
        return g.build(x, y)

    Model(pools(32))
    with pytest.raises(Refused, match=r"operator 32 .*ERR_WORK"):
        Model(pools(33))


def dense(rows: tuple[int, ...], depth: int, outputs: int, made: tuple[int, ...]) -> bytes:
    """A FULLY_CONNECTED without a bias."""
    g = Graph()
    options = schema.FullyConnectedOptionsT()
    x = g.tensor((*rows, depth), 0.1)
    weights = g.tensor((outputs, depth), 0.1, 0, np.ones((outputs, depth)))
    y = g.op(Code.FULLY_CONNECTED, [x, weights], g.tensor(made, 0.1), Options.FullyConnectedOptions, options)
    return g.build(x, y)


def test_rows_times_outputs_do_not_wrap() -> None:
    """2^17 + 1 rows of 2^15 outputs are 2^15 modulo 2^32, which the output has."""
    with pytest.raises(Refused, match="ERR_SHAPE"):
        Model(dense((3, 43691), 1, 1 << 15, (1, 1 << 15)))


def test_strips_of_a_pooled_convolution_do_not_wrap() -> None:
    """For 373 outputs of three patches of 29,833 values, 129 rows apart, they have 2^32 + 215 bytes."""
    g = Graph()
    options = schema.Conv2DOptionsT()
    options.strideW, options.strideH = 1, 129
    x = g.tensor((1, 47989, 3, 1), 0.1)
    weights = g.tensor((1, 1, 29833, 1), 0.1, 0, np.ones((1, 1, 29833, 1)))
    y = g.op(Code.CONV_2D, [x, weights], g.tensor((1, 373, 3, 1), 0.1), Options.Conv2DOptions, options)
    pool = schema.Pool2DOptionsT()
    pool.strideH = pool.filterHeight = 1
    pool.strideW = pool.filterWidth = 3
    z = g.op(Code.MAX_POOL_2D, [y], g.tensor((1, 373, 1, 1), 0.1), Options.Pool2DOptions, pool)
    with pytest.raises(Refused, match="ERR_OPTION"):
        Model(g.build(x, z))


@pytest.mark.parametrize("depth", [32896, 32897])
def test_accumulators_stay_below_two_to_the_thirtieth(depth: int) -> None:
    """Also without a bias: products are at most 255 x 128."""
    data = dense((1,), depth, 1, (1, 1))
    if depth * 255 * 128 >= 1 << 30:
        with pytest.raises(Refused, match="ERR_QUANTIZATION"):
            Model(data)
    else:
        Model(data)


def test_reduction_of_dimensions_that_are_no_neighbours() -> None:
    g = Graph()
    x = g.tensor((1, 2, 3, 4), 0.1)
    axes = g.tensor((2,), data=np.array([1, 3]))
    y = g.tensor((1, 3), 0.1)
    g.op(Code.MEAN, [x, axes], y, Options.ReducerOptions, schema.ReducerOptionsT())
    with pytest.raises(Refused, match="ERR_OPTION"):
        Model(g.build(x, y))


def test_the_model_of_the_refusals_is_good(small: bytes) -> None:
    """Packing it again changes nothing that counts, so each refusal is of its change alone."""
    inputs = inputs_of(Model(small).input_shape, 1)
    assert (Model(changed(small, lambda t: None)).invoke(inputs) == Model(small).invoke(inputs)).all()
    wide = contract(window=9)
    with pytest.raises(Refused, match="ERR_MISMATCH"):
        Stream(Model(with_contract(small, wide)))
    more = contract(labels=("a", "b"), thresholds=(0, 0))
    with pytest.raises(Refused, match="ERR_MISMATCH"):
        Stream(Model(with_contract(small, more)))
