"""The command line as a whole: help, exit codes, and one clear line for every mistake."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest

from gesture_tools import cli
from gesture_tools.recordings import Recording
from tests.support.command import GESTURE, gesture

Run = Callable[..., tuple[int, str, str]]

LOG = """\
# tinygesture-log: 1
# label: shake
# subject: p1
# session: 1
seq,t_us,ax_mg,ay_mg,az_mg
"""
ROWS = "".join(f"{i},{i * 20000},{(i * 37) % 900},0,1000\n" for i in range(200))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``gesture`` with arguments; return exit code, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gesture", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_info:
            cli.main()
        code = exit_info.value.code
        captured = capsys.readouterr()
        return (code if isinstance(code, int) else 0), captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gesture_tools.contract import Contract
    from gesture_tools.profile import Profile
    from tests.support.firmware import small_model

    contract = Contract(Profile(50.0), 50, 10, 2048, ("background", "shake"), 0, (128, 128))
    path = tmp_path_factory.mktemp("model") / "gesture.tflite"
    path.write_bytes(small_model(contract))
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG + ROWS)
    return path


def refused(result: tuple[int, str, str], *words: str) -> None:
    """Exit code 2 and one line on standard error that holds the words."""
    code, _, err = result
    assert code == 2, result
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    for word in words:
        assert word in lines[0], (word, lines[0])


def names() -> list[str]:
    return cli.group.list_commands(click.Context(cli.group))


def test_help_names_every_command(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert all(f"  {name} " in out for name in names())
    assert sorted(name for some in cli.SECTIONS.values() for name in some) == names()


@pytest.mark.parametrize("name", names())
def test_every_command_has_an_example(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"gesture {name}" in out.split("Options:")[0].split("\n", 1)[1]
    assert "\\b" not in out
    assert len(re.findall(r"^ *Examples?:", out, re.MULTILINE)) == 1


def test_unknown_command_and_option(run: Run) -> None:
    refused(run("fly"), "fly")
    refused(run("simulat"), "did you mean 'simulate'", "--help'")
    refused(run("train", "data"), "Missing option '--out'", "train --help'")
    refused(run("simulate", "--fly"), "--fly")


MODEL_COMMANDS: list[tuple[str, ...]] = [
    ("simulate", "MODEL", "LOG"),
    ("inspect", "MODEL"),
    ("build", "--board", "qemu_mps2", "--model", "MODEL", "--out", "OUT"),
    ("emulate", "--model", "MODEL", "LOG"),
    ("parity", "MODEL", "LOG"),
    ("bench", "MODEL"),
]


def filled(words: tuple[str, ...], **values: object) -> list[str]:
    return [str(values.get(word, word)) for word in words]


@pytest.mark.parametrize("words", MODEL_COMMANDS, ids=lambda words: words[0])
class TestModels:
    """What every command says of a model that is none, or not fit."""

    def test_missing(self, run: Run, words: tuple[str, ...], log: Path, tmp_path: Path) -> None:
        refused(run(*filled(words, MODEL=tmp_path / "no.tflite", LOG=log, OUT=tmp_path / "out")), "no.tflite")

    def test_foreign(self, run: Run, words: tuple[str, ...], log: Path, tmp_path: Path) -> None:
        path = tmp_path / "foreign.tflite"
        path.write_bytes(b"no model at all " * 100)
        refused(run(*filled(words, MODEL=path, LOG=log, OUT=tmp_path / "out")), "TFL3")
        assert not (tmp_path / "out").exists()

    def test_truncated(
        self, run: Run, words: tuple[str, ...], model: Path, log: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "half.tflite"
        path.write_bytes(model.read_bytes()[: model.stat().st_size // 2])
        refused(run(*filled(words, MODEL=path, LOG=log, OUT=tmp_path / "out")), "half.tflite")

    def test_unknown_critical_record(
        self, run: Run, words: tuple[str, ...], model: Path, log: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "future.tflite"
        data = model.read_bytes()
        at = data.index(b"TGCT") + 8
        path.write_bytes(data[:at] + (0x8042).to_bytes(2, "little") + data[at + 2 :])
        refused(run(*filled(words, MODEL=path, LOG=log, OUT=tmp_path / "out")), "critical record")


@pytest.mark.parametrize("words", [w for w in MODEL_COMMANDS if "LOG" in w], ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "log.csv"),
        ("", "log.csv"),
        ("a,b\n1,2\n", "log.csv"),
        (LOG.replace("az_mg", "aq_mg") + ROWS, "az_mg"),
        (LOG + ROWS.replace("20000", "nan", 1), "line"),
        (LOG + ROWS.replace(",1000\n", ",up\n", 1), "line"),
        (LOG + ROWS + "500,1,0,0,1000\n", "line"),
        (LOG + ROWS.replace("\n", ",7\n", 1), "line"),
    ],
    ids=["missing", "empty", "no log", "column", "nan", "text", "backwards", "too many"],
)
def test_bad_logs(
    run: Run, words: tuple[str, ...], content: str | None, expected: str, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "log.csv"
    if content is not None:
        path.write_text(content)
    refused(run(*filled(words, MODEL=model, LOG=path)), expected)


def test_no_arguments_show_the_help(run: Run) -> None:
    code, _, err = run()
    assert code == 2
    assert "Record:" in err


def test_an_empty_argument_is_no_folder(tmp_path: Path) -> None:
    result = gesture("export", "arduino", tmp_path, "--out", "", cwd=tmp_path)
    assert result.returncode == 2
    assert "an argument is empty" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "xterm")])
def test_colour_is_for_terminals_that_want_it(name: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("# tinygesture-log: 1\n")
    plain = {key: held for key, held in os.environ.items() if key != "NO_COLOR"}
    master, slave = pty.openpty()
    subprocess.run(
        [*GESTURE, "lint", str(tmp_path)],
        stdout=slave,
        stderr=slave,
        check=False,
        env={**plain, "TERM": "xterm", name: value},
    )
    os.close(slave)
    said = os.read(master, 65536)
    os.close(master)
    assert (b"\x1b[" in said) == (value == "xterm")


def test_standard_output_that_is_full_or_closed(model: Path, log: Path) -> None:
    simulate = f"{sys.executable} -m gesture_tools simulate {model} {log}"
    for redirection, expected in ((">/dev/full", 2), (">&-", 0), ("| head -c 1", 0)):
        result = subprocess.run(
            ["sh", "-c", f"{simulate} {redirection}"], capture_output=True, text=True, check=False
        )
        assert result.returncode == expected, redirection
        assert "Traceback" not in result.stderr
        assert len(result.stderr.splitlines()) <= 1, result.stderr


@pytest.mark.parametrize("words", [("--help",), ("lint", "--help"), ("lint", "data/starter/p01")])
def test_output_that_nobody_reads_to_its_end(words: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run([*GESTURE, *words], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (result.returncode, result.stderr) == (141, b"")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"\x93NUMPY", b"x" * 100])
def test_inputs_that_are_no_npz(run: Run, model: Path, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    refused(run("bench", model, "--inputs", path), "expected an .npz file")


def test_inputs_of_another_shape(run: Run, model: Path, tmp_path: Path) -> None:
    for x in (np.zeros((0, 1, 50, 3), np.int8), np.zeros((2, 3), np.int8), np.zeros((2, 1, 50, 3))):
        np.savez(tmp_path / "x.npz", x=x)
        refused(run("bench", model, "--inputs", tmp_path / "x.npz"), "expected int8")


@pytest.mark.parametrize("words", [("simulate", "MODEL", "LOG"), ("build", *MODEL_COMMANDS[2][1:])])
def test_a_wrong_self_test(run: Run, words: tuple[str, ...], model: Path, log: Path, tmp_path: Path) -> None:
    data = bytearray(model.read_bytes())
    at = data.index((1).to_bytes(4, "little"), data.index(b"TGCT")) + 4  # the outputs of the case of seed 1
    data[at] ^= 1
    path = tmp_path / "wrong.tflite"
    path.write_bytes(data)
    refused(run(*filled(words, MODEL=path, LOG=log, OUT=tmp_path / "out")), "self-test")


def test_output_that_cannot_be_written(run: Run, model: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    why = (str(blocked), "a file stands where a folder is expected: choose another name")
    refused(run("build", "--board", "qemu_mps2", "--model", model, "--out", blocked / "out"), *why)
    refused(run("synthesize", "--people", "1", "--out", blocked / "out"), *why)
    refused(run("train", "data/starter", "--out", blocked / "out"), *why)


def test_tools_that_are_absent(
    run: Run, model: Path, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from gesture_tools import toolchain

    monkeypatch.setenv("PATH", str(tmp_path))
    refused(run("emulate", "--model", model, log), "qemu-system-arm", "install")
    monkeypatch.setattr(toolchain, "_zig", lambda: None)
    refused(run("build", "--board", "qemu_mps2", "--model", model, "--out", tmp_path / "out"), "compiler")
    code, out, _ = run("parity", model, log)
    assert code == 0
    assert out.count("not run: ") == 4  # two processors, the board, and no model.keras
    assert run("parity", model, log, "--require-all")[0] == 1


def test_parity_fails_on_the_first_difference(
    run: Run, model: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gesture_tools import parity

    def wrong(opened: object) -> parity.Runner:
        def outputs(samples: np.ndarray) -> np.ndarray:
            found = parity._stream_runner(opened)(samples).copy()  # type: ignore[arg-type]
            found[3, 1] += 1
            return found

        return outputs

    monkeypatch.setattr(parity, "tflm_runner", wrong)
    code, _, err = run("parity", model, log)
    assert code == 1
    assert "tflite-micro, whole windows differs in log, window 3, byte 1: expected" in err


@pytest.mark.parametrize("native", [False, True])
def test_interrupt(run: Run, native: bool, model: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gesture_tools.commands import simulate

    def interrupted(*_: object) -> list[Recording]:
        if native:
            raise SystemError("returned a result with an exception set") from KeyboardInterrupt()
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate, "load", interrupted)
    code, _, err = run("simulate", model, log)
    assert (code, err.strip()) == (130, "interrupted")
