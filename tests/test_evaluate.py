"""``gesture evaluate``: folds by person, intervals, continuous recordings, resuming, and what is refused."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording
from gesture_tools.runtime import Model
from gesture_training.commands.evaluate import _show, command
from gesture_training.dataset import Part
from gesture_training.evaluation import workers
from gesture_training.evaluation.folds import deal
from gesture_training.evaluation.interval import over_people
from gesture_training.evaluation.store import kept
from gesture_training.evaluation.streams import SWEEP, run_streams, with_threshold
from gesture_training.prepare import Request, prepare
from gesture_training.report import interval
from tests.support.training_data import RATE_HZ, make_recording, quick_settings, write_table

pytest.importorskip("tensorflow")

PEOPLE = ("ann", "ben", "cem", "dia")
PARTS = [Part(person, label) for person in PEOPLE for label in range(3) for _ in range(4)]
NAMES = ("idle", "chop", "wave")


def evaluate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments), "--json"])


def write_stream(path: Path, people: Sequence[str]) -> None:
    """Write a table of one continuous recording per person: the label changes from row to row."""
    lines = ["recording_id,label,subject,t_ms,ax,ay,az"]
    for person in people:
        labels = ["idle", "idle", "wave", "idle", "idle", "chop", "idle", "idle"]
        parts = [make_recording(person, label, 9, 2.0) for label in labels]
        samples = np.concatenate([part.samples for part in parts]) / 1000
        names = [label for label, part in zip(labels, parts, strict=True) for _ in part.samples]
        for row, (label, (x, y, z)) in enumerate(zip(names, samples, strict=True)):
            lines.append(f"{person}_s,{label},{person},{1000 * row / RATE_HZ:g},{x:.3f},{y:.3f},{z:.3f}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_table(folder / "takes.csv", PEOPLE)
    write_stream(folder / "streams.csv", PEOPLE)
    return folder


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    settings = quick_settings(tmp_path_factory.mktemp("settings"))
    return ["--epochs", "2", "--window", "48", "--hop", "12", "--config", settings]


@pytest.fixture(scope="module")
def evaluated(
    data: Path, options: list[str | Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("out")
    result = evaluate(data, "--folds", "2", "--jobs", "1", "--out", out, *options)
    assert result.exit_code == 0, result.output
    return out, result


def test_people_are_dealt_once_and_evenly() -> None:
    dealt = deal(PARTS, NAMES, 2, 1)
    assert sorted(person for fold in dealt for person in fold) == sorted(PEOPLE)
    assert [len(fold) for fold in dealt] == [2, 2]
    assert dealt == deal(PARTS, NAMES, 2, 1)
    assert any(dealt != deal(PARTS, NAMES, 2, seed) for seed in range(2, 10))
    assert len(deal(PARTS, NAMES, None, 1)) == len(PEOPLE)


def test_the_two_people_of_a_rare_class_are_kept_apart() -> None:
    parts = PARTS + [Part(person, 3) for person in ("ann", "dia") for _ in range(2)]
    for seed in range(10):
        for fold in deal(parts, (*NAMES, "rare"), 2, seed):
            assert len({"ann", "dia"} & set(fold)) == 1


@pytest.mark.parametrize(
    ("parts", "folds", "message"),
    [
        (PARTS, 5, "--folds is 5, but the data has 4 people"),
        (PARTS[:12], None, "all recordings are of one person"),
        ([*PARTS[:-4], Part("ann", 3)], None, r"class 'rare' \(ann\) was recorded by one person only"),
        ([*PARTS, Part("ann", 3), Part("ben", 3)], 2, "class 'rare' has too few recordings"),
    ],
)
def test_data_that_cannot_be_dealt_is_refused(parts: list[Part], folds: int | None, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        deal(parts, (*NAMES, "rare")[: 1 + max(part.label for part in parts)], folds, 1)
    assert "\n" not in caught.value.message


def test_intervals_are_over_people_not_recordings() -> None:
    alike = over_people({person: (8, 10) for person in (*PEOPLE, "eve")}, 1)
    assert alike == (0.8, 0.8)
    apart = over_people({person: (10, 10) for person in (*PEOPLE, "eve")} | {"dia": (2, 10)}, 1)
    assert apart is not None
    assert apart[0] < 0.7
    assert apart[1] > 0.95


def test_few_people_give_no_interval_but_the_reason() -> None:
    assert over_people({person: (8, 10) for person in PEOPLE}, 1) is None
    told = {"accuracy_interval": None, "per_person": dict.fromkeys(PEOPLE)}
    assert interval(told) == "4 people: too few for an interval"
    assert interval({**told, "accuracy_interval": (0.8, 1.0)}) == "95 % interval over people: 80.0% to 100.0%"


def test_figures(evaluated: tuple[Path, Result]) -> None:
    out, result = evaluated
    found = json.loads(result.stdout)
    assert found == json.loads((out / "evaluation.json").read_text())
    assert found["folds"] == len(found["models"]) == 2
    assert sorted(found["models"][0]["people"] + found["models"][1]["people"]) == list(PEOPLE)
    assert found["recordings"] == 4 * (9 + 8) - 4 * 3  # idle rows follow each other: 5 spans a stream
    assert found["accuracy_interval"] is None
    assert "4 people: too few for an interval" in (out / "report.html").read_text()
    assert set(found["per_class"]) == set(NAMES)
    assert set(found["per_person"]) == set(PEOPLE)
    assert found["accuracy_float"] is not None
    assert found["gestures"] == 8
    assert found["hours_without_gesture"] == pytest.approx(4 * 12 / 3600, abs=1e-4)
    assert [Path(source).name for source in found["per_source"]] == ["streams.csv"]
    assert [point["threshold"] for point in found["sweep"]] == list(SWEEP)
    assert {"recall", "latency_ms", "latency_quartiles_ms", "false_activations_per_hour"} < set(found)


def test_the_report_needs_nothing_beside_it(evaluated: tuple[Path, Result]) -> None:
    report = (evaluated[0] / "report.html").read_text()
    sources = re.findall('<img alt="[^"]*" src="([^"]*)"', report)
    assert len(sources) >= 3
    for source in sources:
        assert base64.b64decode(source.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert "http" not in report


def test_finished_folds_are_taken_up_again_and_damaged_ones_are_not(
    evaluated: tuple[Path, Result], data: Path, options: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, first = evaluated
    again = evaluate(data, "--folds", "2", "--out", out, *options)
    assert again.stderr.count("kept from before") == 2
    assert json.loads(again.stdout) == json.loads(first.stdout)

    folds = sorted((out / "folds").iterdir())
    folds[0].write_bytes(folds[0].read_bytes()[:-100])
    assert kept(out / "folds", folds[0].stem) is None
    computed = []
    compute_fold = workers.compute_fold

    def count(fold: workers.Fold, *arguments: object) -> None:
        computed.append(fold.key)
        compute_fold(fold, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(workers, "compute_fold", count)
    mended = evaluate(data, "--folds", "2", "--out", out, *options)
    assert computed == [folds[0].stem]
    assert json.loads(mended.stdout) == json.loads(first.stdout)


def test_an_interrupted_run_keeps_its_finished_folds(
    data: Path, options: list[str | Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish_one(folds: Sequence[workers.Fold], *_: object) -> None:
        (tmp_path / "folds" / f"{folds[0].key}.json").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr("gesture_training.evaluation.run.compute", finish_one)
    result = evaluate(data, "--out", tmp_path, *options)
    assert result.exit_code == 130
    assert "the same command continues" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["folds"]
    assert all(kept(tmp_path / "folds", path.stem) is None for path in (tmp_path / "folds").iterdir())


def test_processes_give_the_same_figures(
    evaluated: tuple[Path, Result], data: Path, options: list[str | Path]
) -> None:
    result = evaluate(data, "--folds", "2", "--jobs", "2", *options)
    assert result.exit_code == 0, result.output
    ignored = ("command",)
    first, second = (
        {name: value for name, value in json.loads(text).items() if name not in ignored}
        for text in (evaluated[1].stdout, result.stdout)
    )
    assert first == second


def test_nothing_is_chosen_by_the_people_judged(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE[:3])
    request = Request(data=(tmp_path / "a.csv",), out=tmp_path, test_subjects=("dia",))
    recordings = prepare(replace(request, test_subjects=("cem",)))
    known = [piece.recording for piece in recordings.train]

    def like_nobody(label: str) -> Recording:
        one = make_recording("dia", label, 1, 9.0)
        return replace(one, samples=(one.samples * 7).astype(np.int16), t_us=one.t_us * 3)

    contracts = {
        prepare(request, [*known, *strangers]).contract
        for strangers in (
            [make_recording("dia", label, 1) for label in NAMES],
            [like_nobody(label) for label in NAMES],
        )
    }
    assert len(contracts) == 1


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gesture_training.commands.train import command as train

    out = tmp_path_factory.mktemp("model")
    arguments = [str(data / "takes.csv"), "--out", str(out), "--test-subjects", "dia", "--epochs", "4"]
    assert CliRunner().invoke(train, [*arguments, "--window", "48", "--hop", "12"]).exit_code == 0
    return out / "gesture.tflite"


def test_a_model_is_judged(model: Path, data: Path) -> None:
    result = evaluate("--model", model, data, "--subjects", "dia")
    assert result.exit_code == 0, result.output
    assert "trained on" not in result.stderr
    found = json.loads(result.stdout)
    assert found["folds"] is None
    assert found["models"][0]["model_id"] == Model.load(model).model_id
    assert found["people"] == ["dia"]
    assert found["accuracy_interval"] is None
    assert found["accuracy_float"] is not None
    assert "the figures are too good" in evaluate("--model", model, data).stderr


def test_a_model_without_its_folder_has_no_float(model: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(model.read_bytes())
    found = json.loads(evaluate("--model", tmp_path / "m.tflite", data, "--subjects", "dia").stdout)
    assert found["accuracy_float"] is None
    assert found["accuracy"] is not None


def test_time_without_gestures_needs_no_known_label(model: Path, tmp_path: Path) -> None:
    recording = make_recording("eve", "walking", 0, 30.0)
    lines = ["recording_id,label,subject,t_ms,ax,ay,az"]
    for time, (x, y, z) in zip(recording.t_us, recording.samples / 1000, strict=True):
        lines.append(f"w,walking,eve,{time / 1000:g},{x:.3f},{y:.3f},{z:.3f}")
    (tmp_path / "walk.csv").write_text("\n".join(lines) + "\n")
    result = evaluate("--model", model, tmp_path, "--continuous")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["accuracy"] is None
    assert found["recall"] is None
    assert found["hours_without_gesture"] == pytest.approx(30 / 3600, rel=0.01)
    assert "do not know" in result.stderr or "does not know" in result.stderr
    assert "less than the model's" not in result.stderr
    (tmp_path / "walk.csv").write_text("\n".join([lines[0], *lines[1::2]]) + "\n")
    slow = evaluate("--model", model, tmp_path, "--continuous").stderr
    assert "1 of 1 recordings were measured at less than the model's 50 Hz (the slowest at 25)" in slow


def test_the_sweep_changes_thresholds_and_nothing_else(model: Path) -> None:
    contract = Model.load(model).require_contract()
    assert with_threshold(contract, 0.3) == replace(contract, thresholds=(77, 77, 77))


def test_streams_match_the_device(model: Path, data: Path) -> None:
    from gesture_tools.loading import load
    from gesture_tools.simulation import simulate

    loaded = Model.load(model)
    recordings = load([data / "streams.csv"])
    for outcome, simulation in zip(
        run_streams(loaded, recordings), simulate(loaded, recordings), strict=True
    ):
        assert outcome.point.found == sum(d.gesture is not None for d in simulation.detections)
        assert outcome.point.false == sum(d.gesture is None for d in simulation.detections)
        assert outcome.gestures == 2
        assert outcome.hours == pytest.approx(12 / 3600, rel=0.01)
        assert len(outcome.sweep) == len(SWEEP)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--folds", "9"], "--folds is 9, but the data has 4 people"),
        (["--subjects", "dia"], "--subjects goes with --model"),
        (["--labels", "wave,nap"], "no recording has the label 'nap'"),
        (["--continuous"], "the data has no continuous recording"),
        (["--model", "{model}", "--subjects", "zoe"], "no recordings of 'zoe'"),
        (["--model", "{model}", "--folds", "3"], "--folds is for training"),
        (["--model", "{model}", "--continuous"], "the data has no continuous recording"),
    ],
)
def test_bad_input_is_one_line(model: Path, data: Path, arguments: list[str], message: str) -> None:
    result = evaluate(data / "takes.csv", *[text.format(model=model) for text in arguments])
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_names_of_logs_stay_whole_in_a_narrow_terminal() -> None:
    row = {
        "gestures": 10,
        "recall": 1.0,
        "latency_ms": -440.0,
        "hours_without_gesture": 0.019,
        "false_activations": 6,
        "false_activations_per_hour": 323.2,
    }
    sources = {f"/data/{name}.csv": row for name in ("p03/background_walking", "p04/session")}
    told = io.StringIO()
    summary = {"accuracy": None, "per_source": sources, **row}
    console = Console(file=told, width=80, markup=False)
    _show(console, summary, None, Path("m.tflite"), (Path("/data"),))
    assert "p03/background_walking " in told.getvalue()
    assert "gestures" in told.getvalue()
