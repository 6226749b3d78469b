"""``gesture stress``: what each disturbance does to samples, what limits mean, and what is written."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.errors import UserError
from gesture_tools.following import following
from gesture_tools.recordings import Recording, Span
from gesture_tools.runtime import Model
from gesture_tools.verdict import verdicts
from gesture_training.commands.stress import command
from gesture_training.commands.train import command as train_command
from gesture_training.report import fill, level_text, limit_text, stress_command
from gesture_training.robustness.disturb import SWEEPS, Level
from gesture_training.robustness.limits import Limit, choose_limits, read_limits
from tests.support.firmware import contract
from tests.support.training_data import RATE_HZ, make_recording, quick_settings, write_table

pytest.importorskip("tensorflow")

BY_NAME = {sweep.name: sweep for sweep in SWEEPS}
TAKE = make_recording("ann", "wave", 0)


def disturb(name: str, level: Level, recording: Recording = TAKE) -> Recording:
    return BY_NAME[name].disturb(recording, level, RATE_HZ, 1)


def stress(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments)])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the table a.csv, the continuous s.csv, and a model of both in model/."""
    folder = tmp_path_factory.mktemp("stress")
    write_table(folder / "a.csv", ("ann", "ben", "cem", "dia"))
    options = ["--epochs", "100", "--test-subjects", "dia", "--window", "60", "--hop", "10"]
    options += ["--config", str(quick_settings(folder))]
    result = CliRunner().invoke(
        train_command, [str(folder / "a.csv"), "--out", str(folder / "model"), *options]
    )
    assert result.exit_code == 0, result.output
    return folder


def test_turning_keeps_lengths_and_turns_by_the_angle() -> None:
    turned = disturb("rotation", 30.0)
    before, after = (np.linalg.norm(r.samples.astype(float), axis=1) for r in (TAKE, turned))
    np.testing.assert_allclose(before, after, atol=2)
    first, second = TAKE.samples[0].astype(float), turned.samples[0].astype(float)
    angle = np.degrees(np.arccos(first @ second / (before[0] * after[0])))
    assert 5 < angle <= 30.2


def test_a_fast_clock_gives_more_samples_that_believe_in_their_rate() -> None:
    spanned = Recording("s", None, "ann", "", TAKE.t_us, TAKE.samples, (Span("wave", 400_000, 800_000),))
    fast = disturb("rate", 10, spanned)
    assert len(fast.samples) == pytest.approx(1.1 * len(TAKE.samples), abs=2)
    assert fast.rate_hz == pytest.approx(RATE_HZ, rel=1e-3)
    assert (fast.spans[0].start_us, fast.spans[0].end_us) == pytest.approx((440_000, 880_000), abs=20_000)
    slow = disturb("rate", -10, spanned)
    assert len(slow.samples) == pytest.approx(0.9 * len(TAKE.samples), abs=2)


def test_lost_samples_close_up() -> None:
    long = make_recording("ann", "wave", 1, 60.0)
    lossy = disturb("lost", 10, long)
    assert len(lossy.samples) == pytest.approx(0.9 * len(long.samples), rel=0.03)
    assert lossy.rate_hz == pytest.approx(RATE_HZ, rel=1e-3)
    assert lossy.lost == 0
    rows = {tuple(row) for row in long.samples.tolist()}
    assert all(tuple(row) in rows for row in lossy.samples.tolist())


@pytest.mark.parametrize(
    ("name", "level", "expected"),
    [
        ("gain", -20, lambda x: 0.8 * x),
        ("clipping", 500, lambda x: np.clip(x, -500, 500)),
        ("axes", "-y", lambda x: x * [1, -1, 1]),
        ("axes", "xz", lambda x: x[:, [2, 1, 0]]),
    ],
)
def test_sensors_that_are_off(name: str, level: Level, expected: object) -> None:
    wanted = expected(TAKE.samples.astype(float))  # type: ignore[operator]
    np.testing.assert_allclose(disturb(name, level).samples, wanted, atol=0.51)


def test_noise_and_bias_have_their_size() -> None:
    long = make_recording("ann", "idle", 1, 60.0)
    noise = disturb("noise", 50, long).samples - long.samples
    assert noise.std() == pytest.approx(50, rel=0.05)
    bias = disturb("bias", 50, long).samples - long.samples
    assert set(np.abs(bias).ravel().tolist()) == {50}
    np.testing.assert_array_equal(disturb("noise", 50, long).samples - long.samples, noise)


def test_limits_are_read_and_refused() -> None:
    limits = choose_limits(
        contract(), read_limits(["rotation=45:20", "noise=off", "axes=-y:30", "gain=7", "axes=30"])
    )
    assert limits["rotation"] == Limit(45, 20)
    assert "noise" not in limits
    assert limits["axes"] == Limit("-y", 30)
    assert limits["gain"] == Limit(10, 7)
    assert limits["rate"] == Limit(5, 5)
    for wish in ("wind=3", "noise", "noise=a:5", "noise=5:101", "axes=qq:5", "rate=nan"):
        with pytest.raises(UserError, match="expected"):
            read_limits([wish])


