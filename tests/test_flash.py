"""Flashing: folders as drives, and emulators that run what is copied onto them, as a boot loader would."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gesture_tools.commands.accept import command as accept_command
from gesture_tools.commands.build import command as build_command
from gesture_tools.commands.flash import command
from gesture_tools.drives import DRIVES_VARIABLE, identify, mounted
from gesture_tools.errors import UserError
from gesture_tools.uf2 import read_uf2
from tests.support.firmware import contract, model_file, own_cache, small_model
from tests.support.host import ROOT
from tests.support.microbit import served_microbit
from tests.support.pico import served_pico

pytestmark = pytest.mark.realtime

__all__ = ["model_file", "own_cache"]

NOTES = {
    "microbit_v1": ("DETAILS.TXT", "# DAPLink Firmware\r\nUnique ID: 9900000051864e45004c10140000001f\r\n"),
    "microbit_v2": ("DETAILS.TXT", "# DAPLink Firmware\r\nUnique ID: 9904360258824e450038400e\r\n"),
    "pico": ("INFO_UF2.TXT", "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"),
}
Serve = Callable[[Path, int], AbstractContextManager[str]]


def drive_of(board: str, place: Path) -> Path:
    place.mkdir(parents=True)
    name, text = NOTES[board]
    (place / name).write_bytes(text.encode())
    return place


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def whole(path: Path) -> bool:
    """Whether a file has arrived with its end."""
    try:
        content = path.read_bytes()
        return (
            content.endswith(b":00000001FF\n")
            if path.suffix == ".hex"
            else bool(read_uf2(content, 0xE48BFF56))
        )
    except (OSError, UserError):
        return False


@contextmanager
def boot_loader(drive: Path, file: str, serve: Serve) -> Iterator[str]:
    """Run what is copied onto a drive, once it is there; yields the address at which the board comes back."""
    port, done = free_port(), threading.Event()

    def run() -> None:
        while not done.is_set():
            if whole(drive / file):
                with serve(drive / file, port):
                    done.wait()
            time.sleep(0.02)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"socket://127.0.0.1:{port}"
    finally:
        done.set()
        thread.join()


def flash(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def no_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own drives and ports stay out of it."""
    monkeypatch.setattr("gesture_tools.drives._linux_mounts", list)
    monkeypatch.delenv(DRIVES_VARIABLE, raising=False)
    monkeypatch.setattr("gesture_tools.port.list_ports.comports", list)
    monkeypatch.delenv("TINYGESTURE_PORTS", raising=False)
    monkeypatch.setattr("gesture_tools.probe.probes", lambda: None)


