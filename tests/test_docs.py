"""Every command that the documents show is run, in the order they show it; links and C lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gesture_tools.boards import HOST
from gesture_tools.port import PORTS_VARIABLE
from gesture_tools.serving import program_for
from tests.support.board import serving
from tests.support.command import gesture
from tests.support.firmware import model_file  # noqa: F401 - a fixture

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TIMEOUT_S = 300


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE)


def commands(document: Path) -> Iterator[str]:
    for block in blocks(document, "console"):
        for line in block.splitlines():
            if line.startswith("$ "):
                yield line[2:]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data beside it, where the documents' commands leave what they make."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "data").symlink_to(ROOT / "data")
    return folder


@pytest.fixture(scope="module")
def environment(model_file: Path) -> Iterator[dict[str, str]]:  # noqa: F811
    """The environment of somebody with one board plugged in, who shakes it every two seconds."""
    with serving(program_for(HOST, model_file)) as board:
        yield {**os.environ, PORTS_VARIABLE: board.url}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_work(document: Path, workplace: Path, environment: dict[str, str]) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for command in commands(document):
        words = shlex.split(re.sub(r"--minutes \d+", "--minutes 0.03", command))
        if words[:2] == ["gesture", "train"]:
            words += ["--epochs", "2"]  # what follows wants a model, not a good one
        if words[0] == ".":
            continue  # the environment these tests run in
        if words[0] == "make":
            assert words[1] in targets, command
            continue
        assert words[0] == "gesture", f"{document.name} shows a command that no test knows: {command}"
        result = gesture(*words[1:], cwd=workplace, env=environment, timeout=TIMEOUT_S)
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


def test_the_readme_shows_commands() -> None:
    shown = list(commands(DOCUMENTS[0]))
    assert "make demo" in shown
    assert "make test" in shown
    assert sum(command.startswith("gesture ") for command in shown) >= 6


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_names_every_command() -> None:
    from gesture_tools.cli import group

    text = DOCUMENTS[0].read_text()
    import click

    for name in group.list_commands(click.Context(group)):
        assert f"gesture {name}" in text or f"make {name}" in text, name


def test_the_readme_groups_commands_as_the_help_does() -> None:
    from gesture_tools.cli import SECTIONS

    table = DOCUMENTS[0].read_text().split("| record | |")[1].split("\n\n")[0]
    titles = [title for title in SECTIONS if title != "Record"]
    parts = re.split("|".join(rf"\| \*\*{title.lower()}\*\* \| \|" for title in titles), table)
    found = [re.findall(r"`gesture (\w+)`", part) for part in parts]
    assert found == [list(some) for some in SECTIONS.values()]


@pytest.mark.parametrize("language", ["c11", "c++11"])
def test_the_readme_c_compiles(language: str, tmp_path: Path) -> None:
    (code,) = blocks(DOCUMENTS[0], "c")
    (tmp_path / "gesture_model.h").write_text(
        '#include <stddef.h>\n#include <stdint.h>\n#include "tg_model.h"\n'
        "#define GESTURE_MODEL_ARENA_SIZE 64U\n"
        "extern const uint8_t gesture_model[];\nextern const size_t gesture_model_size;\n"
        "extern const tg_op *const gesture_model_ops[];\n"
    )
    example = tmp_path / ("example.c" if language == "c11" else "example.cpp")
    example.write_text(
        "#include <stdint.h>\nvoid turn_page(unsigned label);\nint on_start(void);\n"
        "void on_sample(const int16_t milli_g[3]);\n" + code
    )
    compiler = ["cc"] if language == "c11" else [sys.executable, "-m", "ziglang", "c++"]
    flags = [f"-std={language}", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-c"]
    include = ["-I", str(tmp_path), "-I", str(ROOT / "firmware" / "core")]
    made = tmp_path / "x.o"
    subprocess.run([*compiler, *flags, *include, str(example), "-o", str(made)], check=True)
    assert b"\0tg_recognizer_open\0" in made.read_bytes()  # the name that the core's C has
