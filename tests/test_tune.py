"""``gesture tune``: costs counted before training, folds by person, resuming, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gesture_tools.errors import UserError
from gesture_training.commands.train import command as train_command
from gesture_training.commands.tune import command
from gesture_training.config import TrainConfig
from gesture_training.settings import read_settings, settings_of
from gesture_training.tuning import study as study_module
from gesture_training.tuning.shape_cost import Budget, ShapeCost
from gesture_training.tuning.space import STRIDES, parameters, suggest
from gesture_training.tuning.study import Found, front
from tests.support.firmware import own_cache
from tests.support.training_data import quick_settings, write_table

pytest.importorskip("tensorflow")
pytest.importorskip("unicorn")
optuna = pytest.importorskip("optuna")

__all__ = ["own_cache"]

RECOGNIZER = 256
"""Bytes that the recognizer's own object stays below."""

PEOPLE = ("ann", "ben", "cem", "dia", "eve")
OPTIONS = ["--test-subjects", "eve", "--folds", "2", "--epochs", "1", "--window", "64", "--hop", "16"]


def tune(data: Path, out: Path, *options: str) -> Result:
    quick = ["--config", str(quick_settings(data.parent))]
    return CliRunner().invoke(command, [str(data), "--out", str(out), *OPTIONS, *quick, *options])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tune") / "a.csv"
    write_table(path, PEOPLE)
    return path


@pytest.fixture(scope="module")
def tuned(data: Path) -> Path:
    out = data.parent / "out"
    result = tune(data, out, "--trials", "1", "--instructions", "100k")
    assert result.exit_code == 0, result.output
    return out


def test_what_is_found_is_kept_and_shown(tuned: Path) -> None:
    summary = json.loads((tuned / "tune.json").read_text())
    assert summary["trials"] == 1
    assert summary["data"][0]["left_out"] == ["eve"]
    assert summary["data"][0]["people"] == ["ann", "ben", "cem", "dia"]
    assert summary["best"] in summary["front"]
    assert (tuned / "pareto.png").read_bytes().startswith(b"\x89PNG")
    base = read_settings(tuned.parent / "quick.json", TrainConfig())
    usual = json.loads(json.dumps(settings_of(base)))
    assert summary["all"][0]["config"] == usual, "the usual network is tried first"


def test_an_untrained_network_costs_what_the_trained_one_costs(tuned: Path, data: Path) -> None:
    arguments = [str(data), "--out", str(tuned / "model"), "--test-subjects", "eve", "--window", "64"]
    settings = ["--hop", "16", "--config", str(tuned / "best.json"), "--epochs", "60", "--json"]
    result = CliRunner().invoke(train_command, [*arguments, *settings])
    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)
    best = json.loads((tuned / "tune.json").read_text())["best"]
    counted = metrics["cost"][0]
    assert best["instructions"] == pytest.approx(counted["hop_instructions"], rel=0.05)
    assert best["window_instructions"] == pytest.approx(counted["instructions"], rel=0.05)
    assert best["flash"] == pytest.approx(metrics["model_bytes"], abs=16)
    stack = max(counted["stack"], counted["hop_stack"])
    assert 0 < best["ram"] - metrics["arena_bytes"] - stack < RECOGNIZER


def test_the_search_goes_on(tuned: Path, data: Path) -> None:
    before = json.loads((tuned / "tune.json").read_text())
    result = tune(data, tuned, "--trials", "2", "--instructions", "100k")
    assert result.exit_code == 0, result.output
    assert "goes on from trial 1 to 2" in result.stderr
    after = json.loads((tuned / "tune.json").read_text())
    assert after["trials"] == 2
    assert after["all"][: len(before["all"])] == before["all"]


def test_another_search_does_not_mix_in(tuned: Path, data: Path) -> None:
    result = tune(data, tuned, "--trials", "3", "--instructions", "90k", "--seed", "5")
    assert result.exit_code == 2
    assert "another budget, seed" in result.stderr


def test_what_does_not_fit_is_not_trained(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> float:
        raise AssertionError("trained")

    monkeypatch.setattr(study_module.Task, "accuracy", never)
    monkeypatch.setattr("gesture_training.tuning.search._check_budget", lambda *_: None)
    result = tune(
        data,
        tmp_path / "out",
        "--trials",
        "2",
        "--instructions",
        "5k",
        "--storage",
        f"sqlite:///{tmp_path}/s.db",
    )
    assert result.exit_code == 1
    assert "FAIL: none of 2 networks" in result.stderr
    assert (tmp_path / "s.db").stat().st_size > 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"tune.json"}