@pytest.mark.parametrize(
    ("board", "file", "serve", "options"),
    [
        ("pico", "pico.uf2", served_pico, []),
        ("microbit_v1", "microbit_v1.hex", served_microbit, ["--no-sensor"]),
    ],
)
def test_a_board_is_flashed_comes_back_and_is_accepted(
    board: str,
    file: str,
    serve: Serve,
    options: list[str],
    model_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drive = drive_of(board, tmp_path / "drive")
    monkeypatch.setenv(DRIVES_VARIABLE, os.pathsep.join([str(tmp_path / "none"), str(drive)]))
    with boot_loader(drive, file, serve) as address:
        monkeypatch.setenv("TINYGESTURE_PORTS", address)
        result = flash("--board", board, "--model", model_file, *options)
        assert result.exit_code == 0, result.output
        assert f"onto drive {drive}" in result.output
        assert f"{board} is back on {address}" in result.output
        assert "walk        pass" in result.output
        assert result.output.endswith("accepted\n")


def test_microbit_v1_equals_the_simulator_on_starter_logs(model_file: Path, tmp_path: Path) -> None:
    """The .hex that a user flashes, on an emulated Cortex-M0, with recorded logs."""
    out = tmp_path / "out"
    built = CliRunner().invoke(
        build_command, ["--board", "microbit_v1", "--model", str(model_file), "--out", str(out)]
    )
    assert built.exit_code == 0, built.output
    logs = [ROOT / "data" / "starter" / "p03" / name for name in ("session.csv", "circle_01.csv")]
    with served_microbit(out / "microbit_v1.hex", free_port()) as address:
        arguments = ["--port", address, "--model", str(model_file), "--json", *map(str, logs)]
        result = CliRunner().invoke(accept_command, [*arguments, "--no-sensor"])
        assert result.exit_code == 0, result.output
        report = json.loads(result.output)
        found = {check["name"]: check for check in report["checks"]}
        assert found["session"]["found"].endswith("byte for byte the host's")
        assert found["circle_01"]["verdict"] == "pass"
        assert found["rest"]["verdict"] == "skip"
        other = CliRunner().invoke(accept_command, arguments)
        assert other.exit_code == 1, other.output
        (sensor,) = (c for c in json.loads(other.output)["checks"] if c["name"] == "sensor")
        assert "another chip answers at the sensor's address" in sensor["found"]


def test_without_a_check_the_file_is_copied_and_that_is_said(model_file: Path, tmp_path: Path) -> None:
    drive = drive_of("microbit_v2", tmp_path / "drive")
    result = flash("--model", model_file, "--drive", drive, "--no-check", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert (report["board"], report["accepted"], report["checks"]) == ("microbit_v2", False, [])
    assert whole(drive / "microbit_v2.hex")


def test_an_image_of_before_is_flashed(model_file: Path, tmp_path: Path) -> None:
    drive = drive_of("microbit_v2", tmp_path / "drive")
    image = drive / "microbit_v2.hex"
    assert flash("--model", model_file, "--drive", drive, "--no-check").exit_code == 0
    elsewhere = tmp_path / "mine.hex"
    image.rename(elsewhere)
    result = flash("--model", model_file, "--image", elsewhere, "--drive", drive, "--no-check")
    assert result.exit_code == 0, result.output
    assert (drive / "mine.hex").read_bytes() == elsewhere.read_bytes()
    old = tmp_path / "old.tflite"
    old.write_bytes(small_model(contract(hop=4)))
    fails("holds another model than --model", "--model", old, "--image", elsewhere, "--drive", drive)
    wrong = flash("--board", "microbit_v1", "--model", model_file, "--image", elsewhere, "--drive", drive)
    assert wrong.exit_code == 2
    assert "is firmware for microbit_v2, expected microbit_v1" in wrong.output


def fails(message: str, *arguments: object) -> None:
    result = flash(*arguments)
    assert result.exit_code == 2, result.output
    *told, error = result.output.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert all(line.startswith("building ") or " onto drive " in line for line in told)


def test_no_board_two_boards_and_another_board(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (drive_of("pico", tmp_path / name) for name in ("one", "two"))
    other = drive_of("microbit_v1", tmp_path / "other")
    pico = ("--board", "pico", "--model", model_file)
    fails("no pico found: hold BOOTSEL while you plug it in", *pico)
    monkeypatch.setenv(DRIVES_VARIABLE, os.pathsep.join([str(one), str(two), str(other)]))
    assert mounted() == [one, two, other]
    fails(f"expected one pico, found 2 ({one}, {two}): name one with --drive", *pico)
    fails(f"{other} is the drive of microbit_v1, expected that of pico", *pico, "--drive", other)
    fails("is no drive of pico: expected a folder whose INFO_UF2.TXT says", *pico, "--drive", tmp_path)
    fails("no microbit_v2 found: plug it in", "--model", model_file)
    fails("qemu_mps2 is not flashed", "--board", "qemu_mps2", "--model", model_file)
    fails("pyOCD is not installed", *pico, "--probe", "1234")
    fails("run by 'gesture emulate --serve --board host'", "--board", "host", "--model", model_file)
    assert identify(two)[0].identity == "RPI-RP2"
    assert not list(one.glob("*.uf2"))


def test_ports_are_told_before_anything_is_copied(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = drive_of("pico", tmp_path / "drive")
    pico = ("--board", "pico", "--model", model_file, "--drive", drive)
    fails("no serial port of pico found: connect a 3.3 V serial adapter", *pico)
    monkeypatch.setenv("TINYGESTURE_PORTS", "socket://localhost:1 socket://localhost:2")
    fails("expected one port of pico, found 2", *pico)
    assert not list(drive.glob("*.uf2"))


def test_a_drive_that_takes_nothing(model_file: Path, tmp_path: Path) -> None:
    drive = drive_of("pico", tmp_path / "drive")
    (drive / "pico.uf2").mkdir()  # cannot be written, even by root
    fails("is it read-only?", "--board", "pico", "--model", model_file, "--drive", drive, "--no-check")


def test_a_board_that_does_not_come_back(model_file: Path, tmp_path: Path) -> None:
    drive = drive_of("pico", tmp_path / "drive")
    port = f"socket://127.0.0.1:{free_port()}"
    arguments = ("--board", "pico", "--model", model_file, "--drive", drive, "--port", port, "--wait", 0.5)
    fails("pico did not come back within 0.5 s", *arguments)
    assert whole(drive / "pico.uf2")


def test_a_board_that_says_it_could_not_be_flashed(model_file: Path, tmp_path: Path) -> None:
    drive = drive_of("microbit_v2", tmp_path / "drive")
    (drive / "FAIL.TXT").write_text("error: The interface firmware ABORTED programming.\ntype: interface\n")
    port = f"socket://127.0.0.1:{free_port()}"
    arguments = ("--model", model_file, "--drive", drive, "--port", port, "--wait", 5)
    fails("could not be flashed, its drive says: error: The interface firmware ABORTED", *arguments)


def test_a_board_that_keeps_its_old_firmware(model_file: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.tflite"
    old.write_bytes(small_model(contract(hop=4)))
    drive = drive_of("pico", tmp_path / "drive")
    assert flash("--board", "pico", "--model", old, "--drive", drive, "--no-check").exit_code == 0
    before = (drive / "pico.uf2").rename(tmp_path / "before.uf2")
    with served_pico(before) as address:
        arguments = ("--board", "pico", "--model", model_file, "--drive", drive, "--port", address)
        fails("answers as model", *arguments, "--wait", 2.5)
