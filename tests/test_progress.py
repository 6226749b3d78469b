"""Progress: bars that are gone in the end at a terminal, plain lines now and then where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gesture_tools import progress
from gesture_tools.progress import tracked
from tests.support.terminal import at_terminal


@pytest.mark.parametrize(("pause_s", "lines"), [(0.0, ["reading: 0 of 2", "reading: 1 of 2"]), (60.0, [])])
def test_lines_where_there_is_no_terminal(
    pause_s: float, lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_S", pause_s)
    with tracked(["a", "b"], "reading", 2) as taken:
        assert list(taken) == ["a", "b"]
    captured = capsys.readouterr()
    assert (captured.out, captured.err.splitlines()) == ("", lines)


def test_an_error_stands_alone_at_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "w.ann.csv").write_text("aX,aY,aZ\n1,2\n")
    ran = at_terminal(tmp_path, [], "import", "arduino", tmp_path, "--rate", 50, "--out", tmp_path / "b")
    assert ran.code == 2
    assert "reading" in ran.out
    last = ran.out.splitlines()[-1]
    assert last.split("error: ")[1].endswith("w.ann.csv, line 2: expected 3 columns, found 2")
    assert "reading" not in last
    assert "\x1b[2K" in last  # the bar's line was erased
