"""What commands say to type next: it can be pasted, or says what to put in first."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from gesture_tools.contract import Contract
from gesture_tools.logs import write_log
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording
from gesture_tools.runtime import Model
from gesture_training.commands.options import WISHES, Wishes, given_again, training_options
from tests.support.command import gesture
from tests.support.firmware import motion, small_model


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a model, and a log in a subfolder with a blank in its name."""
    contract = Contract(Profile(50.0), 50, 10, 2048, ("background", "shake"), 0, (128, 128))
    (tmp_path / "m.tflite").write_bytes(small_model(contract))
    (tmp_path / "my data").mkdir()
    t_us = np.arange(200, dtype=np.int64) * 20_000
    samples = (motion(200, seed=1) // 2).astype(np.int16)
    write_log(tmp_path / "my data" / "walk.csv", Recording("walk", "shake", "p1", "1", t_us, samples), {})
    return tmp_path


def said(place: Path, command: str) -> str:
    """The last line of a command as a shell runs it."""
    words = shlex.split(command)
    assert words[0] == "gesture"
    result = gesture(*words[1:], cwd=place)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]


def test_one_command_leads_to_the_next(place: Path) -> None:
    record = {"model_id": Model.load(place / "m.tflite").model_id, "data": ["gone", "my data"]}
    (place / "record.json").write_text(json.dumps(record))
    commands = ["gesture inspect m.tflite"]
    for _ in range(4):
        head, _, following = said(place, commands[-1]).partition(": ")
        assert head == "next"
        commands.append(following)
    assert commands[1:] == [
        "gesture simulate m.tflite 'my data'",
        "gesture simulate m.tflite 'my data' --write-expect expect.csv",
        "gesture simulate m.tflite 'my data' --expect expect.csv",
        "gesture parity m.tflite 'my data'",
    ]


def test_what_is_to_be_put_in_is_said(place: Path) -> None:
    line = said(place, "gesture inspect m.tflite")
    assert line == "next, with a log of yours for LOG: gesture simulate m.tflite LOG"


def test_the_options_of_a_training_are_given_again() -> None:
    @click.command
    @training_options
    def command(wishes: Wishes) -> None:
        click.echo(shlex.join(given_again(*WISHES)))

    words = [
        "--labels",
        "a,b c",
        "--window",
        "2.0s",
        "--hop",
        "8",
        "--false-activations",
        "none",
        "--rate",
        "50",
    ]
    words += ["--config", "x.json"]
    shown = CliRunner().invoke(command, words).output
    assert CliRunner().invoke(command, shlex.split(shown)).output == shown
    assert "--labels 'a,b c'" in shown
    assert "--window 2.0 " in shown
    assert "--seed" not in shown
