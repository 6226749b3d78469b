"""What is kept beside a model: record, card and metrics; and two models side by side."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gesture_tools import cost
from gesture_tools.commands.compare import command as compare_command
from gesture_tools.errors import UserError
from gesture_tools.record import contract_fields, read_record
from gesture_tools.runtime import Model
from gesture_training.commands.train import command as train_command
from gesture_training.record import add_metric
from tests.support.firmware import own_cache
from tests.support.training_data import quick_settings, write_table

pytest.importorskip("tensorflow")
__all__ = ["own_cache"]

PEOPLE = ("ann", "ben", "cem", "d|ia")


def compare(*arguments: str | Path) -> Result:
    return CliRunner().invoke(compare_command, [*map(str, arguments)])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models a and b: other windows, other seeds, the same people."""
    folder = tmp_path_factory.mktemp("record")
    write_table(folder / "a.csv", PEOPLE)
    quick = ["--config", str(quick_settings(folder))]
    for name, window, seed in (("a", "48", "1"), ("b", "40", "2")):
        size = ["--window", window, "--hop", "8", "--seed", seed]
        options = ["--out", str(folder / name), "--epochs", "2", "--test-subjects", "d|ia", *size, *quick]
        result = CliRunner().invoke(train_command, [str(folder / "a.csv"), *options])
        assert result.exit_code == 0, result.output
    return folder


def test_the_record_is_keyed_by_the_model(models: Path) -> None:
    model = Model.load(models / "a" / "gesture.tflite")
    record = read_record(models / "a" / "gesture.tflite", model.model_id)
    assert record["model_id"] == model.model_id
    assert record["metrics"] == json.loads((models / "a" / "metrics.json").read_text())
    assert record["split"] == {"by": "subject", "test": "named", "test_share": 0.2}
    fields = json.loads(json.dumps(contract_fields(model.require_contract())))
    assert {name: record["contract"][name] for name in fields} == fields
    assert read_record(models / "b" / "gesture.tflite", model.model_id) == {}


@pytest.mark.skipif(importlib.util.find_spec("unicorn") is None, reason="needs the emulator")
def test_costs_are_those_of_bench(models: Path) -> None:
    model = Model.load(models / "a" / "gesture.tflite")
    costs = json.loads((models / "a" / "metrics.json").read_text())["cost"]
    assert [row["cpu"] for row in costs] == ["cortex-m4f", "cortex-m0plus"]
    again = cost.measure(model, "cortex-m4f", cost.random_inputs(model))
    assert costs[0] == json.loads(json.dumps(vars(again)))
    assert costs[0]["matches_reference"]


def test_without_an_emulator_the_reason_is_recorded(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    costs, reason = cost.recorded_costs(Model.load(models / "a" / "gesture.tflite"))
    assert costs == []
    assert "tinygesture[emulate]" in (reason or "")


def test_the_card_says_what_the_record_says(models: Path) -> None:
    card = (models / "a" / "MODEL_CARD.md").read_text()
    record = json.loads((models / "a" / "record.json").read_text())
    assert record["model_id"] in card
    assert record["data_sha256"] in card
    assert f"**{record['metrics']['accuracy']:.1%}** of 9 recordings" in card
    assert r"| d\|ia | 9 |" in card
    assert "gesture stress" in card
    assert "{{" not in card


def test_a_measurement_is_added_to_all_three_files(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "a", tmp_path / "a")
    model_id = Model.load(tmp_path / "a" / "gesture.tflite").model_id
    robustness = {"passed": True, "command": "gesture stress", "recordings": 9, "accuracy": 0.5, "sweeps": []}
    add_metric(tmp_path / "a", model_id, "robustness", robustness)
    metrics = json.loads((tmp_path / "a" / "metrics.json").read_text())
    record = json.loads((tmp_path / "a" / "record.json").read_text())
    assert metrics["robustness"] == record["metrics"]["robustness"] == robustness
    assert "Passed: `gesture stress`" in (tmp_path / "a" / "MODEL_CARD.md").read_text()
    with pytest.raises(UserError, match="another model's"):
        add_metric(tmp_path / "a", "0" * 64, "robustness", robustness)


def test_a_model_without_a_record_gets_metrics_alone(tmp_path: Path) -> None:
    add_metric(tmp_path, "ab" * 32, "robustness", {"passed": True})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(UserError, match="no JSON"):
        add_metric(tmp_path, "ab" * 32, "robustness", {"passed": True})


def test_two_models_side_by_side(models: Path) -> None:
    result = compare(models / "a", models / "b" / "gesture.tflite", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    metrics = [json.loads((models / name / "metrics.json").read_text()) for name in "ab"]
    assert [row["model_id"] for row in document["models"]] == [one["model_id"] for one in metrics]
    for name, title in (("accuracy", "accuracy"), ("model_bytes", "flash: model, bytes")):
        assert document["measures"][title] == [one[name] for one in metrics]
    assert document["measures"]["recall of wave"] == [one["per_class"]["wave"]["recall"] for one in metrics]
    assert document["contract_differences"]["window"] == [48, 40]
    assert "hop" not in document["contract_differences"]
    text = compare(models / "a", models / "b").stdout
    assert "contract: window" in text
    assert "RAM without window" not in text, "one word for what 'gesture bench' counts"
    assert "next: gesture inspect" in text


def test_what_does_not_compare_is_said(models: Path, tmp_path: Path) -> None:
    shutil.copy(models / "b" / "gesture.tflite", tmp_path / "alone.tflite")
    document = json.loads(compare(models / "a", tmp_path / "alone.tflite", "--json").stdout)
    assert any("no record" in line for line in document["cautions"])
    assert document["measures"]["accuracy"][1] is None
    assert document["measures"]["flash: model, bytes"][1] == (tmp_path / "alone.tflite").stat().st_size


def test_a_record_nested_without_end_is_none(models: Path, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("[" * 100_000)
    result = compare(models / "a", tmp_path)
    assert result.exit_code == 2
    assert "is no JSON: expected the record of a model" in result.output
    shutil.copy(models / "b" / "gesture.tflite", tmp_path)
    document = json.loads(compare(models / "a", tmp_path, "--json").stdout)
    assert any("no record" in line for line in document["cautions"])


def test_what_is_no_model_is_refused(models: Path, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("[]")
    for path, words in (
        (tmp_path / "none.tflite", "cannot read"),
        (tmp_path, "no record of a model"),
        (models, "neither gesture.tflite nor record.json"),
    ):
        result = compare(models / "a", path)
        assert result.exit_code == 2
        assert words in result.output
