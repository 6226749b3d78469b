"""``gesture show``: what is drawn is what is in the log."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.commands.show import command
from gesture_tools.drawing import ROWS, axis_lines, envelope, picture, span_lines, terminal
from gesture_tools.logs import write_log
from gesture_tools.recordings import Recording, Span

WIDTH = 40


def walk(label: str | None = None, count: int = 400) -> Recording:
    t_us = 7_000_000 + np.arange(count, dtype=np.int64) * 20_000
    samples = np.zeros((count, 3), np.int16)
    samples[:, 2] = 1000
    samples[count // 2, 0] = 3210
    spans = (Span("flick", 8_000_000, 9_000_000), Span("wave", 13_000_000, 14_000_000))
    return Recording("walk", label, "$ann$", "1", t_us, samples, spans if label is None else ())


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "walk.csv"
    write_log(path, walk(), {})
    return path


def test_a_folder_with_a_part_alone_is_told_of(tmp_path: Path, log: Path) -> None:
    part = log.rename(tmp_path / "walk.csv.part")
    spans = log.with_name("walk.spans.csv")
    spans.rename(tmp_path / "walk.spans.csv.part")
    result = run(tmp_path)
    assert result.exit_code == 2
    assert f"holds no recordings yet, only {part}: a recording in progress or broken off" in result.output
    assert run(part).exit_code == 0


@pytest.mark.parametrize("count", [2, 5, 37, 5000])
def test_the_envelope_holds_every_sample_and_has_no_holes(count: int) -> None:
    rng = np.random.default_rng(count)
    t_us = np.cumsum(rng.integers(1, 50_000, count)).astype(np.int64)
    values = rng.integers(-32768, 32768, count).astype(np.int16)
    low, high = envelope(t_us, values, 64)
    assert (low <= high).all()
    assert (low.min(), high.max()) == (values.min(), values.max())
    assert (low[1:] <= high[:-1]).all()
    assert (high[1:] >= low[:-1]).all()
    column = np.minimum((t_us - t_us[0]) * 64 // (t_us[-1] - t_us[0]), 63)
    assert (values >= low[column] - 1e-6).all()
    assert (values <= high[column] + 1e-6).all()


def test_a_peak_stands_where_it_is() -> None:
    recording = walk()
    top, *_, bottom = axis_lines(recording.t_us, recording.samples[:, 0], (0, 3210), WIDTH, plain=True)
    assert top.index("*") in (WIDTH // 2 - 1, WIDTH // 2)
    assert top.count("*") == 1
    assert bottom.count("*") == WIDTH
    braille = axis_lines(recording.t_us, recording.samples[:, 0], (0, 3210), WIDTH)
    assert [len(line) for line in braille] == [WIDTH] * ROWS
    blank = [["*" if cell != "\u2800" else " " for cell in line] for line in braille]
    assert "".join(blank[0]) == top


def test_spans_stand_below_their_samples() -> None:
    bar, labels = span_lines(walk(), WIDTH)
    assert bar == "-" * 5 + "=" * 6 + "-" * 19 + "=" * 6 + "-" * 4
    assert (labels.index("flick"), labels.index("wave")) == (5, 30)
    recording = walk()
    crowded = Recording("c", None, "a", "1", recording.t_us, recording.samples, _crowd())
    _, *rows = span_lines(crowded, WIDTH)
    assert len(rows) == 2
    assert sum(row.count("shake") for row in rows) == 2


def _crowd() -> tuple[Span, ...]:
    return (Span("shake", 8_000_000, 8_200_000), Span("shake", 8_300_000, 8_500_000))


def test_a_log_at_rest_is_drawn() -> None:
    still = Recording("s", "background", "a", "1", np.array([0, 1], np.int64), np.zeros((2, 3), np.int16))
    assert len(list(terminal(still, 20))) == 3 * ROWS


def test_terminal_output(log: Path) -> None:
    result = run(log)
    assert result.exit_code == 0, result.output
    assert "walk: continuous, subject $ann$, 7.98 s, 50.0 Hz" in result.output
    assert "+3.21 g" in result.output
    assert "flick" in result.output
    assert "next: gesture show" in result.output


def test_json_facts(log: Path) -> None:
    (facts,) = json.loads(run(log, "--json").output)
    assert facts["label"] is None
    assert facts["rate_hz"] == 50
    assert facts["greatest_mg"] == [3210, 0, 1000]
    assert facts["spans"][0] == {"label": "flick", "start_s": 1.0, "end_s": 2.0}


@pytest.mark.parametrize(("name", "magic"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml")])
def test_pictures(log: Path, name: str, magic: bytes) -> None:
    pytest.importorskip("matplotlib")
    out = log.with_name(name)
    result = run(log, "--out", out)
    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(magic)
    assert picture([walk()], out.suffix) == picture([walk()], out.suffix)


def test_only_so_many_are_drawn(tmp_path: Path) -> None:
    for number in range(4):
        write_log(tmp_path / f"w{number}.csv", walk("wave"), {})
    output = run(tmp_path, "--limit", 3).output
    assert output.count("subject") == 3
    assert "not drawn: 1 more" in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere.csv"], "does not exist"),
        (["walk.csv", "--out", "a.gif"], "expected a file name with .png or .svg"),
        (["walk.csv", "--out", "no/where/a.png"], "cannot write"),
    ],
)
def test_bad_input_is_one_line(
    log: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    monkeypatch.chdir(log.parent)
    result = run(*arguments)
    assert result.exit_code == 2
    assert expected in result.output
