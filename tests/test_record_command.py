"""``gesture record`` and ``gesture ports`` as processes, on real serial pairs and sockets.

Every scenario takes seconds of real time, nearly all of it waiting: they run side by side, and each test
looks at one when it is over.
"""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.port import open_port
from gesture_tools.profile import Profile
from tests.support.recording import Ran, end, record, start
from tests.support.scenarios import Results, named, side_by_side
from tests.support.sketch import RATE_HZ, Row, Sketch, movement, rest, shaken

pytestmark = pytest.mark.realtime


def takes(folder: Path) -> Ran:
    with Sketch(shaken, before=b"boot v2\r\naX,aY,aZ\r\n") as sketch:
        return end(
            record(folder, "shake left", "--count", 2, "--face-up", port=sketch.port),
            folder,
            port=sketch.port,
        )


def clipped(row: Row) -> str:
    return ",".join(f"{max(-1.0, min(1.0, value)) * 9.81:.2f}" for value in row) + "\n"


def too_strong(folder: Path, more: str = "--json") -> Ran:
    with Sketch(shaken) as sketch:
        return end(
            record(folder, "shake", "--count", 1, "--full-scale", 1100, more, port=sketch.port), folder
        )


def raw_counts(row: Row) -> str:
    return "\t".join(str(round(value * 16384)) for value in row) + "\n"


def raw(folder: Path) -> Ran:
    with Sketch(line=raw_counts) as sketch:
        return end(record(folder, "rest", "--seconds", 1, port=sketch.port), folder)


def metres(folder: Path) -> Ran:
    with Sketch(line=lambda row: " ".join(f"{value * 9.81:.3f}" for value in row) + "\n") as sketch:
        return end(record(folder, "rest", "--seconds", 1, port=sketch.port), folder)


def spoiled(folder: Path) -> Ran:
    def spoil(number: int, line: bytes) -> bytes:
        return b"0.1,0.#\r\n" if number % 40 == 39 else line

    with Sketch(spoil=spoil) as sketch:
        return end(record(folder, "rest", "--seconds", 3, port=sketch.port), folder)


def spoiled_by_force(folder: Path) -> Ran:
    first = spoiled(folder)
    with Sketch() as sketch:
        again = record(folder, "rest", "--seconds", 1, "--force", port=sketch.port)
        return end(again, folder, left=first.event("left")["file"])


def noise(folder: Path) -> Ran:
    random_bytes = random.Random(1)
    with Sketch(spoil=lambda _, line: random_bytes.randbytes(len(line))) as sketch:
        return end(record(folder, "rest", port=sketch.port), folder)


def other_device(folder: Path) -> Ran:
    with Sketch(line=lambda _: "$GPGGA,123519,4807.038,N,01131.000,E,1,08\r\n") as sketch:
        return end(record(folder, "rest", port=sketch.port), folder)


def silent(folder: Path) -> Ran:
    with Sketch(spoil=lambda *_: b"") as sketch:
        return end(record(folder, "rest", port=sketch.port), folder)


def busy(folder: Path) -> Ran:
    with Sketch() as sketch, open_port(sketch.port):
        return end(record(folder, "rest", port=sketch.port), folder)


def continuous(folder: Path) -> Ran:
    with Sketch(lambda number: movement(number, RATE_HZ, 2.5)) as sketch:
        return end(record(folder, "shake", "circle", "--continuous", "--count", 1, port=sketch.port), folder)


def turned(folder: Path) -> Ran:
    with Sketch(lambda number: (rest(number)[2], *rest(number)[:2])) as sketch:
        return end(record(folder, "rest", "--seconds", 1, "--face-up", port=sketch.port), folder)


def turned_by_force(folder: Path) -> Ran:
    with Sketch(lambda number: (rest(number)[2], *rest(number)[:2])) as sketch:
        arguments = ("rest", "--seconds", 1, "--face-up", "--force")
        return end(record(folder, *arguments, port=sketch.port), folder)


def other_rate(folder: Path) -> Ran:
    folder.mkdir()
    Profile(rate_hz=100.0).write(folder / "gesture.toml")
    with Sketch() as sketch:
        return end(record(folder, "rest", port=sketch.port), folder)


