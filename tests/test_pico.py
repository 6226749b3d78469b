"""The pico's firmware whole, in an emulated RP2040: the UF2 a user flashes, its sensor at register level.

Not shown here: what the second stage of the boot does to the flash (it runs, but the emulated flash needs no
setting up), the speed of that flash, the clocks' accuracy, and a real sensor.
"""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from gesture_tools.build import build_firmware
from gesture_tools.commands.accept import command as accept_command
from gesture_tools.link import Event, Fault, Hello, Outputs, Receiver, Refused, Samples, Statistics
from gesture_tools.link.frames import write_frame
from gesture_tools.link.messages import (
    STREAM_EVENTS,
    STREAM_OUTPUTS,
    STREAM_SAMPLES,
    AskStats,
    AskStreams,
    Message,
    parse,
    type_of,
    values_of,
)
from gesture_tools.runtime import Model, Stream
from gesture_tools.uf2 import uf2_bytes
from tests.support.firmware import model_file, motion, own_cache
from tests.support.pico import PicoRun, run_pico, run_picos, served_pico

__all__ = ["model_file", "own_cache"]

RP2040 = 0xE48BFF56
STUCK, SILENT, ABSENT = -69, -71, 0


@pytest.fixture(scope="module")
def uf2(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pico") / "pico.uf2"
    path.write_bytes(uf2_bytes(build_firmware("pico", model_file).image, RP2040))
    return path


def frames(*messages: Message) -> str:
    return (
        "00"
        + b"".join(
            write_frame(type_of(type(message)), number, values_of(message))
            for number, message in enumerate(messages)
        ).hex()
    )


def streams(bits: int, at: float = 0.05) -> list[tuple[float, str]]:
    """Ask for streams, at a time of the board's clock."""
    return [(at, frames(AskStreams(bits)))]


def messages(run: PicoRun) -> list[Message]:
    receiver = Receiver()
    found = [parse(packet) for packet in receiver.push(run.sent)]
    assert (receiver.counts.damaged, receiver.counts.missing) == (0, 0)
    return [message for message in found if message is not None]


def steps(count: int) -> np.ndarray:
    """A walk in steps of 2 mg, which is what the sensor resolves at 4 g."""
    return motion(count) // 2 * 2


def test_gestures_of_the_sensor_are_those_of_the_simulator(
    uf2: Path, model_file: Path, tmp_path: Path
) -> None:
    """A log in the LIS3DH's registers: the same outputs and events, byte for byte."""
    log = steps(600)
    run = run_pico(
        tmp_path, uf2, 13, samples=log, send=streams(STREAM_SAMPLES | STREAM_EVENTS | STREAM_OUTPUTS)
    )
    said = messages(run)
    (hello,) = (m for m in said if isinstance(m, Hello))
    assert (hello.board, hello.sensor, hello.state, hello.booted) == ("pico", "lis3dh", 0, 1)
    samples = [m for m in said if isinstance(m, Samples)]
    values = np.concatenate([m.values for m in samples])
    first = samples[0].first
    assert np.array_equal(values[: len(log) - first], log[first:])
    stream = Stream(Model.load(model_file))
    events = stream.push(log)
    found = [m.event for m in said if isinstance(m, Event)]
    assert len(events) >= 3
    late = [event for event in events if event.end > first]
    assert found[: len(late)] == late
    expected = {40 + 8 * i: row.tobytes() for i, row in enumerate(stream.outputs())}
    outputs = {m.end: m.values for m in said if isinstance(m, Outputs)}
    shared = outputs.keys() & expected.keys()
    assert len(shared) > 60
    assert all(outputs[end] == expected[end] for end in shared)
    assert run.report["lit"] > 0  # an event lights the LED
    assert run.report["lost"] == run.report["watchdog"] == 0
    assert run.report["asleep"] > 0.9


@pytest.mark.parametrize("rate", [0.96, 1.04])
def test_samples_carry_the_time_of_the_sensor(uf2: Path, tmp_path: Path, rate: float) -> None:
    run = run_pico(tmp_path, uf2, 8, rate=rate, send=streams(STREAM_SAMPLES))
    times = np.concatenate([np.asarray(m.t_us) for m in messages(run) if isinstance(m, Samples)])[100:]
    assert (np.diff(times) > 0).all()
    slope = np.polyfit(np.arange(len(times)), times, 1)[0]
    assert slope == pytest.approx(20_000 / rate, rel=0.003)


def test_no_sensor_is_told_and_found_once_it_is_there(uf2: Path, tmp_path: Path) -> None:
    run = run_pico(tmp_path, uf2, 6, address=None, send=[(5.5, frames(AskStats(1)))])
    said = messages(run)
    (refused,) = (m for m in said if isinstance(m, Refused))
    assert (refused.what, refused.found) == (6, ABSENT)
    (stats,) = (m for m in said if isinstance(m, Statistics))
    assert stats.reset_cause == 1
    assert run.report["watchdog"] == 0  # it waits, and does not hang
    late = {str(transfer): "nack" for transfer in range(20)}
    run = run_pico(tmp_path, uf2, 8, faults=late)
    hellos = [m for m in messages(run) if isinstance(m, Hello)]
    assert [(m.booted, m.state) for m in hellos] == [(1, 2), (0, 0)]
    assert run.report["measured"] > 100


@pytest.mark.parametrize("kind", ["nack", "stuck"])
def test_every_transfer_failing_once(uf2: Path, tmp_path: Path, kind: str) -> None:
    """At each position of the start and of some batches: recovered by itself, and never a hang."""
    positions = [*range(26), 40, 41, 42, 43]
    requests = [
        {"faults": {str(position): kind}, "send": streams(STREAM_SAMPLES, 0.4)} for position in positions
    ]
    for position, run in zip(positions, run_picos(tmp_path, uf2, 1.5, requests), strict=True):
        said = messages(run)
        assert run.report["watchdog"] == 0, position
        assert not [m for m in said if isinstance(m, Refused | Fault)], position
        assert sum(len(m.values) for m in said if isinstance(m, Samples)) > 40, position


def test_a_bus_that_sticks_is_told_and_left_when_it_moves(uf2: Path, tmp_path: Path) -> None:
    log = steps(400)
    faults = {str(transfer): "stuck" for transfer in range(200, 220)}
    run = run_pico(tmp_path, uf2, 9, samples=log, faults=faults, send=streams(STREAM_EVENTS))
    said = messages(run)
    refusals = [m.found for m in said if isinstance(m, Refused)]
    assert refusals == [STUCK]
    assert [m.state for m in said if isinstance(m, Hello)] == [0, 0]
    assert run.report["watchdog"] == 0
    assert run.report["measured"] > 300


def patched(model: Path, folder: Path, function: str, code: bytes) -> Path:
    """The board's UF2 with other code at the start of a function."""
    image = build_firmware("pico", model).image
    address = next(symbol.address for symbol in image.symbols if symbol.name == function)
    segments = []
    for start, content in image.segments:
        if start <= address < start + len(content):
            at = address - start
            content = content[:at] + code + content[at + len(code) :]  # noqa: PLW2901
        segments.append((start, content))
    path = folder / "patched.uf2"
    path.write_bytes(uf2_bytes(replace(image, segments=tuple(segments)), RP2040))
    return path


def test_an_application_that_hangs_meets_the_watchdog(model_file: Path, tmp_path: Path) -> None:
    """The watchdog is fed by the application's loop alone: interrupts go on, and do not feed it."""
    hung = patched(model_file, tmp_path, "tg_recognizer_push", b"\x30\xbf\xfd\xe7")  # 1: wfi; b 1b
    run = run_pico(tmp_path, hung, 9)
    assert run.report["watchdog"] == 1
    assert 4 <= run.report["seconds"] < 5


def test_accept(uf2: Path, model_file: Path) -> None:
    with served_pico(uf2) as address:
        arguments = ["--port", address, "--model", str(model_file), "--board", "pico"]
        result = CliRunner().invoke(accept_command, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        report = json.loads(result.output)
        verdicts = {check["name"]: check["verdict"] for check in report["checks"]}
        assert report["accepted"]
        assert set(verdicts.values()) == {"pass"}
        assert {"self-test", "sensor", "gravity", "noise", "rate", "walk", "line", "stack"} <= set(verdicts)
        other = CliRunner().invoke(accept_command, [*arguments[:-1], "microbit_v2"])
        assert other.exit_code == 1
        assert "fail  pico; expected microbit_v2" in other.output


def test_accept_of_a_board_that_is_shaken(uf2: Path, model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "shaken.bin").write_bytes(motion(20_000).astype("<i2").tobytes())
    with served_pico(uf2, samples=str(tmp_path / "shaken.bin")) as address:
        result = CliRunner().invoke(accept_command, ["--port", address, "--model", str(model_file)])
    assert result.exit_code == 1
    assert "does the board lie still?" in result.output
    assert "not accepted: " in result.output


def test_accept_without_a_board(model_file: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"socket://127.0.0.1:{free.getsockname()[1]}"
    result = CliRunner().invoke(accept_command, ["--port", address, "--model", str(model_file)])
    assert result.exit_code == 2
    assert "cannot open port" in result.output
