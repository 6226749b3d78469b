"""The baseline: everywhereml's forest, its C++ on the host and on emulated processors, beside the network."""

from __future__ import annotations

import builtins
import ctypes
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.commands.compare import command as compare_command
from gesture_tools.errors import UserError
from gesture_tools.runtime import columns
from gesture_tools.verdict import frames
from gesture_training.commands.evaluate import command as evaluate_command
from gesture_training.commands.train import command as train_command
from gesture_training.config import Forest as Settings
from gesture_training.forest.cost import count, sources
from gesture_training.forest.features import features
from gesture_training.forest.model import Forest, everywhereml, fit
from gesture_training.prepare import Prepared, Request, prepare
from gesture_training.windows import WindowSource
from tests.support.firmware import compiler, own_cache
from tests.support.training_data import quick_settings, write_table

__all__ = ["compiler", "own_cache"]

pytest.importorskip("everywhereml")

PEOPLE = ("ann", "ben", "cem", "dia")
OPTIONS = ["--test-subjects", "dia", "--window", "48", "--hop", "12", "--json"]
SETTINGS = Settings(trees=5, depth=5, leaf=5, windows=600)
CXX = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")


def train(folder: Path, out: str, *options: str) -> Result:
    return CliRunner().invoke(
        train_command, [str(folder / "a.csv"), "--out", str(folder / out), *OPTIONS, *options]
    )


