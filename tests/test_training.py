"""``gesture train``: what it writes, that it repeats, and that it stops cleanly."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools import progress
from gesture_tools.c_array import recognizer_arena_size
from gesture_tools.runtime import Model, Stream
from gesture_tools.verdict import verdicts
from gesture_training import pipeline
from gesture_training.commands.train import command
from gesture_training.evaluate import Outcome, collapsed, metrics
from gesture_training.outputs import FILES
from gesture_training.pictures import training_curve
from gesture_training.report import in_sessions
from tests.support.training_data import make_recording, write_table

pytest.importorskip("tensorflow")

PEOPLE = ("ann", "ben", "cem", "dia")
OPTIONS = ["--epochs", "2", "--test-subjects", "dia", "--window", "48", "--hop", "12", "--json"]


def train(folder: Path, out: Path, options: Sequence[str] = OPTIONS) -> Result:
    return CliRunner().invoke(command, [str(folder / "a.csv"), "--out", str(out), *options])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train")
    write_table(folder / "a.csv", PEOPLE)
    result = train(folder, folder / "model")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads((folder / "model" / "metrics.json").read_text())
    return folder / "model"


def test_all_files_are_there(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert names == {
        "gesture.tflite", "gesture_model.c", "gesture_model.h", "model.keras", "metrics.json", "record.json",
        "MODEL_CARD.md", "confusion.png", "windows.png", "report.html",
    }  # fmt: skip
    assert [path for path in trained.parent.iterdir() if path.name.startswith(".")] == []


def test_the_model_carries_its_contract(trained: Path) -> None:
    model = Model.load(trained / "gesture.tflite")
    contract = model.require_contract()
    assert contract.labels == ("idle", "chop", "wave")
    assert contract.background == 0
    assert (contract.window, contract.hop) == (48, 12)
    assert model.input_shape == (1, 1, 48, 3)
    assert (model.input_scale, model.input_zero_point) == (1 / 64, 0)
    assert [case.seed for case in contract.self_tests] == [1, 2, 3, 4]
    Stream(model).self_test()


def test_metrics_are_those_of_the_c_core(trained: Path) -> None:
    measured = json.loads((trained / "metrics.json").read_text())
    model = Model.load(trained / "gesture.tflite")
    truth = [(label, take) for label in ("wave", "chop", "idle") for take in range(3)]
    judged = verdicts(model, [make_recording("dia", label, take) for label, take in truth])
    right = np.mean([verdict.label == label for verdict, (label, _) in zip(judged, truth, strict=True)])
    assert measured["accuracy"] == pytest.approx(right, abs=1e-4)
    assert measured["model_id"] == model.model_id
    assert measured["model_bytes"] == (trained / "gesture.tflite").stat().st_size
    assert measured["arena_bytes"] == recognizer_arena_size(model)
    assert list(measured["per_person"]) == ["dia"]
    assert np.sum(measured["confusion"]) == measured["recordings"] == 9


def test_the_record_names_data_and_people(trained: Path) -> None:
    record = json.loads((trained / "record.json").read_text())
    measured = json.loads((trained / "metrics.json").read_text())
    assert record["model_id"] == measured["model_id"]
    assert record["people"] == {"train": ["ann", "ben", "cem"], "test": ["dia"]}
    assert re.fullmatch("[0-9a-f]{64}", record["data_sha256"])
    passes = record["config"]["fit"]
    assert passes["epochs"] == 2
    assert len(record["loss"]) == 2 * passes["epochs"]
    assert set(record["versions"]) == {"tinygesture", "tensorflow", "keras", "numpy", "python"}


def test_the_report_needs_nothing_beside_it(trained: Path) -> None:
    report = (trained / "report.html").read_text()
    sources = re.findall('src="([^"]*)"', report)
    assert len(sources) == 4
    assert ("instructions a hop" in report) == bool(importlib.util.find_spec("unicorn"))
    assert "one person: too few for an interval" in report
    for source in sources:
        assert base64.b64decode(source.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert "http" not in report


def test_the_same_inputs_give_the_same_file(trained: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    assert train(tmp_path, tmp_path / "again").exit_code == 0
    assert (tmp_path / "again" / "gesture.tflite").read_bytes() == (trained / "gesture.tflite").read_bytes()
    first, second = (
        json.loads((folder / "record.json").read_text()) for folder in (trained, tmp_path / "again")
    )
    assert first["data_sha256"] == second["data_sha256"]


def test_without_a_test_the_accuracy_is_unknown(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", ("ann",))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").write_text("mine")
    result = train(tmp_path, tmp_path / "model", ["--no-test", "--epochs", "1", "--window", "48"])
    assert result.exit_code == 0, result.output
    assert "nobody is held out" in result.stderr
    assert json.loads((tmp_path / "model" / "metrics.json").read_text())["accuracy"] is None
    assert not (tmp_path / "model" / "confusion.png").exists()
    assert (tmp_path / "model" / "notes.txt").read_text() == "mine"


def test_an_interrupted_training_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "fit", interrupt)
    write_table(tmp_path / "a.csv", PEOPLE)
    result = train(tmp_path, tmp_path / "model")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1].startswith("interrupted:")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    (tmp_path / "locked").mkdir(mode=0o500)
    result = train(tmp_path, tmp_path / "locked" / "model")
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_names_are_text_and_no_markup(tmp_path: Path) -> None:
    labels = ("wave", "[/x]", r"$\frac$")
    write_table(tmp_path / "a.csv", (*PEOPLE[:2], r"$\sqrt$"), labels)
    out = tmp_path / "[bold]out[/y]"
    result = train(tmp_path, out, ["--epochs", "1", "--test-subjects", r"$\sqrt$", "--window", "48"])
    assert result.exit_code == 0, result.output
    assert "[/x]" in result.stdout
    assert r"$\frac$" in result.stdout
    assert f"report: {out / 'report.html'}" in result.stdout
    assert {path.name for path in out.iterdir()} == set(FILES) - {"gesture_forest.h"}


def test_progress_and_what_the_detector_does_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_S", 0.0)
    write_table(tmp_path / "a.csv", PEOPLE[:2], ("wave", "idle"), takes=2, seconds=5.2)
    options = ["--epochs", "1", "--test-subjects", "ben", "--window", "48", "--false-activations", "none"]
    result = train(tmp_path, tmp_path / "model", options)
    assert result.exit_code == 0, result.output
    assert "2 passes: 1 of the network, 1 of a wider one that teaches it\n" in result.stderr
    assert "training: the network, pass 1 of 1, loss " in result.stderr
    measured = json.loads((tmp_path / "model" / "metrics.json").read_text())
    told = re.search("people never seen: (\\d+) false activations? in 0.0029 h", result.stdout)
    assert told
    assert "training: a wider network that teaches, pass 1 of 1, loss " in result.stderr
    assert int(told[1]) == measured["false_activations"]
    sentence = told.string[told.start() : told.string.index("\n", told.end())].removeprefix(
        "people never seen: "
    )
    for name in ("MODEL_CARD.md", "report.html"):
        text = (tmp_path / "model" / name).read_text()
        assert f"{sentence}." in text
        assert "None" not in text


@pytest.mark.parametrize(
    ("latency", "gestures", "said"),
    [
        (-106.4, 20, "75.0% of 20 gestures found, 1 false activation in 0.5 h (2/h); median 106 ms before a"),
        (40.0, 1, "75.0% of 1 gesture found, 1 false activation in 0.5 h (2/h); median 40 ms after a"),
        (None, 0, "1 false activation in 0.5 h (2/h)"),
    ],
)
def test_sessions_in_words(latency: float | None, gestures: int, said: str) -> None:
    found = in_sessions(
        {
            "gestures": gestures,
            "recall": 0.75,
            "false_activations": 1,
            "hours_without_gesture": 0.5,
            "false_activations_per_hour": 2.0,
            "latency_ms": latency,
        }
    )
    assert found.removesuffix(" gesture's end") == said


def test_metrics_count_what_was_said() -> None:
    outcomes = [
        Outcome("1", "ann", "wave", "wave", "wave"),
        Outcome("2", "ann", "wave", "chop", "wave"),
        Outcome("3", "ben", "chop", "chop", "chop"),
    ]
    found = metrics(outcomes, ("idle", "wave", "chop"))
    assert (found["accuracy"], found["accuracy_float"]) == (0.6667, 1.0)
    assert found["confusion"] == [[0, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert found["per_class"]["idle"] == {"recordings": 0, "recall": None, "precision": None}
    assert found["per_class"]["chop"] == {"recordings": 1, "recall": 1.0, "precision": 0.5}
    assert found["per_person"]["ann"] == {"recordings": 2, "accuracy": 0.5}


def test_verdicts_that_are_all_alike_are_warned_of() -> None:
    def told(*pairs: tuple[str, str]) -> list[str]:
        outcomes = [Outcome(f"r{place}", "ann", *pair, None) for place, pair in enumerate(pairs)]
        return collapsed(metrics(outcomes, ("idle", "wave")))

    assert "every recording is judged 'idle'" in told(("idle", "idle"), ("wave", "idle"))[0]
    assert told(("idle", "idle"), ("wave", "idle"), ("wave", "wave")) == []
    assert told(("idle", "idle"), ("idle", "idle")) == []
    assert told() == []


def test_the_curve_of_a_network_that_teaches_is_a_line_apart() -> None:
    assert len({training_curve([1.0, 0.5, 0.9, 0.4], teaching) for teaching in (0, 2)}) == 2
    for losses, teaching in (([1.0], 0), ([1.0, 0.9], 1)):
        assert training_curve(losses, teaching).startswith(b"\x89PNG")
