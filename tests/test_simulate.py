"""``gesture simulate``: output, expectations, exit codes, and what it must not import."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.commands.simulate import command
from gesture_tools.lint import check
from gesture_tools.loading import load
from gesture_tools.logs import write_log
from gesture_tools.recordings import Recording, Span

pytest.importorskip("tensorflow")
from tests.support.models import contract, peaks
from tests.support.terminal import at_terminal

RATE_HZ = 50.0
CONTRACT = contract(window=20, hop=5, thresholds=(0, 128, 128))


@pytest.fixture(scope="module")
def model() -> bytes:
    return peaks(CONTRACT)


@pytest.fixture(autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory, model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with the model."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "m.tflite").write_bytes(model)
    monkeypatch.chdir(folder)


def recording(strokes: dict[float, int], seconds: float = 4.0, rate_hz: float = RATE_HZ) -> Recording:
    """A recording at rest with strokes of 0.1 s of the first channel: {time in s: milli-g}."""
    t_us = np.rint(np.arange(int(seconds * rate_hz)) * 1e6 / rate_hz).astype(np.int64)
    samples = np.zeros((len(t_us), 3), dtype=np.int16)
    for time, value in strokes.items():
        samples[(t_us >= time * 1e6) & (t_us < (time + 0.1) * 1e6), 0] = value
    return Recording("x", "background", "anna", "s1", t_us + 7_000_000, samples)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder of three logs: one gesture, a continuous one with three, and rest."""
    folder = tmp_path / "logs"
    folder.mkdir()
    write_log(folder / "left.csv", replace(recording({1.0: -2000}), label="left"), {})
    spans = (
        Span("left", 8_000_000, 8_200_000),
        Span("wave", 9_000_000, 9_500_000),
        Span("right", 12_000_000, 12_100_000),
    )
    walk = replace(recording({1.0: -2000, 3.0: -2000, 5.0: 2000}, 8.0), label=None, spans=spans)
    write_log(folder / "walk.csv", walk, {})
    write_log(folder / "rest.csv", recording({}), {})
    return folder


def run(*arguments: object) -> Result:
    """Run the command with the model."""
    return CliRunner().invoke(command, ["m.tflite", *map(str, arguments)])


def test_the_timeline_shows_gestures_events_and_latency(logs: Path) -> None:
    result = run(logs)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "left: 3.98 s, left, subject anna"
    assert lines[2] == "  verdict  left (0.66)"
    walk = lines[lines.index("walk: 7.98 s, continuous, subject anna") :]
    assert walk[1].startswith("  gestures |-------===-")
    assert len(walk[1]) == len(walk[2])
    assert [index for index, mark in enumerate(walk[2]) if mark == "^"] == [
        12 + int(time * 60 / 7.98) for time in (1.08, 3.08, 5.08)
    ]
    assert walk[4].split() == ["1.08", "s", "left", "1.00", "-0.12", "s"]
    assert walk[5].split() == [
        "3.08",
        "s",
        "left",
        "1.00",
        "outside",
        "every",
        "gesture",
        "of",
        "its",
        "label",
    ]
    assert walk[6].split() == ["5.08", "s", "right", "1.00", "-0.02", "s"]
    assert walk[7] == "  2 of 2 gestures found; 1 false activation"
    assert lines[-2] == (
        "in all: 3 recordings, 2 of 2 verdicts right, 2 of 2 gestures found, 1 false activation"
    )
    assert lines[-1] == f"next: gesture simulate m.tflite {logs} --write-expect expect.csv"


def test_a_terminal_shows_the_same_lines_on_its_width(logs: Path) -> None:
    pytest.importorskip("rich")
    plain = [line for line in run(logs).stdout.splitlines() if "|" not in line]
    shown = at_terminal(logs, [], "simulate", "m.tflite", logs)
    assert shown.code == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.out).splitlines()
    assert [line for line in lines if "|" not in line] == plain
    assert {len(line) for line in lines if "|" in line} == {99}


def test_what_was_missed_is_named(tmp_path: Path) -> None:
    spans = (Span("right", 8_000_000, 8_200_000), Span("right", 10_000_000, 10_400_000))
    write_log(tmp_path / "x.csv", replace(recording({1.0: -2000}, 8.0), label=None, spans=spans), {})
    result = run(tmp_path / "x.csv")
    assert result.stdout.splitlines()[-2] == (
        "  0 of 2 gestures found, missed: right at 1.0 s, right at 3.0 s; 1 false activation"
    )
    assert "in all" not in result.stdout