def quick(folder: Path) -> list[str]:
    return ["--config", str(quick_settings(folder))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forest")
    write_table(folder / "a.csv", PEOPLE)
    return folder


@pytest.fixture(scope="module")
def prepared(folder: Path) -> Prepared:
    return prepare(Request((folder / "a.csv",), folder, window=48, hop=12, test_subjects=("dia",)))


@pytest.fixture(scope="module")
def forest(prepared: Prepared) -> Forest:
    windows, labels = draw(prepared, 600)
    return fit(windows, labels, prepared.contract, SETTINGS, 1)


def draw(prepared: Prepared, number: int, seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return WindowSource(prepared.train, prepared.contract).draw(number, prepared.config.augmentation, rng)


def stream(prepared: Prepared) -> tuple[Any, Any]:
    """Return the columns of all test pieces in a row, and their windows at every hop."""
    samples = np.concatenate([piece.recording.samples for piece in prepared.test])
    taken = columns(prepared.contract, samples)
    return taken, np.ascontiguousarray(frames(taken, prepared.contract.window, prepared.contract.hop))


@pytest.mark.skipif(CXX is None, reason="needs a C++ compiler")
def test_the_cpp_says_what_python_says(prepared: Prepared, forest: Forest, tmp_path: Path) -> None:
    for name, text in sources(forest.header(prepared.contract, "test")).items():
        (tmp_path / name).write_text(text)
    flags = ["-std=c++17", "-O2", "-w", "-fno-math-errno", "-ffp-contract=off", "-shared", "-fPIC"]
    made = tmp_path / "forest.so"
    subprocess.run([str(CXX), *flags, "-I", tmp_path, tmp_path / "probe.cpp", "-o", made], check=True)
    push = ctypes.CDLL(str(made)).tg_bind_forest_push
    taken, windows = stream(prepared)
    said = [push((ctypes.c_float * 3)(*(column / np.float32(64)))) for column in taken]
    full = said[prepared.contract.window - 1 :: prepared.contract.hop]
    assert full == forest.predict(windows).tolist()
    assert len(set(full)) == 3
    assert {answer for place, answer in enumerate(said) if (place - 47) % 12 or place < 47} == {-1}


@pytest.mark.parametrize("cpu", ["cortex-m4f", "cortex-m0plus"])
def test_processors_say_it_too(prepared: Prepared, forest: Forest, compiler: str, cpu: str) -> None:
    pytest.importorskip("unicorn")
    taken, windows = stream(prepared)
    some = taken[: 48 + 12 * 9]
    header = forest.header(prepared.contract, "test")
    row = count(cpu, header, some, prepared.contract, forest.predict(windows[:10]), compiler)
    assert row["matches_reference"]
    assert row["instructions"] > 48 * 3 * 20, "every sample is touched, by twenty features"
    assert row["ram"] >= 2 * 48 * 3 * 4, "the window is held twice, in floats"
    wrong = count(cpu, header, some, prepared.contract, forest.predict(windows[:10]) + 1, compiler)
    assert not wrong["matches_reference"]


def test_features_are_what_their_names_say() -> None:
    rng = np.random.default_rng(3)
    windows = rng.normal(0.2, 0.7, (20, 40, 3)).astype(np.float32)
    found = features(windows).reshape(20, 3, 20)
    x = windows.transpose(0, 2, 1).astype(np.float64)
    np.testing.assert_array_equal(found[..., 0], windows.max(axis=1))
    np.testing.assert_array_equal(found[..., 2], np.abs(windows).max(axis=1))
    for place, expected in (
        (4, x.mean(axis=2)),
        (5, (x**2).mean(axis=2)),
        (6, np.abs(np.diff(x)).sum(axis=2) / 40),
        (8, x.std(axis=2)),
        (10, (x - x.mean(axis=2, keepdims=True) > 1e-3).sum(axis=2)),
    ):
        np.testing.assert_allclose(found[..., place], expected, rtol=2e-5, atol=1e-6)


def test_everywhereml_agrees_with_the_votes_mostly(prepared: Prepared, forest: Forest) -> None:
    windows, _ = draw(prepared, 500, seed=2)
    assert np.mean(forest.predict(windows) == forest.predict_python(windows)) > 0.9


def test_the_header_is_the_same_again(prepared: Prepared, forest: Forest) -> None:
    again = fit(*draw(prepared, 600), prepared.contract, SETTINGS, 1)
    assert again.header(prepared.contract, "x") == forest.header(prepared.contract, "x")


def test_train_makes_a_forest(folder: Path) -> None:
    result = train(folder, "forest", "--model", "forest")
    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)
    assert {path.name for path in (folder / "forest").iterdir()} == {
        "gesture_forest.h", "metrics.json", "record.json", "MODEL_CARD.md", "confusion.png", "windows.png",
        "report.html",
    }  # fmt: skip
    record = json.loads((folder / "forest" / "record.json").read_text())
    assert (record["kind"], record["people"]["test"]) == ("forest", ["dia"])
    assert set(record["versions"]) >= {"everywhereml", "scikit-learn"}
    assert metrics["recordings"] == 9
    if importlib.util.find_spec("unicorn"):
        assert [cost["matches_reference"] for cost in metrics["cost"]] == [True, True]
    assert "| forest | 20 trees" in (folder / "forest" / "MODEL_CARD.md").read_text()
    refused = train(folder, "forest", "--epochs", "1")
    assert refused.exit_code == 2
    assert "another kind of model" in refused.stderr


def test_a_forest_stands_beside_the_network(folder: Path) -> None:
    result = train(folder, "network", "--baseline", "forest", "--epochs", "1", *quick(folder))
    assert result.exit_code == 0, result.output
    baseline = json.loads(result.stdout)["baseline"]
    assert baseline["accuracy"] == json.loads((folder / "forest" / "metrics.json").read_text())["accuracy"]
    assert "Beside a forest" in (folder / "network" / "report.html").read_text()
    assert "| forest | " in (folder / "network" / "MODEL_CARD.md").read_text()
    compared = CliRunner().invoke(
        compare_command, [str(folder / "network"), str(folder / "forest"), "--json"]
    )
    measures = json.loads(compared.stdout)["measures"]
    assert measures["accuracy"][1] == baseline["accuracy"]
    if importlib.util.find_spec("unicorn"):
        network, forest = measures["cortex-m4f: flash, code and model, bytes"]
        assert 0 < network < forest + 100_000


def test_and_in_a_cross_validation(folder: Path) -> None:
    arguments = [str(folder / "a.csv"), "--folds", "2", "--jobs", "1", "--epochs", "1", *quick(folder)]
    command = [*arguments, "--window", "48", "--baseline", "forest", "--out", str(folder / "cv"), "--json"]
    summary = json.loads(CliRunner().invoke(evaluate_command, command).stdout)
    again = json.loads(CliRunner().invoke(evaluate_command, command).stdout)
    assert summary["baseline"] == again["baseline"], "kept folds keep their forests"
    assert summary["baseline"]["recordings"] == summary["recordings"] == 36
    assert sorted(summary["baseline"]["per_person"]) == sorted(PEOPLE)
    assert len(summary["cost"]) == len(summary["baseline"]["cost"])
    assert "Beside a forest" in (folder / "cv" / "report.html").read_text()


def test_without_everywhereml_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("everywhereml"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UserError, match=r"tinygesture\[forest\]"):
        everywhereml()
