"""The core equals TensorFlow Lite Micro, byte for byte: random graphs, golden models, Keras layers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.graph import layers
from gesture_tools.runtime import Model
from gesture_tools.runtime.emulated import CPUS, emulated_machine
from gesture_tools.runtime.native import operator_names
from gesture_tools.runtime.opening import Refused
from tests.support.firmware import compiler, own_cache
from tests.support.host import build_sanitized, call_sanitized

pytest.importorskip("tensorflow")
from tests.support.keras_models import INPUT_SHAPE, KERAS_CASES, convert
from tests.support.random_graphs import random_graph
from tests.support.reference import GOLDEN, GOLDEN_MODELS, Int8, assert_same, inputs_of, reference

__all__ = ["compiler", "own_cache"]

GRAPHS = 1000


@pytest.fixture(scope="module")
def few_graphs() -> list[tuple[int, bytes, Int8, Int8]]:
    """Seeds, models, inputs and the host's outputs, for slower machines."""
    cases = []
    for seed in range(120):
        model, shape = random_graph(seed)
        inputs = inputs_of(shape, seed)
        cases.append((seed, model, inputs, Model(model).invoke(inputs)))
    return cases


def test_random_graphs_equal_the_reference(capfd: pytest.CaptureFixture[str]) -> None:
    skipped = []
    operators: Counter[str] = Counter()
    varied = 0
    for seed in range(GRAPHS):
        data, shape = random_graph(seed)
        try:
            expected = reference(data)
            model = Model(data)
        except (RuntimeError, Refused):
            skipped.append(seed)
            continue
        inputs = inputs_of(shape, seed)
        outputs = model.invoke(inputs)
        assert_same(expected(inputs), outputs, f"random_graph({seed})")
        operators.update(layer.name for layer in layers(data))
        varied += len(np.unique(outputs)) > 2
    capfd.readouterr()  # the reference's complaints about seeds it refuses
    assert len(skipped) <= GRAPHS // 100, skipped
    assert set(operators) >= set(operator_names().values()) - {"EXPAND_DIMS", "SQUEEZE"}, operators
    assert varied > GRAPHS * 0.85, "too many models saturate: they would hide differences"


@pytest.mark.parametrize("name", GOLDEN_MODELS)
def test_golden_models(name: str) -> None:
    if not (GOLDEN / f"{name}.tflite").is_file():
        pytest.skip(f"no golden models in {GOLDEN}; set TINYGESTURE_GOLDEN to their folder")
    model = Model.load(GOLDEN / f"{name}.tflite")
    vectors = np.load(GOLDEN / f"{name}.npz")
    assert_same(vectors["y_tflm_py"], model.invoke(vectors["x"]), name)


def test_golden_stream() -> None:
    if not (GOLDEN / "m4_stream.tflite").is_file():
        pytest.skip(f"no golden models in {GOLDEN}; set TINYGESTURE_GOLDEN to their folder")
    model = Model.load(GOLDEN / "m4_stream.tflite")
    vectors = np.load(GOLDEN / "m4_stream.npz")
    hop, window = int(vectors["hop"]), model.input_shape[2]
    starts = range(0, len(vectors["stream"]) - window + 1, hop)
    windows = np.stack([vectors["stream"][s : s + window] for s in starts])[:, np.newaxis]
    assert_same(vectors["y_stream_tflm"], model.invoke(windows), "m4_stream")


@pytest.fixture(scope="module")
def keras_models() -> dict[str, bytes]:
    """Every case of Keras layers, converted to int8."""
    return {name: convert(build) for name, build in KERAS_CASES.items()}


@pytest.mark.parametrize("name", KERAS_CASES)
def test_keras_layers(keras_models: dict[str, bytes], name: str) -> None:
    data = keras_models[name]
    model = Model(data)
    assert model.input_shape == INPUT_SHAPE
    inputs = inputs_of(model.input_shape, seed=1, count=20)
    outputs = model.invoke(inputs)
    assert_same(reference(data)(inputs), outputs, name)
    assert len(np.unique(outputs)) > 2


def test_sanitized_library(few_graphs: list[tuple[int, bytes, Int8, Int8]], tmp_path: Path) -> None:
    """The same outputs without a byte out of bounds or an undefined operation."""
    library = build_sanitized(tmp_path)
    cases = [(model, inputs) for _, model, inputs, _ in few_graphs]
    found = call_sanitized(library, tmp_path, "outputs", cases)
    for (seed, _, _, expected), outputs in zip(few_graphs, found, strict=True):
        assert_same(expected, outputs, f"random_graph({seed}) with sanitizers")


@pytest.mark.parametrize("cpu", CPUS)
def test_cross_compiled(few_graphs: list[tuple[int, bytes, Int8, Int8]], compiler: str, cpu: str) -> None:
    pytest.importorskip("unicorn")
    machine = emulated_machine(cpu, compiler)
    for seed, model, inputs, expected in few_graphs:
        opened = Model(model, machine=machine)
        assert opened.arena_size == Model(model).arena_size
        assert_same(expected, opened.invoke(inputs), f"random_graph({seed}) on {cpu} by {compiler}")
