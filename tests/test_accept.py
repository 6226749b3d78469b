"""The acceptance test on boards of this machine: passed by good ones, and every kind of bad one told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from gesture_tools.acceptance import Check, walk
from gesture_tools.boards import HOST
from gesture_tools.commands.accept import command, failures
from gesture_tools.emulation import firmware_for
from gesture_tools.log_image import REPEAT, log_image
from gesture_tools.qemu import BOARD
from gesture_tools.serving import Served, serve
from tests.support.firmware import contract, model_file, own_cache, small_model
from tests.support.host import ROOT
from tests.support.served import PROFILE, host_program

pytestmark = pytest.mark.realtime

__all__ = ["host_program", "model_file", "own_cache"]

STARTER = ROOT / "data" / "starter" / "p03"


def rest(noise_mg: float = 4, gravity_mg: int = 1000) -> NDArray[np.int16]:
    """Two seconds of a board that lies still."""
    values = np.random.default_rng(1).normal((0, 0, gravity_mg), noise_mg, (100, 3))
    return np.rint(values).astype(np.int16)


def accept(served: Served, model: Path, *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Return the exit code and the checks by name."""
    result = CliRunner().invoke(command, ["--port", served.url, "--model", str(model), "--json", *arguments])
    assert result.exit_code in (0, 1), result.output
    report = json.loads(result.output)
    assert report["accepted"] == (result.exit_code == 0)
    return result.exit_code, {check["name"]: check for check in report["checks"]}


def test_the_emulated_board_is_accepted(model_file: Path) -> None:
    logs = [str(STARTER / name) for name in ("session.csv", "flick_01.csv")]
    with serve(BOARD, firmware_for(model_file), log_image(rest(), PROFILE, REPEAT), tcp=0) as served:
        code, checks = accept(served, model_file, "--board", BOARD, *logs)
    assert code == 0, checks
    assert checks["sensor"]["found"] == "virtual, 50 Hz, 4000 mg"
    assert checks["session"]["found"].endswith("byte for byte the host's")
    assert checks["flick_01"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("log", "failed"),
    [
        (rest(), set()),
        (rest(noise_mg=60), {"noise"}),
        (rest(gravity_mg=1300), {"gravity"}),
        (np.zeros((100, 3), np.int16), {"gravity"}),
    ],
)
def test_a_sensor_that_is_wrong_at_rest(
    host_program: Path, model_file: Path, log: NDArray[np.int16], failed: set[str]
) -> None:
    with serve(HOST, host_program, log_image(log, PROFILE, REPEAT), tcp=0) as served:
        code, checks = accept(served, model_file)
    assert {name for name, check in checks.items() if check["verdict"] == "fail"} == failed
    assert code == bool(failed)
    if "noise" in failed:
        assert checks["noise"]["expected"].endswith("An emulated one: --no-sensor")
    assert checks["walk"]["verdict"] == "pass"


def test_a_log_without_a_window_proves_nothing(host_program: Path, model_file: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    lines = (STARTER / "flick_01.csv").read_text().splitlines(keepends=True)
    short.write_text("".join(lines[:35]))
    with serve(HOST, host_program, log_image(rest(), PROFILE, REPEAT), tcp=0) as served:
        code, checks = accept(served, model_file, str(short))
    assert code == 0
    assert (checks["short"]["verdict"], checks["walk"]["verdict"]) == ("skip", "pass")
    assert "shorter than a window" in checks["short"]["found"]


def test_another_model_than_the_board_has(host_program: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(small_model(contract(hop=4)))
    with serve(HOST, host_program, log_image(rest(), PROFILE, REPEAT), tcp=0) as served:
        code, checks = accept(served, other)
    assert code == 1
    assert checks["model"]["verdict"] == "fail"
    assert checks["model"]["found"] != checks["model"]["expected"]
    assert checks["interface"]["verdict"] == "pass"  # the same sensing and labels
    assert checks["replay"]["verdict"] == "skip"


def test_files_that_are_no_logs_are_told_before_the_port(model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "no.csv").write_text("nothing\n")
    arguments = ["--port", "/dev/nowhere", "--model", str(model_file), str(tmp_path / "no.csv")]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert "no.csv" in result.output


def test_verdicts() -> None:
    checks = [Check("a", "pass", ""), Check("b", "fail", "x", "y"), Check("c", "skip", "")]
    assert failures(checks) == 1


def test_the_walk_fills_the_range() -> None:
    values = walk(3, 4000)
    assert values.shape == (1500, 3)
    assert values.min() < -3000
    assert values.max() > 3000
    assert abs(values).max() <= 4000