def dead(folder: Path) -> Ran:
    with Sketch(lambda _: (0.0, 0.0, 0.0)) as sketch:
        return end(record(folder, "rest", port=sketch.port), folder)


def never_moves(folder: Path) -> Ran:
    with Sketch(lambda number: movement(number, RATE_HZ, 40.0, 39.5)) as sketch:
        return end(record(folder, "shake", "--count", 1, "--unit", "g", port=sketch.port), folder)


def by_itself(folder: Path) -> Ran:
    with Sketch() as sketch, Sketch(spoil=lambda *_: b"") as mute:
        ports = {"TINYGESTURE_PORTS": f"{mute.port} {sketch.port} socket://127.0.0.1:9"}
        listed = start("ports", "--json", env=os.environ | ports).communicate(timeout=60)[0]
        process = record(folder, "rest", "--seconds", 1, env=os.environ | ports)
        return end(process, folder, listed=listed, right=sketch.port, mute=mute.port)


def over_a_socket(folder: Path) -> Ran:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                begin = time.monotonic()
                try:
                    for number in range(10_000):
                        time.sleep(max(0.0, begin + number / 200 - time.monotonic()))
                        connection.sendall(
                            ",".join(f"{value:.3f}" for value in rest(number)).encode() + b"\n"
                        )
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        return end(record(folder, "rest", "--seconds", 2, port=url), folder)


SCENARIOS = {
    "by force": partial(too_strong, more="--force"),
    **named(silent, continuous, by_itself, too_strong, never_moves, takes, spoiled, raw, metres, noise),
    **named(dead, other_device, busy, turned, turned_by_force, other_rate, over_a_socket, spoiled_by_force),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with side_by_side(SCENARIOS, tmp_path_factory.mktemp("record")) as results:
        yield results


def test_takes_are_cut_judged_and_kept(ran: Results) -> None:
    result = ran("takes")
    assert result.code == 0, result.err
    assert [event["event"] for event in result.events if event["event"] != "progress"] == [
        *("source", "profile", "axes", "go", "take", "go", "take", "done")
    ]
    assert Profile.read(result.folder / "gesture.toml") == Profile(rate_hz=50.0)
    logs = result.logs
    assert [log.id for log in logs] == ["anna/shake_left_01", "anna/shake_left_02"]
    for log in logs:
        assert (log.label, log.subject) == ("shake left", "anna")
        assert log.header["axes"] == "checked face up"
        assert log.header["unverified"] == "time, rate_hz, unit, full_scale_mg"
        assert log.header["unit"].startswith("g (measured")
        assert log.header["cut"] == "yes"
        assert 1.1 < log.duration_s < 1.55  # less than 1.5 s where the stream began just before
        motion = np.abs(log.samples[:, 0]) > 300
        assert 7 <= np.flatnonzero(motion)[0] < np.flatnonzero(motion)[-1] <= len(motion) - 15
    assert result.event("done")["next"].startswith("gesture record background --subject anna")


def test_clipping_is_refused_and_by_force_marked(ran: Results) -> None:
    result = ran("too_strong")
    assert result.code == 1, result.err
    assert [event["kept"] for event in result.events if event["event"] == "take"] == [False] * 3
    assert "clipped at the sensor's range (+-1100 milli-g)" in result.event("take")["reasons"][0]
    assert not list(result.folder.rglob("*.csv*"))
    forced = ran("by force")
    assert forced.code == 0, forced.err
    (log,) = forced.logs
    assert "clipped" in log.header["forced"]
    assert np.abs(log.samples).max() > 1100


@pytest.mark.parametrize(("name", "unit"), [("raw", "raw, 16384 per g"), ("metres", "m/s2 (measured")])
def test_units_are_measured(name: str, unit: str, ran: Results) -> None:
    result = ran(name)
    assert result.code == 0, result.err
    (log,) = result.logs
    assert log.header["unit"].startswith(unit)
    assert np.median(log.samples[:, 2]) == pytest.approx(1000, abs=3)
    assert log.rate_hz == pytest.approx(50, rel=0.03)


def test_malformed_lines_are_counted_shown_and_lost_samples(ran: Results) -> None:
    result = ran("spoiled")
    assert result.code == 1, result.err
    take = result.event("take")
    assert "samples lost" in take["reasons"][0]
    assert "malformed lines or frames: '0.1,0.#'" in take["notes"][0]
    last = [event for event in result.events if event["event"] == "progress"][-1]
    # The last malformed line is lost for certain once a good one has come after it.
    assert 2 <= last["lost"] <= last["malformed"] <= last["lost"] + 1
    assert last["example"] == "0.1,0.#"
    assert [path.name for path in (result.folder / "anna").iterdir()] == ["rest_01.csv.part"]


def test_a_refused_recording_is_left_and_kept_by_force_later(ran: Results) -> None:
    result = ran("spoiled_by_force")
    assert result.code == 0, result.err
    assert Path(result.extra["left"]).name == "rest_01.csv.part"
    assert not Path(result.extra["left"]).exists()
    assert result.event("recovered")["file"].endswith("rest_01.csv")
    forced, _ = sorted(result.logs, key=lambda log: log.id)
    assert "samples lost" in forced.header["forced"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("noise", "bytes are no text; wrong speed? 115200 baud is set"),
        ("other_device", "another device: it says '$GPGGA"),
        ("silent", "nothing is heard; is the sketch running"),
        ("dead", "the sketch prints 0,0,0 all the time: expected a sensor"),
        ("busy", "busy: another program holds it"),
        ("turned", "wrong axes: face up at rest the board reads (100"),
        ("other_rate", "rate_hz: expected 100 within 5%, found 50"),
    ],
)
def test_bad_input_is_told_in_one_line(name: str, says: str, ran: Results) -> None:
    result = ran(name)
    assert result.code == 2, result.out
    assert says in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert not list(result.folder.rglob("*.csv*"))


