"""Boards that serve, and the commands that meet them: emulate --serve and replay."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.commands.emulate import command as emulate
from gesture_tools.commands.replay import command as replay
from gesture_tools.errors import UserError
from gesture_tools.link import Link, Receiver, Samples
from gesture_tools.link.frames import write_frame
from gesture_tools.link.messages import Outputs, parse, type_of, values_of
from gesture_tools.logs import write_log
from gesture_tools.recordings import Recording
from gesture_tools.runtime import Model
from gesture_tools.serving import Served
from tests.support.command import GESTURE
from tests.support.firmware import contract, model_file, motion, own_cache, small_model
from tests.support.lines import Line
from tests.support.qemu import need_qemu
from tests.support.served import board, host_program, running, slow_board

pytestmark = pytest.mark.realtime

__all__ = ["board", "host_program", "model_file", "own_cache", "slow_board"]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 8 s at 100 Hz, twice the model's rate."""
    t_us = np.arange(800, dtype=np.int64) * 10_000
    path = tmp_path_factory.mktemp("log") / "walk.csv"
    walk = (motion(800, seed=5) // 2).astype(np.int16)
    write_log(path, Recording("walk", "background", "p1", "s1", t_us, walk), {})
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(replay, [str(argument) for argument in arguments])


@contextmanager
def serving(*arguments: object) -> Iterator[dict[str, Any]]:
    """``gesture emulate --serve`` as a person starts it, ended by Ctrl-C; what it says as JSON."""
    command = [*GESTURE, "emulate", *map(str, arguments), "--serve", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield json.loads(line)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


@pytest.mark.skipif(os.name != "posix", reason="the board host is a POSIX process")
def test_a_terminated_command_leaves_no_board_behind(model_file: Path, log: Path, tmp_path: Path) -> None:
    command = [*GESTURE, "emulate", "--model", str(model_file), str(log)]
    command += ["--serve", "--board", "host", "--json"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        board = json.loads(process.stdout.readline())["pid"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(board, 0)
    assert not list(tmp_path.glob("tinygesture-*"))


@pytest.mark.parametrize("where", [["--tcp", "0"], []])
@pytest.mark.parametrize("name", ["host", "qemu_mps2"])
def test_a_served_board(name: str, where: list[str], model_file: Path, log: Path) -> None:
    if name == "qemu_mps2":
        need_qemu()
    elif os.name != "posix":
        pytest.skip("the board host is a POSIX process")
    with serving("--model", model_file, log, "--board", name, *where) as about:
        assert about["board"] == name
        assert about["model_id"] == Model.load(model_file).model_id
        result = invoke(model_file, log, "--port", about["port"], "--json")
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        assert (report["board"], report["identical"]) == (name, True)
        (found,) = report["logs"]
        assert (found["id"], found["samples"], found["windows"]) == ("walk", 400, (400 - 40) // 8 + 1)
        assert found["events"]
        with Link(about["port"]) as link:
            link.start_sampling()
            batches = [message for message in link.messages(0.5) if isinstance(message, Samples)]
            assert link.statistics().lost == 0
        assert batches
        assert sum(len(batch.seq) for batch in batches) == batches[-1].seq[-1] + 1 - batches[0].seq[0]


def test_logs_without_a_window_are_no_comparison(model_file: Path, tmp_path: Path) -> None:
    t_us = np.arange(39, dtype=np.int64) * 20_000
    write_log(tmp_path / "a.csv", Recording("a", "left", "p1", "s1", t_us, motion(39, seed=5)), {})
    result = invoke(model_file, tmp_path / "a.csv", "--port", "/dev/nowhere")
    assert result.exit_code == 2
    assert "at least 40 samples" in result.stderr
    assert "the longest has 39" in result.stderr


def test_replay_says_what_is_next(slow_board: Served, model_file: Path, log: Path) -> None:
    result = invoke(model_file, log, "--port", slow_board.url)
    assert result.exit_code == 0, result.output
    assert "host: 1 log, 46 windows, identical to the simulator" in result.stdout
    assert f"next: gesture record background --port {slow_board.url} --out mydata" in result.stdout


class Falsifier:
    """Changes one byte of the outputs of the window that ends at a sample, in a frame that is good."""

    def __init__(self, end: int) -> None:
        self._receiver = Receiver()
        self._end = end

    def __call__(self, data: bytes) -> bytes:
        out = b""
        for packet in self._receiver.push(data):
            message = parse(packet)
            assert message is not None
            values = values_of(message)
            if isinstance(message, Outputs) and message.end == self._end:
                values[2] = message.values[:-1] + bytes([message.values[-1] ^ 1])
            out += write_frame(type_of(type(message)), packet.sequence, values)
        return out


def test_one_wrong_byte_is_a_failure(slow_board: Served, model_file: Path, log: Path) -> None:
    with Line(slow_board.url, Falsifier(40 + 17 * 8)) as line:
        result = invoke(model_file, log, "--port", line.url)
    assert result.exit_code == 1
    assert "FAIL: walk: the board differs in walk, window 17, byte 3: expected" in result.stderr
    with Line(slow_board.url, Falsifier(40)) as line:
        report = json.loads(invoke(model_file, log, "--port", line.url, "--json").stdout)
    assert (report["identical"], report["logs"][0]["identical"]) == (False, False)


def test_replay_to_a_board_with_another_model(slow_board: Served, log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(small_model(contract(hop=4)))
    result = invoke(other, log, "--port", slow_board.url)
    assert result.exit_code == 2
    assert "holds another model" in result.output


def test_replay_without_a_board(model_file: Path, log: Path) -> None:
    result = invoke(model_file, log, "--port", "/dev/no-such-port")
    assert result.exit_code == 2
    assert "cannot open port /dev/no-such-port" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--board", "host"], "--board host, --tcp and --speed go with --serve"),
        (["--tcp", "7000"], "go with --serve"),
        (["--serve", "--speed", "2"], "--speed is for --board host"),
    ],
)
def test_options_that_do_not_go_together(
    options: list[str], message: str, model_file: Path, log: Path
) -> None:
    if "--speed" in options:
        need_qemu()
    result = CliRunner().invoke(emulate, ["--model", str(model_file), str(log), *options])
    assert result.exit_code == 2
    assert message in result.output


def test_a_tcp_port_that_is_taken(board: Served, host_program: Path) -> None:
    port = int(board.url.rsplit(":", 1)[1])
    with pytest.raises(UserError, match="is in use"), running(host_program, tcp=port):
        pass
