"""What a network loses to int8, and the ablation that shows what each part of training is worth."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from gesture_tools.runtime import Model
from gesture_training import quantize as quantization
from gesture_training.ablation import main as ablation
from gesture_training.config import Network
from gesture_training.equalize import corrected, equalize
from gesture_training.folding import apply, folded_kernel, rounded_kernel, stages_of
from gesture_training.network import build
from gesture_training.quantize import quantize
from tests.support.training_data import quick_settings, write_table

tf = pytest.importorskip("tensorflow")

WINDOW = 48


def trained_like(seed: int) -> object:
    """A network whose weights and statistics are not those of a fresh one."""
    tf.keras.utils.set_random_seed(seed)
    model = build(WINDOW, 3, 4, Network(filters=(8, 16, 16)))
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            layer.gamma.assign(rng.uniform(0.5, 2.0, shape))
            layer.beta.assign(rng.normal(0, 0.3, shape))
            layer.moving_mean.assign(rng.normal(0, 0.3, shape))
            layer.moving_variance.assign(rng.uniform(0.2, 1.5, shape))
    model.layers[-1].kernel.assign(model.layers[-1].kernel * 4)
    return model


def test_equalized_channels_compute_the_same_and_lose_less_to_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "_settled", lambda data, *_: data)  # it makes some of it good
    lost = []
    for seed in (1, 2, 3):
        model = trained_like(seed)
        rng = np.random.default_rng(seed)
        for stage in stages_of(model)[1:4:2]:  # depthwise: some channels reach a tenth as far as others
            stage.norm.gamma.assign(stage.norm.gamma * 10 ** rng.uniform(-1, 0, stage.norm.gamma.shape))
        windows = rng.normal(0, 40, (200, WINDOW, 3)).clip(-128, 127).astype(np.int8)
        inputs = tf.cast(windows[:, None], tf.float32) / 64
        exact = np.asarray(model(inputs, training=False))

        def loss(model: object = model, windows: np.ndarray = windows, exact: np.ndarray = exact) -> float:
            on_device = Model(quantize(model, windows)).invoke(windows[:, None]).astype(float) / 256 + 0.5
            return float(np.abs(on_device - exact).mean())

        before = loss()
        equalize(model, windows)
        assert np.abs(np.asarray(model(inputs, training=False)) - exact).max() < 1e-4
        lost.append((before, loss()))
    before, after = np.mean(lost, axis=0)
    assert after < 0.8 * before, lost


def test_corrected_offsets_take_the_shift_of_rounded_kernels_away() -> None:
    model = trained_like(1)
    windows = np.random.default_rng(1).normal(60, 20, (200, WINDOW, 3)).clip(-128, 127).astype(np.int8)
    first, told = stages_of(model)[0], stages_of(corrected(model, windows))[0]
    x = tf.cast(windows[:, None], tf.float32) / 64
    kernel = folded_kernel(first)
    shift = tf.reduce_mean(
        apply(first.layer, x, rounded_kernel(first.layer, kernel)) - apply(first.layer, x, kernel), (0, 1, 2)
    )
    assert np.abs(shift).max() > 1e-4
    assert np.allclose(told.norm.beta + shift, first.norm.beta, atol=1e-6)


def test_a_shift_of_the_scores_is_taken_away() -> None:
    """As large a one as no rounding makes, so that it shows against what single scores are rounded by."""
    model = trained_like(2)
    windows = np.random.default_rng(2).normal(30, 30, (400, WINDOW, 3)).clip(-128, 127).astype(np.int8)
    data = quantization.quantize(model, windows)
    model.layers[-1].bias.assign_add([0.6, 0.0, -0.6, 0.0])
    exact = np.asarray(model(tf.cast(windows[:, None], tf.float32) / 64, training=False))

    def error(data: bytes) -> float:
        return float(np.square(Model(data).invoke(windows[:, None]) / 256 + 0.5 - exact).mean())

    settled = quantization._settled(data, model, windows)
    assert error(quantization._settled(settled, model, windows)) <= error(settled) < error(data)


def test_the_ablation_says_what_a_part_is_worth(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", ("ann", "ben", "cem", "dia"), takes=2)
    options = ["--folds", "2", "--epochs", "2", "--only", "shift", "--out", str(tmp_path / "kept"), "--json"]
    first = CliRunner().invoke(ablation, [str(tmp_path / "a.csv"), *options])
    assert first.exit_code == 0, first.output
    rows = json.loads(first.stdout)
    assert [row["name"] for row in rows] == ["whole", "shift"]
    assert rows[0]["difference"] == 0
    assert 0 <= rows[1]["accuracy"] <= 1
    assert len(list((tmp_path / "kept").iterdir())) == 4
    assert CliRunner().invoke(ablation, [str(tmp_path / "a.csv"), *options]).stdout == first.stdout


def test_the_ablation_shows_what_a_part_does_for_robustness(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", ("ann", "ben"), takes=2)
    write_table(tmp_path / "b.csv", ("ann", "ben"), labels=("idle",), takes=1, seconds=12.0)
    data = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    options = ["--folds", "2", "--epochs", "1", "--only", "noise", "--stress"]
    options += ["--config", str(quick_settings(tmp_path)), "--out", str(tmp_path / "kept")]
    first = CliRunner().invoke(ablation, [*data, *options])
    assert first.exit_code == 0, first.output
    header, _, whole, without = first.stdout.splitlines()[-4:]
    assert header.split(" | ")[1:] == [
        *("rate -5", "rate 5", "rotation 20", "gain -10", "gain 10", "noise 25", "bias 50", "lost 2"),
        "clipping 2000 |",
    ]
    assert whole.count("/") == without.count("/") == 9
    assert len(list((tmp_path / "kept").iterdir())) == 2 * 2 * 10
    plain = CliRunner().invoke(ablation, [*data, *options, "--json"])
    assert json.loads(plain.stdout)[0]["stress"]["rotation 20"].keys() == {"accuracy", "recall"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gesture_training.ablation", "DATA", "--only", "luck"], "--only 'luck' is unknown"),
        (["gesture_training.ablation", "DATA", "--seeds", "a"], "expected whole numbers"),
        (["gesture_training.targets", "FOLDER"], "expected the table makeability"),
    ],
)
def test_bad_wishes_are_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    write_table(tmp_path / "a.csv", ("ann", "ben"), takes=2)
    named = {"DATA": str(tmp_path / "a.csv"), "FOLDER": str(tmp_path)}
    command = [sys.executable, "-m", *(named.get(one, one) for one in arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
