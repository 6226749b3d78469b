"""The emitted .tflite: smaller, aligned, and byte for byte the same outputs under TensorFlow Lite Micro."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.profile import Profile
from gesture_tools.runtime import Model, Stream
from gesture_training import emit
from gesture_training.config import Network
from gesture_training.network import build, multiply_accumulates
from gesture_training.pipeline import emit as emit_with_contract
from gesture_training.quantize import check_input, quantize

pytest.importorskip("tensorflow")

WINDOW = 64
CONTRACT = Contract(
    profile=Profile(rate_hz=50.0),
    window=WINDOW,
    hop=8,
    gain=2097,
    labels=("background", "wave", "chop"),
    background=0,
    thresholds=(154, 154, 154),
)


@pytest.fixture(scope="module")
def windows() -> NDArray[np.int8]:
    walk = np.cumsum(np.random.default_rng(1).normal(0, 9, (40, WINDOW, 3)), axis=1)
    return np.clip(np.rint(walk), -128, 127).astype(np.int8)


@pytest.fixture(scope="module")
def network() -> Any:
    import tensorflow as tf

    tf.keras.utils.set_random_seed(1)
    return build(WINDOW, 3, 3, Network())


@pytest.fixture(scope="module")
def converted(network: Any, windows: NDArray[np.int8]) -> bytes:
    return quantize(network, windows)


def tflm(data: bytes, windows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Run TensorFlow Lite Micro's own interpreter."""
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(data)
    outputs = []
    for window in windows:
        interpreter.set_input(window[None, None], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0].copy())
    return np.stack(outputs)


def test_stripping_changes_no_output_of_tflm(converted: bytes, windows: NDArray[np.int8]) -> None:
    stripped = emit.strip(converted)
    assert len(stripped) < 0.85 * len(converted)
    assert np.array_equal(tflm(stripped, windows), tflm(converted, windows))


def test_the_c_core_equals_tflm_on_the_emitted_model(converted: bytes, windows: NDArray[np.int8]) -> None:
    data = emit_with_contract(converted, CONTRACT, windows)
    assert np.array_equal(Model(data).invoke(windows[:, None]), tflm(data, windows))


def test_the_contract_comes_back_with_its_self_test(converted: bytes, windows: NDArray[np.int8]) -> None:
    model = Model(emit_with_contract(converted, CONTRACT, windows))
    contract = model.require_contract()
    assert contract.interface_id == CONTRACT.interface_id
    assert len(contract.self_tests) == 4
    Stream(model).self_test()


def test_a_second_contract_replaces_the_first(converted: bytes) -> None:
    stripped = emit.strip(converted)
    once = emit.with_contract(stripped, CONTRACT.encode())
    assert emit.with_contract(emit.with_contract(stripped, b"another"), CONTRACT.encode()) == once
    assert len(emit.read_model(once).metadata) == 1


def test_nothing_but_the_graph_and_the_contract_is_left(converted: bytes) -> None:
    data = emit.with_contract(emit.strip(converted), CONTRACT.encode())
    model = emit.read_model(data)
    graph = model.subgraphs[0]
    assert data[4:8] == b"TFL3"
    assert not model.signatureDefs
    assert all(not tensor.name for tensor in graph.tensors)
    assert b"serving_default" not in data
    used = {tensor.buffer for tensor in graph.tensors} | {model.metadata[0].buffer}
    assert used == set(range(len(model.buffers)))


def test_buffers_are_aligned(converted: bytes) -> None:
    data = emit.with_contract(emit.strip(converted), CONTRACT.encode())
    for buffer in emit.read_model(data).buffers[1:]:
        content = bytes(np.asarray(buffer.data, dtype=np.uint8))
        places = [place for place in range(0, len(data), 16) if data.startswith(content, place)]
        assert places, "a buffer's data is not 16-byte aligned"


def test_the_graph_streams(converted: bytes) -> None:
    from tensorflow.lite.python.schema_py_generated import BuiltinOperator, Padding

    model = emit.read_model(converted)
    names = {code: name for name, code in vars(BuiltinOperator).items() if isinstance(code, int)}
    graph = model.subgraphs[0]
    found = [names[model.operatorCodes[operator.opcodeIndex].builtinCode] for operator in graph.operators]
    separable = ["DEPTHWISE_CONV_2D", "CONV_2D"]
    assert found == ["CONV_2D", *separable, *separable, "MEAN", "FULLY_CONNECTED", "SOFTMAX"]
    assert all(operator.builtinOptions.padding == Padding.VALID for operator in graph.operators[:5])


def test_another_input_scale_is_refused(network: Any, windows: NDArray[np.int8]) -> None:
    data = emit.read_model(quantize(network, windows))
    data.subgraphs[0].tensors[data.subgraphs[0].inputs[0]].quantization.scale = np.array([0.0157], np.float32)
    with pytest.raises(ValueError, match="expected 1/64 and 0"):
        check_input(emit.packed(data))


def test_multiply_accumulates_count_the_layers(network: Any) -> None:
    first = 30 * 5 * 3 * 16
    assert multiply_accumulates(network) > first
