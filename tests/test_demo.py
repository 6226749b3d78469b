"""``gesture demo``: what it looks for first, and that nothing is left when it is ended on its way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from gesture_tools import extras, toolchain
from gesture_tools.commands.demo import command
from gesture_tools.following import not_activated
from tests.support.command import GESTURE

STARTER = Path(__file__).parent.parent / "data" / "starter"


def refusal(*arguments: object) -> str:
    """What demo says of its input; nothing was run for it."""
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 2
    assert "$ gesture" not in result.output
    return result.output


def test_a_missing_compiler_is_told_before_the_training(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "_zig", lambda: None)
    assert "no cross compiler found" in refusal(STARTER, "--out", tmp_path / "demo")
    assert not list(tmp_path.iterdir())


def test_missing_extras_are_told_before_the_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert "training needs TensorFlow: python -m pip" in refusal(STARTER, "--out", tmp_path / "demo")
    assert not list(tmp_path.iterdir())


def test_a_bad_folder_is_told_before_the_training(tmp_path: Path) -> None:
    assert "is the folder of the recordings" in refusal(STARTER, "--out", STARTER)
    (tmp_path / "file").touch()
    assert "cannot create folder" in refusal(STARTER, "--out", tmp_path / "file")
    assert "cannot create folder" in refusal(STARTER, "--out", tmp_path / "file" / "demo")


def test_how_to_activate_is_said_where_the_command_is_not_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scripts = tmp_path / "my env" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "activate").touch()
    monkeypatch.setattr(sys, "prefix", str(scripts.parent))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not_activated() == f". '{scripts / 'activate'}'"
    monkeypatch.chdir(tmp_path)
    assert not_activated() == ". 'my env/bin/activate'"
    (scripts / "gesture").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(scripts))
    assert not_activated() is None
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    assert not_activated() is None


def test_data_without_sessions_is_told_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "data" / "p01").mkdir(parents=True)
    assert "is no folder" in refusal(tmp_path / "nowhere")
    assert "has no continuous log" in refusal(tmp_path / "data", "--out", tmp_path / "demo")


@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
@pytest.mark.parametrize(
    ("number", "all_of_them", "code"), [(signal.SIGTERM, False, 143), (signal.SIGINT, True, 130)]
)
def test_a_demo_that_is_ended_ends_its_command(
    number: signal.Signals, all_of_them: bool, code: int, tmp_path: Path
) -> None:
    arguments = [*GESTURE, "demo", str(STARTER), "--out", str(tmp_path / "demo")]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        until = time.monotonic() + 60
        while not list(tmp_path.glob("demo/.model.partial-*")):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        os.killpg(process.pid, number) if all_of_them else process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == code
        assert said.count("interrupted") == (number == signal.SIGINT)
        assert not list(tmp_path.rglob(".model*"))
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
