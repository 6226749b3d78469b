"""The binding of the core: shapes, batches, errors, and machines that stay apart."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.errors import UserError
from gesture_tools.runtime import Model, Stream, columns, self_test_outputs
from gesture_tools.runtime.native import NativeMachine, native_machine, operator_names
from gesture_tools.runtime.opening import Refused, operator_name

pytest.importorskip("tensorflow")
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.graphs import Code, Graph, Options
from tests.support.models import contract, convolutional, with_metadata
from tests.support.random_graphs import random_graph
from tests.support.reference import inputs_of


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(convolutional(contract()))


def test_facts(model: Model) -> None:
    assert (model.input_shape, model.input_scale, model.input_zero_point) == ((1, 1, 8, 3), 1 / 64, 0)
    assert (model.output_shape, model.output_scale, model.output_zero_point) == ((1, 3), 1 / 256, -128)
    assert model.model_id == hashlib.sha256(model.data).hexdigest()
    assert model.contract == contract()
    assert 0 < Stream(model).arena_size <= model.arena_size + 8 * 3  # what a hop keeps is at most a window


def test_one_input_and_many(model: Model) -> None:
    inputs = inputs_of(model.input_shape, seed=1, count=1100)
    together = model.invoke(inputs)
    assert together.shape == (1100, 3)
    single = model.invoke(inputs[5:6])
    assert single.shape == model.output_shape
    assert (single[0] == together[5]).all()
    for i in (0, 511, 512, 1099):
        assert (model.invoke(inputs[i : i + 1])[0] == together[i]).all()
    assert model.invoke(inputs[:0]).shape == (0, 3)


def test_inputs_of_the_wrong_kind(model: Model) -> None:
    with pytest.raises(TypeError, match="int8"):
        model.invoke(np.zeros(model.input_shape, np.int16))
    with pytest.raises(ValueError, match=r"\(1, 1, 8, 3\)"):
        model.invoke(np.zeros((1, 1, 3, 8), np.int8))
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        Stream(model).push(np.zeros((5, 2), np.int16))
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        columns(contract(), np.zeros(3, np.int16))


def test_inputs_that_are_not_contiguous(model: Model) -> None:
    inputs = inputs_of(model.input_shape, seed=2, count=6)
    assert (model.invoke(inputs[::2]) == model.invoke(inputs[::2].copy())).all()
    samples = np.random.default_rng(1).integers(-4000, 4000, (3, 50)).astype(np.int16)
    assert (columns(contract(), samples.T) == columns(contract(), samples.T.copy())).all()


def test_models_stay_apart() -> None:
    """Each has memory of its own, however their calls are mixed."""
    models = [Model(random_graph(seed)[0]) for seed in range(12)]
    inputs = [inputs_of(m.input_shape, seed) for seed, m in enumerate(models)]
    expected = [m.invoke(x) for m, x in zip(models, inputs, strict=True)]
    for row in range(4):
        for m, x, outputs in zip(models, inputs, expected, strict=True):
            assert (m.invoke(x[row : row + 1]).reshape(-1) == outputs[row].reshape(-1)).all()


def test_a_large_model_gets_a_large_arena() -> None:
    g = Graph()
    x = g.tensor((1, 100, 100, 8), 0.1)
    y = g.op(Code.RELU, [x], g.tensor((1, 100, 100, 8), 0.1))
    model = Model(g.build(x, y))
    assert 160_000 <= model.arena_size < 162_000
    inputs = inputs_of(model.input_shape, 1, count=2)
    assert (model.invoke(inputs) == np.maximum(inputs, 0)).all()


def test_an_output_without_a_batch_dimension() -> None:
    g = Graph()
    x = g.tensor((1, 4, 3), 0.1)
    axes = g.tensor((1,), data=np.array([0]))
    options = schema.ReducerOptionsT()
    y = g.op(Code.REDUCE_MAX, [x, axes], g.tensor((4, 3), 0.1), Options.ReducerOptions, options)
    model = Model(g.build(x, y))
    inputs = inputs_of((1, 4, 3), 1, count=5)
    assert (model.invoke(inputs) == inputs).all()
    assert model.invoke(inputs[:1]).shape == (4, 3)


def test_refusals_name_operator_and_reason() -> None:
    g = Graph()
    x = g.tensor((1, 4), 0.1)
    relu = g.op(Code.RELU, [x], g.tensor((1, 4), 0.1))
    data = g.build(x, g.op(Code.LOGISTIC, [relu], g.tensor((1, 4), 1 / 256, -128)))
    if "LOGISTIC" in operator_names().values():
        pytest.skip("supported now: take another operator")
    with pytest.raises(Refused, match=r"the model is refused: operator 1 \(LOGISTIC\): .*ERR_OPERATOR"):
        Model(data)


def test_error_names_and_texts() -> None:
    machine = native_machine()
    names = [machine.error_name(-code) for code in range(19)]
    assert len(set(names)) == 19
    assert names[0] == "OK"
    assert all(name.startswith("ERR_") for name in names[1:])
    assert len({machine.error_text(-code) for code in range(19)}) == 19
    assert machine.error_name(-99) == machine.error_name(1) == "?"


def test_operator_names() -> None:
    assert operator_names()[3] == operator_name(3) == "CONV_2D"
    for code, name in operator_names().items():
        assert getattr(Code, name) == code
    for name in ("LSTM", "GELU", "TRANSPOSE", "QUANTIZE", "DEQUANTIZE"):
        assert operator_name(getattr(Code, name)) == name
    assert operator_name(9999) == "operator code 9999"


def test_files(tmp_path: Path, model: Model) -> None:
    path = tmp_path / "gesture.tflite"
    path.write_bytes(model.data)
    assert Model.load(path).model_id == model.model_id
    assert Model.load(str(path)).contract == model.contract
    with pytest.raises(UserError, match=r"missing\.tflite"):
        Model.load(tmp_path / "missing.tflite")
    path.write_bytes(b"")
    with pytest.raises(Refused, match=r"gesture\.tflite is refused"):
        Model.load(path)


def test_a_stream_needs_a_contract(model: Model) -> None:
    bare = Model(with_metadata(model.data, []))
    assert bare.contract is None
    with pytest.raises(UserError, match="contract"):
        Stream(bare)


def test_a_bad_contract_refuses_the_model(model: Model) -> None:
    encoded = contract().encode()
    critical = encoded[:6] + bytes([encoded[6] + 4]) + encoded[7:] + b"\x10\x80\0\0"
    for content, name in ((encoded[:-1], "ERR_CONTRACT"), (critical, "ERR_CRITICAL")):
        with pytest.raises(Refused) as refused:
            Model(with_metadata(model.data, [("tinygesture.contract", content)]))
        assert refused.value.name == name


def test_self_test(model: Model) -> None:
    from gesture_tools.contract import SelfTest

    right = self_test_outputs(model.data, 3)
    good = contract(self_tests=(SelfTest(3, right),))
    Stream(Model(convolutional(good))).self_test()
    wrong = (right[0], right[1], right[2] ^ 1)
    with pytest.raises(UserError, match="self-test on host"):
        Stream(
            Model(convolutional(contract(self_tests=(SelfTest(3, right), SelfTest(3, wrong)))))
        ).self_test()


def test_a_library_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "broken.so"
    path.write_bytes(b"no library")
    with pytest.raises(UserError, match=r"cannot load the compiled core .*broken\.so"):
        NativeMachine(path)


def test_importing_the_runtime_is_light() -> None:
    """The simulator starts without TensorFlow, pandas, or the emulator."""
    heavy = "tensorflow", "keras", "pandas", "rich", "unicorn", "matplotlib", "gesture_training"
    script = f"import gesture_tools.runtime, sys; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
