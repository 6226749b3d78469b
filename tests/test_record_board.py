"""``gesture record`` and ``gesture ports`` with a board: the firmware as a process of this machine."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gesture_tools.boards import HOST
from gesture_tools.link import Link
from gesture_tools.loading import load
from gesture_tools.port import BAUD
from gesture_tools.profile import Profile
from gesture_tools.recorder.board import BoardSource
from gesture_tools.recorder.opening import OtherSource, reopen_source
from gesture_tools.recordings import Recording
from gesture_tools.serving import Served, program_for
from tests.support.board import COUNT, RATE_HZ, rows, serving
from tests.support.firmware import model_file, own_cache  # noqa: F401 - fixtures
from tests.support.recording import await_event, end, record, start

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def program(own_cache: None, model_file: Path) -> Path:  # noqa: F811
    return program_for(HOST, model_file)


@pytest.fixture
def board(program: Path) -> Iterator[Served]:
    with serving(program) as served:
        yield served


def is_played(log: Recording) -> bool:
    """Whether a log holds what the board played, sample by sample, by its own numbers and times."""
    assert log.seq is not None
    expected = rows()[log.seq % COUNT]
    return bool((log.samples == expected).all()) and log.rate_hz == pytest.approx(RATE_HZ, rel=0.002)


def test_takes_have_the_boards_time_and_profile(board: Served, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    ran = end(record(folder, "shake", "--count", 2, "--face-up", port=board.url), folder)
    assert ran.code == 0, ran.err
    assert Profile.read(folder / "gesture.toml") == Profile(rate_hz=RATE_HZ)
    logs = ran.logs
    assert [log.id for log in logs] == ["anna/shake_01", "anna/shake_02"]
    for log in logs:
        assert is_played(log)
        assert log.header["board"] == "host"
        assert len(log.header["interface"]) == 16
        assert log.header["axes"] == "checked face up"
        assert "unverified" not in log.header
        assert 1.1 < log.duration_s < 1.55


def test_no_sample_is_lost_over_tcp(program: Path, tmp_path: Path) -> None:
    with serving(program, tcp=0) as board:
        assert board.url.startswith("socket://")
        ran = end(record(tmp_path / "d", "background", "--seconds", 15, port=board.url), tmp_path / "d")
        again = end(record(tmp_path / "d", "rest", "--seconds", 3, port=board.url), tmp_path / "d")
    assert (ran.code, again.code) == (0, 0), ran.out[-900:] + again.out[-900:]
    background, rest = ran.logs
    assert is_played(background)
    assert is_played(rest)
    assert (background.lost, len(background.t_us)) == (0, pytest.approx(750, abs=20))


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        (Profile(rate_hz=100), "rate_hz: expected 100 within 5%, found 50"),
        (Profile(rate_hz=50, full_scale_mg=8000), "full_scale_mg: expected 8000, found 4000"),
    ],
)
def test_a_board_with_another_contract_is_refused(
    profile: Profile, says: str, board: Served, tmp_path: Path
) -> None:
    profile.write(tmp_path / "gesture.toml")
    ran = end(record(tmp_path, "shake", port=board.url), tmp_path)
    assert ran.code == 2
    assert says in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["gesture.toml"]


def test_options_for_sketches_are_refused(board: Served, tmp_path: Path) -> None:
    ran = end(record(tmp_path / "d", "shake", "--unit", "g", port=board.url), tmp_path)
    assert ran.code == 2
    assert "this board says it itself" in ran.err
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("number", "says"), [(signal.SIGUSR1, "the board restarted"), (signal.SIGKILL, "is gone")]
)
def test_a_board_that_restarts_or_goes_ends_the_recording_and_loses_nothing(
    number: signal.Signals, says: str, board: Served, tmp_path: Path
) -> None:
    process = record(tmp_path / "d", "background", "--wait", 0, port=board.url)
    await_event(process, "progress")
    time.sleep(1.5)
    os.kill(board.process.pid, number)
    ran = end(process, tmp_path / "d")
    assert ran.code == 2, ran.out
    assert says in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    (log,) = ran.logs
    assert is_played(log)
    assert log.header["recovered"] == "yes"
    assert log.lost == 0
    assert len(log.t_us) > 80


def test_a_recording_goes_on_after_a_restart(board: Served, tmp_path: Path) -> None:
    process = record(tmp_path / "d", "background", "--seconds", 8, port=board.url)
    await_event(process, "progress")
    time.sleep(1.0)
    os.kill(board.process.pid, signal.SIGUSR1)
    ran = end(process, tmp_path / "d")
    assert ran.code == 0, ran.err
    assert "the board restarted" in ran.event("lost")["reasons"][0]
    before, after = ran.logs
    assert is_played(before)
    assert is_played(after)
    assert before.duration_s + after.duration_s == pytest.approx(8.0, abs=0.3)
    assert (before.lost, after.lost) == (0, 0)


def test_another_board_does_not_take_a_lost_ones_place(board: Served) -> None:
    lost = BoardSource(Link(board.url))
    lost.close()
    facts = lost.facts
    with closing(reopen_source(board.url, BAUD, lost)) as back:
        assert back.facts == facts
    lost._facts = replace(facts, header=facts.header | {"interface": "0" * 16})
    with pytest.raises(OtherSource, match="another board has come back"):
        reopen_source(board.url, BAUD, lost)


def test_a_killed_recorder_loses_nothing_and_the_next_one_goes_on(board: Served, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    process = record(folder, "background", port=board.url)
    await_event(process, "progress")
    time.sleep(1.5)
    process.kill()
    said = [json.loads(line) for line in process.communicate()[0].splitlines()]
    acknowledged = max(event["on_disk"] for event in said if event["event"] == "progress")
    (part,) = folder.rglob("*.part")
    (log,) = load([part])
    assert is_played(log)
    assert len(log.t_us) >= acknowledged > 50
    ran = end(record(folder, "shake", "--count", 1, port=board.url), folder)
    assert ran.code == 0, ran.err
    assert [log.id for log in ran.logs] == ["anna/background_01", "anna/shake_01"]
    assert all(map(is_played, ran.logs))


def test_a_board_is_listed_and_found_by_itself(board: Served, tmp_path: Path) -> None:
    environment = os.environ | {"TINYGESTURE_PORTS": f"{board.url} /dev/absent"}
    listed = end(start("ports", "--json", env=environment), tmp_path)
    ran = end(record(tmp_path / "d", "rest", "--seconds", 2, env=environment), tmp_path / "d")
    found = {port["url"]: port for port in json.loads(listed.out)}
    assert found[board.url]["kind"] == "board"
    assert found[board.url]["detail"].startswith("host, firmware")
    assert found["/dev/absent"]["kind"] == "unavailable"
    assert ran.code == 0, ran.err
    assert is_played(ran.logs[0])