def test_events_in_background_are_false_and_those_in_takes_are_not_judged(tmp_path: Path) -> None:
    write_log(tmp_path / "take.csv", replace(recording({1.0: -2000}), label="left"), {})
    write_log(tmp_path / "rest.csv", recording({1.0: -2000, 3.0: 2000}), {})
    summary = json.loads(run(tmp_path, "--json").stdout)["summary"]
    assert (summary["judged"], summary["right"], summary["false_activations"]) == (2, 1, 2)


def test_json_holds_everything(logs: Path, model: bytes) -> None:
    result = run(logs, "--json")
    document = json.loads(result.stdout)
    assert document["model_id"] == hashlib.sha256(model).hexdigest()
    assert document["summary"] == {
        "recordings": 3,
        "judged": 2,
        "right": 2,
        "gestures": 2,
        "found": 2,
        "false_activations": 1,
    }
    left, rest, walk = document["logs"]
    assert left["verdict"] == {"label": "left", "score": 0.664062}
    assert left["events"] == [
        {"label": "left", "score": 0.996094, "start_s": 0.7, "time_s": 1.08, "latency_s": None}
    ]
    assert (rest["events"], rest["verdict"]["label"]) == ([], "background")
    assert [event["latency_s"] for event in walk["events"]] == [-0.12, None, -0.02]
    assert walk["gestures"] == [
        {"label": "left", "start_s": 1.0, "end_s": 1.2, "found": True},
        {"label": "right", "start_s": 5.0, "end_s": 5.1, "found": True},
    ]
    assert (walk["resampled"], walk["lost"], walk["label"]) == (False, 0, None)


def test_csv_has_one_row_per_recording(logs: Path) -> None:
    rows = list(csv.DictReader(run(logs, "--csv").stdout.splitlines()))
    assert list(rows[0]) == ["id", "label", "subject", "verdict", "score", "events"]
    assert [(row["id"], row["label"], row["verdict"], row["events"]) for row in rows] == [
        ("left", "left", "left", "1"),
        ("rest", "background", "background", "0"),
        ("walk", "", "left", "3"),
    ]


def test_another_rate_is_resampled_and_said(tmp_path: Path) -> None:
    write_log(tmp_path / "fast.csv", recording({1.0: 2000}, rate_hz=200.0), {})
    result = run(tmp_path / "fast.csv")
    assert "resampled from 200.0 to 50 Hz" in result.stdout
    assert result.stdout.count("right ") == 2
    write_log(tmp_path / "near.csv", recording({1.0: 2000}, rate_hz=51.0), {})
    assert "resampled from" not in run(tmp_path / "near.csv").stdout


def test_recordings_shorter_than_a_window_get_a_verdict_and_no_event(tmp_path: Path) -> None:
    write_log(tmp_path / "short.csv", replace(recording({0.1: 2000}, 0.3), label="right"), {})
    result = run(tmp_path / "short.csv")
    assert "verdict  right (1.00)" in result.stdout
    assert "shorter than the model's window of 20 samples: no event possible" in result.stdout


def test_lost_samples_are_said(tmp_path: Path) -> None:
    whole = recording({1.0: 2000})
    keep = np.delete(np.arange(len(whole.t_us)), [10, 11])
    gappy = replace(whole, t_us=whole.t_us[keep], samples=whole.samples[keep], seq=keep)
    write_log(tmp_path / "x.csv", gappy, {})
    assert "2 lost samples: begun anew behind each gap" in run(tmp_path / "x.csv").stdout


def test_after_lost_samples_no_event_before_a_window_of_unbroken_ones(tmp_path: Path) -> None:
    """Without the gap the stroke is seen with its first sample; behind it when a window is whole again."""
    whole = recording({1.0: 2000})

    def events(*lost: int) -> list[tuple[float, float]]:
        keep = np.delete(np.arange(len(whole.t_us)), lost)
        log = replace(whole, t_us=whole.t_us[keep], samples=whole.samples[keep], seq=keep)
        write_log(tmp_path / "x.csv", log, {})
        found = json.loads(run(tmp_path / "x.csv", "--json").stdout)["logs"][0]["events"]
        return [(event["start_s"], event["time_s"]) for event in found]

    assert events() == [(0.7, 1.08)]
    assert events(48) == [(0.98, 1.36)]
    assert events(40, 52) == [(1.06, 1.44)]
    assert events(40, 60) == []


