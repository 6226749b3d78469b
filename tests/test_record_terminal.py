"""``gesture record`` at a terminal: a person sees the stream, types, and decides with single keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.recording import Ran
from tests.support.scenarios import Results, named, side_by_side
from tests.support.sketch import Row, Sketch, movement, rest, shaken
from tests.support.terminal import Keys, at_terminal

pytestmark = pytest.mark.realtime

WHO: Keys = [(b"who makes", b"anna\n"), (b"name of this sitting", b"\n")]
SKIP_AXES: Keys = [(b"press a key", b"s")]


def recorder(folder: Path, sketch: Sketch, keys: Keys, *arguments: object) -> Ran:
    given = ("--countdown", 0.3, "--port", sketch.port, "--out", folder)
    return at_terminal(folder, [*WHO, *keys], "record", *arguments, *given)


def passing_takes(folder: Path) -> Ran:
    """The name, the date as it is, a key for the axes; redo, keep, discard, quit."""
    decisions = [(b"[k] keep", key) for key in (b"r", b"k", b"d", b"q")]
    with Sketch(shaken) as sketch:
        return recorder(folder, sketch, [(b"press a key", b"x"), *decisions], "shake", "--count", 3)


def refused_takes(folder: Path) -> Ran:
    """Takes that clip: k keeps none of them, f does, d does not."""
    decisions = [(b"[f] keep it all the same", b"k"), (b"", b"f"), (b"[f] keep it all the same", b"d")]
    with Sketch(shaken) as sketch:
        keys = [*SKIP_AXES, *decisions]
        return recorder(folder, sketch, keys, "shake", "--count", 2, "--full-scale", 1100)


def unit_asked(folder: Path) -> Ran:
    """A board that never lies still, in m/s2: the second key."""

    def line(row: Row) -> str:
        return ",".join(f"{value * 9.80665:.3f}" for value in row) + "\n"

    with Sketch(lambda number: movement(number, 50, 1.0, 0.9), line=line) as sketch:
        keys = [(b"What does the sketch print", b"x"), (b"", b"3"), *SKIP_AXES, (b"[k] keep", b"k")]
        return recorder(folder, sketch, keys, "background", "--seconds", 1)


def unit_unknown(folder: Path) -> Ran:
    """A sketch with a unit of its own: q."""
    with Sketch(line=lambda row: ",".join(f"{value * 3.3:.3f}" for value in row) + "\n") as sketch:
        return recorder(folder, sketch, [(b"What does the sketch print", b"q")], "shake")


def ended_early(folder: Path) -> Ran:
    """Minutes of background that q ends, kept with the enter key."""
    with Sketch(rest) as sketch:
        keys = [*SKIP_AXES, (b"    2.0 s", b"q"), (b"[k] keep", b"\n")]
        return recorder(folder, sketch, keys, "background", "--minutes", 10)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    scenarios = named(passing_takes, refused_takes, unit_asked, unit_unknown, ended_early)
    with side_by_side(scenarios, tmp_path_factory.mktemp("terminal")) as results:
        yield results


def test_single_keys_decide(ran: Results) -> None:
    result = ran("passing_takes")
    assert result.code == 0, result.out[-300:]
    assert result.extra["keys"] == []
    (log,) = result.logs
    assert (log.subject, log.header["axes"]) == ("anna", "checked face up")
    for words in ("axes: right", "not kept: redo", "kept ", "not kept: discard", "not kept: quit", "jitter"):
        assert words in result.out


def test_a_refused_take_is_kept_only_by_a_key_of_its_own(ran: Results) -> None:
    result = ran("refused_takes")
    assert result.code == 0, result.out[-600:]
    assert result.extra["keys"] == []
    assert "clipped at the sensor's range" in result.out
    (log,) = result.logs
    assert "clipped" in log.header["forced"]
    assert log.header["axes"] == "unchecked"


def test_a_unit_that_cannot_be_measured_is_asked_for(ran: Results) -> None:
    result = ran("unit_asked")
    assert result.code == 0, result.out[-600:]
    assert result.extra["keys"] == []
    (log,) = result.logs
    assert log.header["unit"] == "m/s2 (given)"
    assert np.median(log.samples[:, 2]) == pytest.approx(1000, abs=150)
    refused = ran("unit_unknown")
    assert refused.code == 2
    found = re.search(r"reads ([0-9.]+) at rest", refused.out)
    assert found, refused.out
    assert float(found[1]) == pytest.approx(3.3, abs=0.02)
    assert not list(refused.folder.rglob("*.csv"))


def test_a_long_recording_ends_with_a_key(ran: Results) -> None:
    result = ran("ended_early")
    assert result.code == 0, result.out[-600:]
    assert result.extra["keys"] == []
    (log,) = result.logs
    assert 1.0 < log.duration_s < 20