def test_wrong_axes_by_force_are_marked(ran: Results) -> None:
    result = ran("turned_by_force")
    assert result.code == 0, result.err
    assert "wrong axes" in result.logs[0].header["forced"]


def test_a_movement_without_end_is_no_take(ran: Results) -> None:
    result = ran("never_moves")
    assert result.code == 1, result.err
    refusals = [event["reasons"][0] for event in result.events if event["event"] == "refused"]
    assert refusals == ["a movement of 6 s: expected one gesture, with rest before and after"] * 3


def test_a_continuous_session_has_its_cued_gestures_as_spans(ran: Results) -> None:
    result = ran("continuous")
    assert result.code == 0, result.err
    (log,) = result.logs
    cues = [event["label"] for event in result.events if event["event"] == "cue"]
    assert [span.label for span in log.spans] == cues
    assert sorted(cues) == ["circle", "shake"]
    for span in log.spans:
        assert (span.end_us - span.start_us) / 1e6 == pytest.approx(0.65, abs=0.15)
        inside = (log.t_us >= span.start_us) & (log.t_us < span.end_us)
        assert np.abs(log.samples[inside, 0]).max() > 1000


def test_the_only_port_that_answers_is_found(ran: Results) -> None:
    result = ran("by_itself")
    assert result.code == 0, result.err
    assert result.event("source")["port"] == result.extra["right"]
    listed = {port["url"]: port["kind"] for port in json.loads(result.extra["listed"])}
    assert listed == {
        result.extra["right"]: "text",
        result.extra["mute"]: "silent",
        "socket://127.0.0.1:9": "unavailable",
    }


def test_a_socket_is_a_port(ran: Results) -> None:
    result = ran("over_a_socket")
    assert result.code == 0, result.err
    (log,) = result.logs
    assert log.rate_hz == pytest.approx(200, rel=0.03)


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    result = end(start("record", "shake", "--out", tmp_path / "d"), tmp_path)
    assert (result.code, result.err) == (2, "error: expected --subject NAME: who makes the gestures?\n")
    result = end(record(tmp_path / "d", "shake", "--subject", "..", port="x"), tmp_path)
    assert result.code == 2
    assert "expected letters or digits" in result.err
    assert list(tmp_path.iterdir()) == []


def test_ports_without_any() -> None:
    process = start("ports", env={**os.environ, "TINYGESTURE_PORTS": ""})
    result = end(process, Path())
    assert result.code == 0, result.err
