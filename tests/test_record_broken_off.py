"""``gesture record`` broken off, in every way there is: nothing that was acknowledged is lost."""

from __future__ import annotations

import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gesture_tools.logs import read_log
from tests.kill_recorder import MODES, kill_once
from tests.support.recording import Ran, await_event, end, record
from tests.support.scenarios import Results, named, side_by_side
from tests.support.sketch import RATE_HZ, Row, Sketch, movement, rest, shaken

pytestmark = pytest.mark.realtime


def interrupted(folder: Path) -> Ran:
    with Sketch() as sketch:
        process = record(folder, "background", port=sketch.port)
        said = await_event(process, "progress")
        time.sleep(1.2)
        process.send_signal(signal.SIGINT)
        return end(process, folder, said=said)


def unplugged(folder: Path) -> Ran:
    sketch = Sketch()
    process = record(folder, "background", "--minutes", 10, "--wait", 0, port=sketch.port)
    await_event(process, "progress")
    time.sleep(1.0)
    sketch.close()
    return end(process, folder)


def killed(folder: Path) -> Ran:
    with Sketch() as sketch:
        process = record(folder, "background", "--minutes", 10, port=sketch.port)
        await_event(process, "progress")
        time.sleep(1.2)
        process.kill()
        process.communicate()
        parts = [path.name for path in (folder / "anna").iterdir()]
        return end(record(folder, "rest", "--seconds", 0.5, port=sketch.port), folder, parts=parts)


def stopped(folder: Path) -> Ran:
    stop = threading.Event()
    with Sketch(spoil=lambda _, line: b"" if stop.is_set() else line) as sketch:
        process = record(folder, "background", "--wait", 0, port=sketch.port)
        await_event(process, "progress")
        time.sleep(1.2)
        stop.set()
        return end(process, folder)


def full_disk(folder: Path) -> Ran:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

    with Sketch() as sketch:
        return end(record(folder, "background", port=sketch.port, preexec_fn=limit), folder)


def kill(folder: Path, mode: str) -> Ran:
    """One of the kills of tests/kill_recorder.py, at a random moment."""
    delay_s = random.uniform(3.0, 9.0)
    return Ran(0, "", "", folder, {"found": kill_once(folder, mode, delay_s)})


def slipped(
    folder: Path,
    *arguments: object,
    sample: Callable[[int], Row] = rest,
    after: str = "progress",
    gone_s: float = 1.0,
) -> Ran:
    """A recorder whose cable slips a second after an event, and is back gone_s later: another device."""
    folder.mkdir(parents=True)
    port = folder / "port"
    sketch = Sketch(sample)
    port.symlink_to(sketch.port)
    process = record(folder / "data", *arguments, port=str(port))
    said = await_event(process, after)
    time.sleep(1.0)
    sketch.close()
    port.unlink()
    time.sleep(gone_s)
    with Sketch(sample) as again:
        port.symlink_to(again.port)
        ran = end(process, folder / "data")
    return replace(ran, out=said + ran.out)


def slow(number: int) -> Row:
    return movement(number, RATE_HZ, 2.5)


SCENARIOS = {
    **{f"kill {mode}": partial(kill, mode=mode) for mode in MODES},
    "slipped stretch": lambda folder: slipped(folder, "background", "--seconds", 6),
    "slipped takes": lambda folder: slipped(folder, "shake", "--count", 3, sample=shaken, after="take"),
    "slipped session": lambda folder: slipped(
        folder, "shake", "circle", "--continuous", "--count", 1, sample=slow, after="span"
    ),
    "slipped too long": lambda folder: slipped(folder, "background", "--wait", 1, gone_s=4.0),
    **named(killed, interrupted, unplugged, stopped, full_disk),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with side_by_side(SCENARIOS, tmp_path_factory.mktemp("record")) as results:
        yield results


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("interrupted", 130, "interrupted"),
        ("unplugged", 2, "is gone"),
        ("stopped", 2, "nothing has come for 3 s"),
        ("full_disk", 2, "File too large"),
    ],
)
def test_what_was_recorded_stays(name: str, code: int, says: str, ran: Results) -> None:
    result = ran(name)
    assert result.code == code, result.err
    assert says in result.err
    assert "Traceback" not in result.err
    assert len(result.err.strip().splitlines()) == 1
    (path,) = result.folder.rglob("*.csv*")
    if path.suffix != ".csv":  # no room for the finished log either: the part waits for the next start
        left = result.event("left")["reasons"]
        assert name == "full_disk", left
        assert "cannot write" in left[0]
    log = read_log(path)
    assert path.suffix != ".csv" or log.header["recovered"] == "yes"
    assert len(log.t_us) > 40
    assert log.lost == 0


def test_what_a_killed_recorder_left_is_recovered_at_the_next_start(ran: Results) -> None:
    result = ran("killed")
    assert result.code == 0, result.err
    assert result.extra["parts"] == ["background_01.csv.part"]
    assert result.event("recovered")["file"].endswith("background_01.csv")
    background, take = result.logs
    assert background.header["recovered"] == "yes"
    assert len(background.t_us) > 40
    assert take.label == "rest"


@pytest.mark.parametrize("mode", MODES)
def test_kills_lose_nothing_that_was_acknowledged(mode: str, ran: Results) -> None:
    assert ran(f"kill {mode}").extra["found"]["kills"] == 1


def test_a_stretch_goes_on_when_the_cable_is_back(ran: Results) -> None:
    result = ran("slipped stretch")
    assert result.code == 0, result.err
    assert "is gone" in result.event("lost")["reasons"][0]
    told = [event["event"] for event in result.events if event["event"] != "progress"]
    assert told[-5:] == ["lost", "back", "go", "take", "done"]
    first, second = result.logs
    assert first.header["recovered"] == "yes"
    assert first.duration_s + second.duration_s == pytest.approx(6.0, abs=0.3)
    assert first.header["unit"] == second.header["unit"]
    assert (first.lost, second.lost) == (0, 0)


def test_takes_go_on_when_the_cable_is_back(ran: Results) -> None:
    result = ran("slipped takes")
    assert result.code == 0, result.err
    assert [log.id for log in result.logs] == [f"anna/shake_0{number}" for number in (1, 2, 3)]
    assert all(1.1 < log.duration_s < 1.6 for log in result.logs)


def test_a_session_goes_on_with_the_cues_that_are_left(ran: Results) -> None:
    result = ran("slipped session")
    assert result.code == 0, result.err
    first, second = result.logs
    assert sorted(span.label for log in (first, second) for span in log.spans) == ["circle", "shake"]
    assert (len(first.spans), len(second.spans)) == (1, 1)


def test_a_cable_that_is_not_back_in_time_ends_it(ran: Results) -> None:
    result = ran("slipped too long")
    assert result.code == 2
    assert "not back within 1 s; what came before is kept" in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert [log.id for log in result.logs] == ["anna/background_01"]