def test_levels_and_limits_are_words() -> None:
    assert level_text(-10, "% faster") == "10 % slower"
    assert level_text(2, "% faster") == "2 % faster"
    assert level_text(-20, "%") == "-20 %"
    assert level_text("xy", "") == "xy"
    clock = {"unit": "% faster", "limit": {"level": 5.0, "points": 5.0}}
    assert limit_text(clock) == "5 points at most, to 5 % faster or slower"
    assert limit_text(clock | {"unit": "milli-g"}) == "5 points at most, to 5 milli-g"


def test_the_card_names_the_command_that_measures(trained: Path) -> None:
    record = json.loads((trained / "model" / "record.json").read_text())
    command_line = stress_command(record)
    assert command_line == shlex.join(
        [
            "gesture",
            "stress",
            str(trained / "model" / "gesture.tflite"),
            str(trained / "a.csv"),
            "--subjects",
            "dia",
        ]
    )
    metrics = {name: value for name, value in record["metrics"].items() if name != "robustness"}
    card = fill("model_card.md.j2", {}, record=record, m=metrics)
    assert f"Not measured yet: `{command_line}`." in card


def test_the_card_is_measured_and_kept(trained: Path) -> None:
    folder = trained / "model"
    result = stress(folder / "gesture.tflite", trained / "a.csv", "--subjects", "dia", "--json")
    card = json.loads(result.stdout)
    assert result.exit_code == (0 if card["passed"] else 1)
    assert [row["name"] for row in card["sweeps"]] == list(BY_NAME)
    (row,) = [row for row in card["sweeps"] if row["name"] == "axes"]
    (point,) = [point for point in row["points"] if point["level"] == "xy"]
    truths = ("wave", "chop", "idle")
    made = [make_recording("dia", label, take) for label in truths for take in range(3)]
    takes = [disturb("axes", "xy", recording) for recording in made]
    judged = verdicts(Model.load(folder / "gesture.tflite"), takes)
    right = [verdict.label == truths[place // 3] for place, verdict in enumerate(judged)]
    assert point["accuracy"] == pytest.approx(np.mean(right), abs=1e-4)
    assert "note: 9 recordings (one is 11 points) do not tell limits of 5 points from chance" in result.stderr
    assert point["accuracy"] < card["accuracy"], "wave along x and chop along y swap their roles"
    assert json.loads((folder / "metrics.json").read_text())["robustness"] == card
    assert "Not measured" not in (folder / "MODEL_CARD.md").read_text()
    assert (folder / "robustness.png").read_bytes().startswith(b"\x89PNG")


def test_an_exceeded_limit_fails(trained: Path) -> None:
    arguments = [trained / "model" / "gesture.tflite", trained / "a.csv", "--subjects", "dia"]
    result = stress(*arguments, "--limit", "axes=xy:5", "--out", trained / "elsewhere")
    assert result.exit_code == 1
    assert "FAIL axes: 5 points at most, to xy" in result.stderr
    assert result.output.splitlines()[-1] == f"next: {following('inspect', arguments[0])}"
    assert "10 % slower" in result.stdout
    assert {path.name for path in (trained / "elsewhere").iterdir()} == {"robustness.png", "metrics.json"}
    off = [word for name in BY_NAME for word in ("--limit", f"{name}=off")]
    assert stress(*arguments, *off, "--out", trained / "elsewhere").exit_code == 0


def test_continuous_recordings_are_played(trained: Path) -> None:
    names = ("idle", "wave", "idle")
    parts = [make_recording("eve", label, 9, 4.0) for label in names]
    rows = ["recording_id,label,subject,t_ms,ax,ay,az"]
    samples = np.concatenate([part.samples for part in parts]) / 1000
    labels = [label for part, label in zip(parts, names, strict=True) for _ in part.samples]
    rows += [
        f"s,{label},eve,{1000 * k / RATE_HZ:g},{x:.3f},{y:.3f},{z:.3f}"
        for k, (label, (x, y, z)) in enumerate(zip(labels, samples, strict=True))
    ]
    (trained / "s.csv").write_text("\n".join(rows) + "\n")
    result = stress(trained / "model" / "gesture.tflite", trained / "s.csv", "--out", trained / "s", "--json")
    card = json.loads(result.stdout)
    assert (card["continuous"], card["gestures"]) == (1, 1)
    assert "note: 3 recordings (one is 33 points) and 1 gesture (one is 100 points) do not" in result.stderr
    assert card["recall"] is not None
    assert all(point["recall"] is not None for row in card["sweeps"] for point in row["points"])


def test_bad_input_is_one_line(trained: Path, tmp_path: Path) -> None:
    model = trained / "model" / "gesture.tflite"
    for arguments, words in (
        ([model, tmp_path / "none"], "does not exist"),
        ([tmp_path / "none.tflite", trained / "a.csv"], "cannot read"),
        ([model, trained / "a.csv", "--limit", "x"], "--limit"),
        ([model, trained / "a.csv", "--subjects", "zoe"], "zoe"),
    ):
        result = stress(*arguments, "--out", tmp_path / "out")
        assert result.exit_code == 2
        assert words in result.output
    assert not (tmp_path / "out").exists()
