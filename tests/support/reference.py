"""TensorFlow Lite Micro as the judge of the core: inputs, its outputs, and comparing byte for byte."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.host import ROOT

Int8 = NDArray[np.int8]
INPUTS = 4
REFERENCE_ARENA = 300_000
GOLDEN = Path(os.environ.get("TINYGESTURE_GOLDEN", ROOT.parent / "shared" / "golden"))
GOLDEN_MODELS = ("m1_magic_wand", "m2_dscnn1d", "m3_mlp", "m4_stream")


def inputs_of(shape: tuple[int, ...], seed: int, count: int = INPUTS) -> Int8:
    """Random inputs (count, *shape[1:]); the first two are all least and all largest."""
    x = np.random.default_rng(seed).integers(-128, 128, (count, *shape[1:])).astype(np.int8)
    x[:2] = np.array([-128, 127], np.int8).reshape(2, *[1] * (x.ndim - 1))
    return x


def reference(model: bytes) -> Callable[[Int8], Int8]:
    """TensorFlow Lite Micro on a model; RuntimeError when it cannot allocate its tensors."""
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=REFERENCE_ARENA)

    def run(inputs: Int8) -> Int8:
        outputs = []
        for x in inputs:
            interpreter.set_input(x[np.newaxis], 0)
            interpreter.invoke()
            outputs.append(np.asarray(interpreter.get_output(0)).copy())
        return np.stack(outputs)

    return run


def assert_same(expected: Int8, found: Int8, what: str) -> None:
    """Fail with the first difference."""
    expected, found = expected.reshape(len(expected), -1), found.reshape(len(expected), -1)
    places = np.argwhere(expected != found)
    assert not len(places), (
        f"{what}: {len(places)} bytes differ; input {places[0][0]}, output {places[0][1]}: "
        f"expected {expected[tuple(places[0])]}, found {found[tuple(places[0])]}"
    )
