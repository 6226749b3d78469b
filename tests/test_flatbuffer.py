"""Reading .tflite files in Python: right for good files, bounded and quiet for any bytes."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest

from gesture_tools.errors import UserError
from gesture_tools.graph import layers
from gesture_tools.runtime import Model
from gesture_tools.runtime.flatbuffer import contract_bytes, interface_types, operator_codes, operators

pytest.importorskip("tensorflow")
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.graphs import Code, Graph
from tests.support.models import contract, convolutional, with_metadata
from tests.support.random_graphs import random_graph


def test_contract_bytes() -> None:
    fields = contract()
    model = convolutional(fields)
    assert contract_bytes(model) == fields.encode()
    assert contract_bytes(with_metadata(model, [])) is None
    assert contract_bytes(random_graph(1)[0]) is None


def test_contract_among_other_metadata() -> None:
    """Any order, names that begin alike, and an empty entry, which counts as none."""
    model, good = convolutional(contract()), contract().encode()
    others = [("min_runtime_version", b"1.0"), ("tinygesture.contract2", b"x"), ("tinygesture.contrac", b"y")]
    name = "tinygesture.contract"
    for entries in ([*others, (name, good)], [(name, good), *others], [(name, b""), (name, good)]):
        changed = with_metadata(model, entries)
        assert contract_bytes(changed) == good
        assert Model(changed).contract == contract()
    assert Model(with_metadata(model, [(name, b"")])).contract is None


def test_operators() -> None:
    names = [layer.name for layer in layers(convolutional(contract()))]
    assert names == ["CONV_2D", "MAX_POOL_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"]
    assert operator_codes(convolutional(contract())) == [3, 9, 17, 25, 40]
    first = next(iter(operators(convolutional(contract()))))
    assert first == (3, [(1, 1, 8, 3), (4, 1, 3, 3), (4,)], [(1, 1, 6, 4)])


def test_an_operator_code_above_127() -> None:
    """The older field of the code holds 127 then."""
    g = Graph()
    x = g.tensor((1, 4), 0.1)
    data = g.build(x, g.op(150, [x], g.tensor((1, 4), 0.1)))
    assert operator_codes(data) == [150]
    with pytest.raises(UserError, match=r"operator 0 \(GELU\)"):
        Model(data)


def test_a_negative_operator_code() -> None:
    """The older field counts, for the core and for Python."""
    plain = convolutional(contract())
    tree = schema.ModelT.InitFromPackedBuf(plain, 0)
    for code in tree.operatorCodes:
        code.builtinCode = -1
    builder = flatbuffers.Builder(len(plain))
    builder.Finish(tree.Pack(builder), b"TFL3")
    data = bytes(builder.Output())
    assert Model(data).arena_size == Model(plain).arena_size
    assert operator_codes(data) == operator_codes(plain)


def test_multiply_accumulates() -> None:
    macs = [layer.macs for layer in layers(convolutional(contract()))]
    assert macs == [6 * 4 * 3 * 3, 0, 0, 3 * 4, 0]
    g = Graph()
    x = g.tensor((1, 1, 10, 3), 0.1)
    weights = g.tensor((1, 1, 5, 6), 0.1, data=np.ones((1, 1, 5, 6)), dimension=3)
    y = g.op(Code.DEPTHWISE_CONV_2D, [x, weights, -1], g.tensor((1, 1, 6, 6), 0.1))
    assert [layer.macs for layer in layers(g.build(x, y))] == [6 * 6 * 5]


def test_interface_types() -> None:
    model = convolutional(contract())
    assert interface_types(model) == (9, 9)
    for cut in range(0, len(model), 7):
        interface_types(model[:cut])


def test_every_damaged_file_is_opened_or_refused() -> None:
    """Four values in every byte: a UserError or a model, never another exception, never without end."""
    good = bytearray(convolutional(contract()))
    opened = refused = 0
    for position in range(len(good)):
        kept = good[position]
        for value in (0, 0x7F, 0xFF, kept ^ 0x10):
            good[position] = value
            data = bytes(good)
            interface_types(data)
            try:
                Model(data)
                layers(data)
                opened += 1
            except UserError:
                refused += 1
        good[position] = kept
    assert opened > 1000
    assert refused > 1000