def test_a_table_is_simulated_too(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    rows = [f"r,left,p,{20 * i},{-2 if 50 <= i < 55 else 0},0,1\n" for i in range(100)]
    (tmp_path / "t.csv").write_text("recording_id,label,subject,t_ms,ax,ay,az\n" + "".join(rows))
    assert run(tmp_path / "t.csv", "--csv").stdout.splitlines()[1] == "r,left,p,left,0.6641,1"


def test_what_was_written_is_expected(logs: Path, tmp_path: Path) -> None:
    expect = tmp_path / "expect.csv"
    written = run(logs, "--write-expect", expect)
    assert written.stdout.splitlines()[-1] == f"next: gesture simulate m.tflite {logs} --expect {expect}"
    lines = [line for line in expect.read_text().splitlines() if not line.startswith("#")]
    assert lines[:2] == ["log,label,start_s,end_s", "left,left,0.700,1.080"]
    assert len(lines) == 5
    result = run(logs, "--expect", expect)
    assert result.exit_code == 0, result.output
    assert "as expected: 4 events in 3 recordings" in result.stdout


@pytest.mark.parametrize("beginning", [b"", b"\xef\xbb\xbf"])
def test_what_was_written_may_lie_among_the_logs(logs: Path, tmp_path: Path, beginning: bytes) -> None:
    shutil.copytree(logs, tmp_path / "data")
    before = [recording.id for recording in load([tmp_path / "data"])]
    assert run(tmp_path / "data", "--write-expect", tmp_path / "data" / "expect.csv").exit_code == 0
    expect = tmp_path / "data" / "expect.csv"
    expect.write_bytes(beginning + expect.read_bytes())  # an editor may have saved it
    assert run(tmp_path / "data", "--expect", expect).exit_code == 0
    assert run(*sorted((tmp_path / "data").glob("*.csv"))).exit_code == 0
    assert [recording.id for recording in load([tmp_path / "data"])] == before
    assert not check([tmp_path / "data"])[0].findings
    assert run(tmp_path / "data", "--write-expect", expect).exit_code == 0


@pytest.mark.parametrize("name", ["r1.csv", "#1", " blank ", 'a"b,c', "line\nend"])
def test_what_was_written_is_expected_whatever_the_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    named = replace(recording({1.0: 2000}), id=name)
    plain = replace(recording({}), id="r1")
    monkeypatch.setattr("gesture_tools.commands.simulate.load", lambda paths: [named, plain])
    assert run("x", "--write-expect", tmp_path / "e.csv").exit_code == 0
    result = run("x", "--expect", tmp_path / "e.csv")
    assert result.exit_code == 0, result.output
    assert "1 event in 2 recordings" in result.stdout


def test_only_files_of_expected_events_are_replaced(logs: Path, tmp_path: Path) -> None:
    expect = tmp_path / "e.csv"
    assert run(logs, "--write-expect", expect).exit_code == 0
    assert run(logs, "--write-expect", expect).exit_code == 0
    (tmp_path / "link").symlink_to(expect)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "other").write_text("log,label,start_s,end_s\n")
    before = (logs / "left.csv").read_bytes()
    for path, message in (
        (logs / "left.csv", "was not written by --write-expect"),
        (tmp_path / "other", "was not written by --write-expect"),
        (tmp_path / "link", "is no regular file"),
        (tmp_path / "pipe", "is no regular file"),
        (logs, "is no regular file"),
        (expect / "below.csv", "cannot write"),
    ):
        result = run(logs, "--write-expect", path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert (logs / "left.csv").read_bytes() == before


def expectation(folder: Path, *rows: str) -> Path:
    """A file of expected events."""
    path = folder / "expect.csv"
    path.write_text("\n".join(["log,label,start_s,end_s", *rows]) + "\n")
    return path


GOOD = ("left,left,0.9,1.1", "walk.csv,left,1,1", "walk,left,2.6,2.6", "walk,right,5,5.2")


def test_an_expectation_by_hand_passes(logs: Path, tmp_path: Path) -> None:
    result = run(logs, "--expect", expectation(tmp_path, *GOOD))
    assert result.exit_code == 0, result.output
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("rows", "failures"),
    [
        (GOOD[:3], ["FAIL walk: false activation: right at 5.08 s (score 1.00)"]),
        ((*GOOD, "rest,left,1,2"), ["FAIL rest: missed left, expected from 1.00 to 2.50 s"]),
        (
            ("left,right,0.9,1.1", *GOOD[1:]),
            [
                "FAIL left: missed right, expected from 0.90 to 1.60 s",
                "FAIL left: false activation: left at 1.08 s (score 1.00)",
            ],
        ),
        (
            ("left,left,0.9,1.1", "walk,left,1,4", "walk,right,5,5.2"),
            ["FAIL walk: false activation: left at 3.08 s (score 1.00)"],
        ),
        ((*GOOD, GOOD[0]), ["FAIL left: missed left, expected from 0.90 to 1.60 s"]),
    ],
)
@pytest.mark.parametrize("mode", [[], ["--json"], ["--csv"]])
def test_each_miss_and_false_activation_is_a_line(
    logs: Path, tmp_path: Path, rows: tuple[str, ...], failures: list[str], mode: list[str]
) -> None:
    result = run(logs, "--expect", expectation(tmp_path, *rows), *mode)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == failures
    if mode == ["--json"]:
        document = json.loads(result.stdout)
        assert document["passed"] is False
        assert [f"FAIL {line}" for line in document["failures"]] == failures


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("left,left,0.9", "line 2: expected 4 columns, found 3"),
        ("left,left,soon,1", "line 2, column start_s: expected seconds, at most 1000000000, found 'soon'"),
        ("left,left,1,nan", "line 2, column end_s: expected seconds, at most 1000000000, found 'nan'"),
        ("left,left,1e300,1e305", "line 2, column start_s: expected seconds, at most 1000000000"),
        ("left,left,1,1e10", "line 2, column end_s: expected seconds, at most 1000000000, found '1e10'"),
        ("left,left,2,1", "line 2: end_s is 1, before start_s 2"),
        ("left,jump,1,2", "line 2: the model has no gesture 'jump': expected one of left, right"),
        ("left,background,1,2", "line 2: the model has no gesture 'background'"),
        ("other,left,1,2", "line 2: the log 'other' is not among those given: left, rest, walk"),
    ],
)
def test_a_wrong_expectation_is_refused(logs: Path, tmp_path: Path, row: str, message: str) -> None:
    result = run(logs, "--expect", expectation(tmp_path, row))
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_wrong_use_is_refused_in_one_line(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "columns.csv").write_text("log,label,start_s\n")
    (tmp_path / "twice.csv").write_text("log,label,start_s,end_s,label\n")
    for arguments, message in (
        ([logs, "--json", "--csv"], "expected --json or --csv, found both"),
        ([logs, "--expect", "a", "--write-expect", "b"], "found both"),
        ([logs, "--expect", tmp_path / "missing.csv"], "cannot read"),
        ([logs, "--expect", tmp_path / "columns.csv"], "missing columns: end_s"),
        ([logs, "--expect", tmp_path / "twice.csv"], "there twice: label"),
        ([logs, "--write-expect", tmp_path / "no" / "folder.csv"], "cannot write"),
        ([tmp_path / "missing.csv"], "does not exist"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""


def test_the_picture_writes_the_label_at_each_event(logs: Path, tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "docs" / "make_picture.py"
    for log, times in (("walk", 3), ("rest", 1)):
        out = tmp_path / "picture.svg"
        program = [sys.executable, str(script), "m.tflite", str(logs / f"{log}.csv"), str(out)]
        subprocess.run(program, check=True)
        assert out.read_text().count("<!-- right -->") == times, "in the legend, at its span, at its event"


def test_a_log_given_as_the_model_is_told_from_one(logs: Path) -> None:
    result = CliRunner().invoke(command, [str(logs / "walk.csv"), str(logs)])
    assert result.exit_code == 2
    assert "ERR_NOT_TFLITE); this is text: give a .tflite file" in result.stderr


def test_neither_tensorflow_nor_pandas_nor_rich_is_imported_for_logs(logs: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "import gesture_tools.commands.simulate, gesture_tools.runtime\n"
        "from gesture_tools.loading import load\n"
        f"assert len(load([Path({str(logs)!r})])) == 3\n"
        "print(sorted({'tensorflow', 'keras', 'pandas', 'rich', 'scipy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
