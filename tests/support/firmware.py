"""What tests of firmware share: compilers that may be absent, a small model, and a cache of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.contract import Contract, SelfTest
from gesture_tools.errors import UserError
from gesture_tools.profile import Profile
from gesture_tools.toolchain import COMPILERS, find_toolchain

LABELS = ("background", "left", "right", "up")


@pytest.fixture(params=COMPILERS)
def compiler(request: pytest.FixtureRequest) -> str:
    """Each cross compiler in turn; skipped when it is absent."""
    try:
        return find_toolchain(request.param).name
    except UserError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep built firmware away from the user's cache; Zig's own cache, slow to fill, stays."""
    with pytest.MonkeyPatch.context() as patch:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        patch.setenv("ZIG_GLOBAL_CACHE_DIR", os.environ.get("ZIG_GLOBAL_CACHE_DIR", str(base / "zig")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with its contract, in a .tflite file."""
    path = tmp_path_factory.mktemp("model") / "gesture.tflite"
    path.write_bytes(small_model(contract()))
    return path


def contract(profile: Profile | None = None, window: int = 40, hop: int = 8) -> Contract:
    """A contract of four labels; every window that is no background is an event."""
    return Contract(
        profile=profile or Profile(rate_hz=50.0),
        window=window,
        hop=hop,
        gain=2097,
        labels=LABELS,
        background=0,
        thresholds=(0, 1, 1, 1),
        hits=1,
        refractory_ms=200,
    )


def small_model(fields: Contract) -> bytes:
    """Return the .tflite of a random convolutional network with this contract and self-tests."""
    pytest.importorskip("tensorflow")
    from tensorflow.lite.python import schema_py_generated as schema

    from gesture_tools.runtime import self_test_outputs
    from gesture_training.emit import with_contract
    from tests.support.graphs import Code, Graph, Options

    rng = np.random.default_rng(7)
    channels, filters, labels = len(fields.profile.channels), 8, len(fields.labels)
    steps = (fields.window - 5) // 2 + 1
    g = Graph()
    x = g.tensor((1, 1, fields.window, channels), 1 / 64)
    conv = schema.Conv2DOptionsT()
    conv.padding, conv.strideW, conv.strideH, conv.fusedActivationFunction = 1, 2, 1, 1
    kernel = g.tensor((filters, 1, 5, channels), 0.01, 0, rng.integers(-127, 128, (filters, 1, 5, channels)))
    bias = g.tensor((filters,), data=np.zeros(filters))
    y = g.tensor((1, 1, steps, filters), 0.05, -128)
    y = g.op(Code.CONV_2D, [x, kernel, bias], y, Options.Conv2DOptions, conv)
    mean = g.op(
        Code.MEAN,
        [y, g.tensor((2,), data=np.array([1, 2]))],
        g.tensor((1, filters), 0.05, -128),
        Options.ReducerOptions,
        schema.ReducerOptionsT(),
    )
    weights = g.tensor((labels, filters), 0.02, 0, rng.integers(-127, 128, (labels, filters)))
    dense = g.op(
        Code.FULLY_CONNECTED,
        [mean, weights, g.tensor((labels,), data=np.zeros(labels))],
        g.tensor((1, labels), 0.1),
        Options.FullyConnectedOptions,
        schema.FullyConnectedOptionsT(),
    )
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    z = g.op(Code.SOFTMAX, [dense], g.tensor((1, labels), 1 / 256, -128), Options.SoftmaxOptions, softmax)
    plain = g.build(x, z)
    model = with_contract(plain, fields.encode())
    tests = tuple(SelfTest(seed, self_test_outputs(model, seed)) for seed in (1, 2))
    return with_contract(plain, replace(fields, self_tests=tests).encode())


def motion(count: int, channels: int = 3, seed: int = 3) -> NDArray[np.int16]:
    """A random walk of int16 samples (count, channels) that covers the range of 4 g and clips."""
    steps = np.random.default_rng(seed).normal(0, 250, (count, channels))
    walk = np.cumsum(steps, axis=0)
    return np.clip((walk + 4500) % 9000 - 4500, -4000, 4000).astype(np.int16)
