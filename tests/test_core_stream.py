"""Streams equal TensorFlow Lite Micro on every window, byte for byte, and compute what is new only.

The whole claim, 2000 models of 200 hops each:

    TINYGESTURE_STREAM_MODELS=2000 TINYGESTURE_STREAM_HOPS=200 python -m pytest tests/test_core_stream.py
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.graph import layers
from gesture_tools.runtime import HopModel, Model
from gesture_tools.runtime.emulated import CPUS, emulated_machine
from gesture_tools.runtime.opening import Refused
from tests.support.firmware import compiler, own_cache
from tests.support.host import build_sanitized, call_sanitized

pytest.importorskip("tensorflow")
from tensorflow.lite.python import schema_py_generated as schema

from tests.support.graphs import Code, Graph, Options
from tests.support.random_graphs import random_graph
from tests.support.reference import GOLDEN, assert_same, reference
from tests.support.stream_graphs import Streamable, random_streamable

__all__ = ["compiler", "own_cache"]

Int8 = NDArray[np.int8]
MODELS = int(os.environ.get("TINYGESTURE_STREAM_MODELS", "200"))
HOPS = int(os.environ.get("TINYGESTURE_STREAM_HOPS", "200"))


def stream_of(case: Streamable, seed: int, hops: int) -> Int8:
    """A random stream that changes slowly, so that neighbouring windows differ in the outputs."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-60, 61, (case.window + hops * case.hop, case.column))
    return np.clip(np.cumsum(steps, 0) % 512 - 256, -128, 127).astype(np.int8)


def windows_of(columns: Int8, window: int, hop: int, shape: tuple[int, ...]) -> Int8:
    starts = range(0, len(columns) - window + 1, hop)
    return np.stack([columns[s : s + window] for s in starts]).reshape(-1, *shape[1:])


def test_random_streamable_models_equal_the_reference(capfd: pytest.CaptureFixture[str]) -> None:
    refused = varied = 0
    heads: Counter[str] = Counter()
    for seed in range(MODELS):
        case = random_streamable(seed)
        try:
            expected = reference(case.model)
        except RuntimeError:  # scales that the reference does not take
            refused += 1
            continue
        model = Model(case.model)
        stream = HopModel(model, case.hop, window=case.window)
        assert stream.reason is None, f"random_streamable({seed}) does not stream: {stream.reason}"
        columns = stream_of(case, seed, HOPS)
        outputs = stream.feed(columns)
        windows = windows_of(columns, case.window, case.hop, model.input_shape)
        assert len(outputs) == len(windows) == HOPS + 1
        assert_same(expected(windows), outputs, f"random_streamable({seed})")
        varied += len(np.unique(outputs)) > 2
        heads.update(layer.name for layer in layers(case.model))
    capfd.readouterr()  # the reference's complaints
    assert refused <= MODELS // 50
    assert varied > MODELS * 0.8, "too many models saturate: they would hide differences"
    assert set(heads) >= {"CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "MEAN", "REDUCE_MAX", "ADD"}, heads


def test_any_model_runs_by_hops() -> None:
    """Where time cannot be followed whole windows are computed, with the reason, and with the same bytes."""
    reasons: Counter[str] = Counter()
    for seed in range(300):
        data, shape = random_graph(seed)
        try:
            model = Model(data)
        except Refused:
            continue
        rng = np.random.default_rng(seed)
        window = next(d for d in shape if d > 1)
        hop = int(rng.integers(1, window + 1))
        if {layer.name for layer in layers(data)} <= {"RESHAPE"}:
            with pytest.raises(Refused, match="ERR_GRAPH"):  # nothing is computed
                HopModel(model, hop)
            continue
        stream = HopModel(model, hop)
        columns = rng.integers(-128, 128, (window + 7 * hop, stream.column)).astype(np.int8)
        expected = model.invoke(windows_of(columns, window, hop, shape))
        assert_same(expected, stream.feed(columns), f"random_graph({seed}) with a hop of {hop}")
        reasons[stream.reason or ""] += 1
    assert len(reasons) >= 6, reasons


@pytest.mark.parametrize("hop", [4, 8, 12, 20, 10, 13, 120])
def test_golden_stream_by_hops(hop: int) -> None:
    if not (GOLDEN / "m4_stream.tflite").is_file():
        pytest.skip(f"no golden models in {GOLDEN}; set TINYGESTURE_GOLDEN to their folder")
    model = Model.load(GOLDEN / "m4_stream.tflite")
    vectors = np.load(GOLDEN / "m4_stream.npz")
    stream = HopModel(model, hop)
    outputs = stream.feed(vectors["stream"])
    windows = windows_of(vectors["stream"], 120, hop, model.input_shape)
    assert_same(model.invoke(windows), outputs, f"m4_stream with a hop of {hop}")
    assert (stream.reason is None) == (hop % 4 == 0 and hop < 120)
    if hop == int(vectors["hop"]):
        assert_same(vectors["y_stream_tflm"], outputs, "m4_stream")
        assert stream.arena_size < 4580


def test_a_mean_wider_than_running_sums_are_counted() -> None:
    """Of 2^16 + 14 464 values a column: the window is computed anew."""
    g = Graph()
    x = g.tensor((1, 4, 200, 400), 0.1)
    y = g.tensor((1, 200, 400), 0.05)
    axis = g.tensor((1,), data=np.array([1]))
    g.op(Code.MEAN, [x, axis], y, Options.ReducerOptions, schema.ReducerOptionsT())
    z = g.op(Code.RELU, [y], g.tensor((1, 200, 400), 0.05), 0, None)
    model = Model(g.build(x, z))
    columns = np.random.default_rng(3).integers(-128, 128, (6, 80_000)).astype(np.int8)
    expected = model.invoke(windows_of(columns, 4, 1, model.input_shape))
    assert_same(expected, HopModel(model, 1, window=4).feed(columns), "a wide mean")


def test_reset_and_repeat() -> None:
    """feed() starts with a reset: nothing of a stream before is left."""
    case = random_streamable(3)
    stream = HopModel(Model(case.model), case.hop, window=case.window)
    columns = stream_of(case, 3, 20)
    first = stream.feed(columns)
    stream.feed(columns[::-1])
    assert np.array_equal(stream.feed(columns), first)


@pytest.mark.parametrize("cpu", CPUS)
def test_cross_compiled(compiler: str, cpu: str) -> None:
    pytest.importorskip("unicorn")
    machine = emulated_machine(cpu, compiler)
    for seed in range(40):
        case = random_streamable(seed)
        model = Model(case.model)
        host = HopModel(model, case.hop, window=case.window)
        stream = HopModel(model, case.hop, window=case.window, machine=machine)
        assert (stream.arena_size, stream.kept) == (host.arena_size, host.kept)
        columns = stream_of(case, seed, 6)
        assert_same(host.feed(columns), stream.feed(columns), f"random_streamable({seed}) on {cpu}")


def test_sanitized_library(tmp_path: Path) -> None:
    """The same outputs without a byte out of bounds or an undefined operation; any hop."""
    cases = []
    for seed in range(60):
        case = random_streamable(seed)
        hop = case.hop if seed % 3 else 1 + seed % case.window
        cases.append((case.model, case.window, hop, stream_of(case, seed, 5)))
    found = call_sanitized(build_sanitized(tmp_path), tmp_path, "hops", cases)
    for seed, ((model, window, hop, columns), outputs) in enumerate(zip(cases, found, strict=True)):
        expected = HopModel(Model(model), hop, window=window).feed(columns)
        assert_same(expected, outputs, f"random_streamable({seed}) with sanitizers")