def test_an_interrupted_trial_is_made_up_for(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def interrupt(*_: object) -> float:
            raise KeyboardInterrupt

        patch.setattr(study_module.Task, "accuracy", interrupt)
        result = tune(data, tmp_path, "--trials", "1", "--instructions", "100k")
    assert result.exit_code == 130
    assert "the same command continues" in result.stderr
    monkeypatch.setattr(study_module.Task, "accuracy", lambda *_: 0.5)
    result = tune(data, tmp_path, "--trials", "1", "--instructions", "100k", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["best"]["accuracy"] == 0.5


def test_networks_that_no_window_suits_are_passed_over(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_module.Task, "accuracy", lambda *_: 0.5)
    result = tune(data, tmp_path, "--trials", "5", "--hop", "6", "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["all"]
    assert rows
    assert all(row["config"]["network"]["strides"][1] != 4 for row in rows)


def test_bad_input_is_one_line(data: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no journal\n")
    for options, words in (
        (["--flash", "1k"], "--flash 1024 cannot be met"),
        (["--flash", "16"], "--flash 16 (16k, perhaps?) cannot be met"),
        (["--flash", "lots"], "such as 16k"),
        (["--folds", "9"], "--folds is 9"),
        (["--test-subjects", "zoe"], "zoe"),
        (["--storage", "nosuch://x"], "cannot be opened"),
        (["--storage", str(tmp_path / "text")], "is no journal of a search (line 1)"),
        (["--storage", str(tmp_path)], "expected a regular file"),
    ):
        result = tune(data, tmp_path / "out", "--trials", "1", *options)
        assert result.exit_code == 2, result.output
        assert words in result.stderr
        assert len([line for line in result.stderr.splitlines() if line.startswith("Error")]) <= 1


def test_the_space_holds_the_usual_network() -> None:
    base = TrainConfig(seed=3)
    assert suggest(optuna.trial.FixedTrial(parameters(base)), base) == base
    study = optuna.create_study()
    for _ in range(30):
        network = suggest(study.ask(), base).network
        assert len(network.filters) == len(network.strides) >= 3
        assert ",".join(map(str, network.strides[:2])) in STRIDES
    alone = suggest(study.ask(), base, network_only=True)
    assert alone == replace(base, network=alone.network)
    assert suggest(optuna.trial.FixedTrial(parameters(base, True)), base, True) == base


def test_settings_are_read_and_refused(tmp_path: Path) -> None:
    wanted = replace(TrainConfig(), fit=replace(TrainConfig().fit, learning_rate=0.02))
    path = tmp_path / "s.json"
    path.write_text(json.dumps(settings_of(wanted)))
    assert read_settings(path, TrainConfig()) == wanted
    bad: tuple[Any, ...] = (
        [], {"seed": 1}, {"network": {"filters": [1]}}, {"network": {"filters": [0, 1, 1]}},
        {"fit": {"batch": "x"}}, {"fit": {"batches": 1}}, {"augmentation": {"noise": -1}},
    )  # fmt: skip
    for content in bad:
        path.write_text(json.dumps(content))
        with pytest.raises(UserError, match="expected"):
            read_settings(path, TrainConfig())


def test_every_number_of_the_settings_has_a_range_and_the_usual_lies_in_it(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    usual = settings_of(TrainConfig())
    usual["fit"]["epochs"] = TrainConfig().fit.epochs
    path.write_text(json.dumps(usual))
    assert read_settings(path, TrainConfig()) == TrainConfig()
    for part, values in usual.items():
        for name, value in values.items():
            for wrong in (-1, 10**30, 10**400, math.inf, math.nan, True, None, "1", [[1]]):
                of_value = [wrong] * len(value) if isinstance(value, tuple) else wrong
                path.write_text(json.dumps({part: {name: of_value}}))
                with pytest.raises(UserError, match=rf"{part}\.{name} is .*: expected .* to ") as refused:
                    read_settings(path, TrainConfig())
                assert len(refused.value.message) < 300
    for part, name, wrong, says in (
        ("network", "rate_hz", 0, "1 to 1000"),
        ("fit", "batch", 0, "a whole number, 1 to 4096"),
        ("fit", "epochs", 0, "1 to 10000"),
        ("network", "filters", [10**9, 1, 1], "1 to 256"),
        ("network", "filters", [8] * 17, "1 to 16"),
    ):
        path.write_text(json.dumps({part: {name: wrong}}))
        with pytest.raises(UserError, match=says):
            read_settings(path, TrainConfig())


def test_settings_nested_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text("[" * 100_000)
    with pytest.raises(UserError, match="is no JSON: expected settings"):
        read_settings(path, TrainConfig())


def test_the_front_is_what_nothing_beats() -> None:
    def trial(number: int, accuracy: float, instructions: int) -> Found:
        return Found(number, accuracy, ShapeCost(1, 1, instructions, 1), {})

    trials = [trial(0, 0.7, 50), trial(1, 0.6, 60), trial(2, 0.8, 90), trial(3, 0.8, 95), trial(4, 0.65, 40)]
    assert [one.number for one in front(trials)] == [4, 0, 2]
    assert Budget(2, 1, 40).excess(trials[0].cost) == (-0.5, 0.0, 0.25)
