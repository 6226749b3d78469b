"""The firmware on the emulated board: equal to the host's core, and plain about all that goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from gesture_tools import qemu
from gesture_tools.build import build_firmware
from gesture_tools.commands.emulate import command
from gesture_tools.elf import read_image
from gesture_tools.emulation import firmware_for
from gesture_tools.errors import UserError
from gesture_tools.link import Lost, Message, Outputs, Samples
from gesture_tools.log_image import LARGEST_COUNT, log_image
from gesture_tools.logs import write_log
from gesture_tools.profile import Profile
from gesture_tools.qemu import BOARD, BoardRun, run_board
from gesture_tools.recordings import Recording
from gesture_tools.runtime import Model, Stream
from tests import link_hour
from tests.support.firmware import compiler, contract, model_file, motion, own_cache, small_model
from tests.support.qemu import need_qemu

__all__ = ["compiler", "model_file", "own_cache"]

PROFILE = contract().profile


@pytest.fixture(autouse=True)
def emulator(request: pytest.FixtureRequest) -> None:
    """Skip what needs QEMU where there is none."""
    need_qemu()


@pytest.fixture
def elf(model_file: Path) -> Path:
    """Firmware with the small model, by the first compiler that is there."""
    return firmware_for(model_file)


def patched(elf: Path, folder: Path, old: bytes, new: bytes) -> Path:
    """A copy of a firmware with some bytes replaced, once."""
    content = elf.read_bytes()
    assert content.count(old) == 1
    assert len(old) == len(new)
    path = folder / "patched.elf"
    path.write_bytes(content.replace(old, new))
    return path


def with_code(elf: Path, folder: Path, function: str, code: bytes) -> Path:
    """A copy of a firmware with other code at the beginning of a function."""
    content = bytearray(elf.read_bytes())
    image = read_image(bytes(content))
    address = next(s.address for s in image.symbols if s.name == function)
    start, flash = image.segments[0]
    at = content.find(flash) + address - start
    content[at : at + len(code)] = code
    path = folder / "changed.elf"
    path.write_bytes(content)
    return path


def same_as_host(run: BoardRun, model: Path, samples: Any) -> None:
    """Check outputs and events of a run against the core on the host."""
    stream = Stream(Model.load(model))
    events = stream.push(samples)
    assert events, "the comparison needs events"
    assert list(run.events) == events
    np.testing.assert_array_equal(run.outputs, stream.outputs())
    assert run.statistics.samples == len(samples)
    assert (run.statistics.inferences, run.statistics.lost) == (len(run.outputs), 0)


def test_outputs_and_events_equal_the_host(compiler: str, model_file: Path) -> None:
    samples = motion(3000)
    run = run_board(firmware_for(model_file, compiler), samples, PROFILE, want_outputs=True)
    same_as_host(run, model_file, samples)
    assert 0 < run.statistics.stack < 4096
    assert 0 < run.asleep_permille < 1000


def test_channels_in_another_order(tmp_path: Path) -> None:
    profile = Profile(rate_hz=100.0, full_scale_mg=8000, channels=("acceleration_z", "acceleration_x"))
    model = tmp_path / "zx.tflite"
    model.write_bytes(small_model(contract(profile)))
    samples = motion(500, channels=2)
    same_as_host(run_board(firmware_for(model), samples, profile, want_outputs=True), model, samples)


def test_two_runs_say_the_same(elf: Path) -> None:
    first, second = (run_board(elf, motion(400), PROFILE, want_outputs=True) for _ in range(2))
    assert first.raw == second.raw


def test_without_outputs_only_events_are_printed(elf: Path) -> None:
    run = run_board(elf, motion(400), PROFILE)
    assert run.outputs.shape == (0, 4)
    assert run.statistics.inferences == (400 - 40) // 8 + 1


def test_empty_log(elf: Path) -> None:
    run = run_board(elf, motion(0), PROFILE)
    assert (run.statistics.samples, run.statistics.inferences, run.events) == (0, 0, ())


@pytest.mark.parametrize("rate_hz", [47.5, 52.5])
def test_a_sensor_within_tolerance_is_accepted(elf: Path, rate_hz: float) -> None:
    assert run_board(elf, motion(50), replace(PROFILE, rate_hz=rate_hz)).statistics.samples == 50


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (replace(PROFILE, rate_hz=47.4), "rate_mhz: expected 50000 within 5 %, found 47400"),
        (replace(PROFILE, rate_hz=100.0), "rate_mhz: expected 50000 within 5 %, found 100000"),
        (replace(PROFILE, full_scale_mg=2000), "full_scale_mg: expected 4000, found 2000"),
    ],
)
def test_a_sensor_off_the_contract_is_refused(elf: Path, changed: Profile, message: str) -> None:
    with pytest.raises(UserError, match=message):
        run_board(elf, motion(50), changed)


def test_a_board_too_slow_counts_every_lost_sample(tmp_path: Path) -> None:
    profile = replace(PROFILE, rate_hz=1000.0)
    model = tmp_path / "fast.tflite"
    model.write_bytes(small_model(contract(profile, window=1000, hop=1)))
    said: list[Message] = []
    samples = motion(2000)
    run = run_board(firmware_for(model), samples, profile, True, True, on_message=said.append)
    assert run.statistics.samples == 2000
    gaps = [message for message in said if isinstance(message, Lost)]
    assert run.statistics.lost == sum(gap.samples for gap in gaps) > 0
    assert run.statistics.overruns == len(gaps)
    ends = [message.end for message in said if isinstance(message, Outputs)]
    assert len(ends) == len(set(ends)) == run.statistics.inferences
    for gap in gaps:
        start = gap.seq + gap.samples
        assert not [end for end in ends if gap.seq < end < start + 1000], "a window spans a gap"
    batches = [message for message in said if isinstance(message, Samples)]
    seq = np.concatenate([batch.seq for batch in batches])
    missing = np.concatenate([np.arange(gap.seq, gap.seq + gap.samples) for gap in gaps])
    assert sorted([*seq, *missing]) == list(range(2000))
    np.testing.assert_array_equal(np.concatenate([batch.values for batch in batches]), samples[seq])
    # The sensor's clock, whatever the application did: one sample a millisecond.
    t_us = np.concatenate([batch.t_us for batch in batches])
    assert np.abs(t_us - t_us[0] - 1000 * (seq - seq[0])).max() <= 40


def test_corrupt_model_fails_its_self_test(elf: Path, model_file: Path, tmp_path: Path) -> None:
    expected = bytes(v & 0xFF for v in Model.load(model_file).require_contract().self_tests[1].outputs)
    seed = (2).to_bytes(4, "little")
    wrong = patched(elf, tmp_path, seed + expected, seed + bytes([expected[0] ^ 1]) + expected[1:])
    with pytest.raises(UserError, match=r"refuses its model: .*self-test.*ERR_SELF_TEST"):
        run_board(wrong, motion(50), PROFILE)


def test_foreign_model_is_refused(elf: Path, model_file: Path, tmp_path: Path) -> None:
    model = model_file.read_bytes()
    wrong = patched(elf, tmp_path, model, model.replace(b"TFL3", b"TFLX", 1))
    with pytest.raises(UserError, match=r"refuses its model: .*ERR_NOT_TFLITE"):
        run_board(wrong, motion(50), PROFILE)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (b"\x00\xde\x00\xde", "undefined instruction"),
        (b"\x00\x20\x00\x68\x4f\xf0\x7f\x40\x00\x68", "bus error on data access"),  # ldr from 0xff000000
        (b"\x2d\xe9\xf0\x4f\xfc\xe7", "stack overflow"),  # push {r4-r11, lr} for ever
    ],
)
def test_a_fault_says_its_cause(elf: Path, tmp_path: Path, code: bytes, cause: str) -> None:
    path = with_code(elf, tmp_path, "tg_recognizer_push", code)
    with pytest.raises(UserError, match=rf"the firmware faulted.*{cause}"):
        run_board(path, motion(50), PROFILE)


@pytest.mark.parametrize("position", [0, 4, 6, 8, 12, 16, 18, 23])
def test_malformed_log_image_is_no_sensor(elf: Path, monkeypatch: pytest.MonkeyPatch, position: int) -> None:
    def broken(*arguments: Any, **options: Any) -> bytes:
        image = bytearray(log_image(*arguments, **options))
        image[position] ^= 0x80
        image[position + 1] ^= 0x80 if position in (12, 16) else 0
        image[14:16] = b"\xff\xff" if position == 12 else image[14:16]
        return bytes(image)

    monkeypatch.setattr(qemu, "log_image", broken)
    with pytest.raises(UserError, match="accelerometer failed: it does not answer"):
        run_board(elf, motion(50), PROFILE)


def test_log_too_long_for_the_board() -> None:
    with pytest.raises(UserError, match=f"holds {LARGEST_COUNT}: split the log"):
        log_image(np.zeros((LARGEST_COUNT + 1, 3), np.int16), PROFILE)


def test_foreign_elf_and_missing_elf(elf: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        run_board(tmp_path / "missing.elf", motion(50), PROFILE)
    (tmp_path / "text.elf").write_text("hello")
    with pytest.raises(UserError, match="is no ELF file"):
        run_board(tmp_path / "text.elf", motion(50), PROFILE, timeout_s=20)
    other = tmp_path / "other.elf"
    other.write_bytes(
        elf.read_bytes().replace(b"tinygesture-image:qemu_mps2", b"tinygesture-image:elsewhere")
    )
    with pytest.raises(UserError, match="is firmware for elsewhere: expected the"):
        run_board(other, motion(50), PROFILE, timeout_s=20)
    image = read_image(elf.read_bytes())
    stackless = patched(elf, tmp_path, image.segments[0][1][:64], bytes(64))
    with pytest.raises(UserError, match=r"ended early \(code .*\): qemu: fatal: Lockup"):
        run_board(stackless, motion(50), PROFILE, timeout_s=20)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The emulators started by a test."""
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return started


def test_time_limit_ends_the_emulator(elf: Path, children: list[subprocess.Popen[bytes]]) -> None:
    start = time.monotonic()
    with pytest.raises(UserError, match=r"did not end within 0\.3 s: allow more with --timeout"):
        run_board(elf, motion(2_000_000), PROFILE, timeout_s=0.3)
    assert time.monotonic() - start < 10
    assert [child.returncode is not None for child in children] == [True]


def test_interrupt_ends_the_emulator(elf: Path, children: list[subprocess.Popen[bytes]]) -> None:
    def interrupt(message: Message) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_board(elf, motion(2_000_000), PROFILE, on_message=interrupt)
    assert [child.returncode is not None for child in children] == [True]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 20 s at 100 Hz, twice the model's rate."""
    t_us = np.arange(2000, dtype=np.int64) * 10_000
    path = tmp_path / "walk.csv"
    walk = (motion(2000, seed=5) // 2).astype(np.int16)
    write_log(path, Recording("walk", "background", "p1", "s1", t_us, walk), {})
    return path


def test_command(model_file: Path, log: Path) -> None:
    arguments = ["--model", str(model_file), str(log)]
    result = CliRunner().invoke(command, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    (found,) = report["logs"]
    assert report["board"] == BOARD
    assert report["model_id"] == Model.load(model_file).model_id
    assert (found["id"], found["samples"], found["lost"]) == ("walk", 1000, 0)
    assert found["events"]
    event = found["events"][0]
    assert event["time_s"] == pytest.approx((event["end"] - 1) / 50)
    shown = CliRunner().invoke(command, arguments)
    assert shown.exit_code == 0
    assert f"{event['time_s']:.2f} s  {event['label']}" in shown.output
    assert f"next: gesture parity {model_file}" in shown.output


def test_command_with_firmware_of_another_model(model_file: Path, log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(small_model(contract(hop=4)))
    elf = tmp_path / "other.elf"
    elf.write_bytes(build_firmware(BOARD, other).elf)
    result = CliRunner().invoke(command, ["--model", str(model_file), str(log), "--elf", str(elf)])
    assert result.exit_code == 2
    assert "holds another model" in result.output


@pytest.mark.parametrize("more", [[], ["--serve"]])
@pytest.mark.parametrize("kind", ["missing", "text", "pipe"])
def test_command_with_what_is_no_firmware(
    model_file: Path, log: Path, tmp_path: Path, kind: str, more: list[str]
) -> None:
    elf = tmp_path / "x.elf"
    if kind == "text":
        elf.write_text("x,y,z")
    elif kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes with names here")
        os.mkfifo(elf)
    result = CliRunner().invoke(command, ["--model", str(model_file), str(log), "--elf", str(elf), *more])
    assert result.exit_code == 2
    assert result.output.startswith("error: ")
    assert str(elf) in result.output


def test_command_without_qemu(model_file: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = CliRunner().invoke(command, ["--model", str(model_file), str(log)])
    assert result.exit_code == 2
    assert "qemu-system-arm is not on the PATH: install QEMU" in result.output


def test_a_hang_is_ended_by_the_watchdog_and_told(elf: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the firmware faulted.*: the application hung, and the watchdog"):
        run_board(with_code(elf, tmp_path, "tg_recognizer_push", b"\xfe\xe7"), motion(50), PROFILE)


def test_every_sample_of_a_stream_at_400_hz(tmp_path: Path) -> None:
    profile = replace(PROFILE, rate_hz=link_hour.RATE_HZ)
    model = tmp_path / "fast.tflite"
    model.write_bytes(small_model(contract(profile)))
    _, account = link_hour.stream(firmware_for(model), motion(40 * 400), profile, timeout_s=120)
    assert (account.arrived, account.lost, account.wrong) == (16_000, 0, 0)
    assert (account.damaged, account.missing, account.jitter_us) == (0, 0, 0)
