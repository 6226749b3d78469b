"""Import and export ended at any moment, or two at the same time: no log is lost, nothing is left."""

from __future__ import annotations

import itertools
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from gesture_tools import files
from gesture_tools.errors import UserError
from gesture_tools.exchange import store as storing
from gesture_tools.exchange.store import store
from gesture_tools.files import folders, write_together
from gesture_tools.loading import load
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording
from tests.support.exchange import recording

TRACED = {module.__file__ for module in (files, storing)}
WHOLE = ["continuous_01.csv", "continuous_01.spans.csv", "gesture.toml"]
PROFILE = Profile(rate_hz=50.0, full_scale_mg=32767)


def made(seed: int, count: int = 3) -> list[Recording]:
    rng = np.random.default_rng(seed)
    return [recording(rng, f"r{k}", label="wave", subject="ann") for k in range(count)]


def put(
    folder: Path, recordings: list[Recording], between: Callable[[int], None] = lambda number: None
) -> None:
    """Store recordings; between is called before each of them is written."""

    @contextmanager
    def progress(items: Iterable[Recording]) -> Iterator[Iterable[Recording]]:
        def taken() -> Iterator[Recording]:
            for number, item in enumerate(items):
                between(number)
                yield item

        yield taken()

    store(recordings, folder, PROFILE, folder / "gesture.toml", progress)


def is_ended(work: Callable[[], object], at: int) -> bool:
    """Do a work with a Ctrl-C before the at-th line of it; return whether that ended it."""
    lines = itertools.count(1)

    def trace(frame: FrameType, event: str, _: object) -> object:
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line" and next(lines) == at:
            signal.raise_signal(signal.SIGINT)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_export_is_all_there_or_not_at_all_whenever_it_is_interrupted(tmp_path: Path) -> None:
    for at in itertools.count(1):
        out = tmp_path / str(at)
        paths = [out / "wave" / "a.csv", out / "flick" / "b.csv"]

        def export(paths: list[Path] = paths) -> None:
            with folders(*(path.parent for path in paths)):
                write_together(dict.fromkeys(paths, "text"))

        ended = is_ended(export, at)
        found = sorted(path for path in out.rglob("*") if path.is_file())
        assert found in ([], sorted(paths)), at
        assert out.exists() == bool(found), at
        if not ended:
            break
    assert at > 50


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file is left to close
def test_an_import_is_all_there_or_not_at_all_whenever_it_is_interrupted(tmp_path: Path) -> None:
    recordings = [replace(made(0)[0], label=None, id="r")]
    for at in itertools.count(1):
        out = tmp_path / str(at)
        if not is_ended(lambda: put(out, recordings), at):  # noqa: B023 - called at once
            break
        if out.exists():  # the interruption came when all was done
            assert at > 100
            assert sorted(path.name for path in out.rglob("*.*")) == WHOLE, at
    assert sorted(path.name for path in out.rglob("*.*")) == WHOLE


def test_a_second_interruption_does_not_stop_the_taking_back(tmp_path: Path) -> None:
    def again(frame: FrameType, event: str, called: object) -> None:
        if event == "c_call" and getattr(called, "__name__", "") == "unlink":
            signal.raise_signal(signal.SIGINT)

    def twice(number: int) -> None:
        if number == 2:
            sys.setprofile(again)
            raise KeyboardInterrupt

    before = sys.getprofile()
    try:
        with pytest.raises(KeyboardInterrupt):
            put(tmp_path / "out", made(0), twice)
    finally:
        sys.setprofile(before)
    assert not list(tmp_path.iterdir())


def test_a_second_import_at_the_same_time_is_refused_and_does_the_first_no_harm(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def second(number: int) -> None:
        with pytest.raises(UserError, match="another import writes to"):
            put(out, made(1))

    put(out, made(0), second)
    assert sorted(path.name for path in (out / "ann").iterdir()) == [f"wave_0{k}.csv" for k in (1, 2, 3)]
    put(out, made(1))
    assert len(load([out])) == 6


@pytest.mark.parametrize("name", ["wave_02.csv", "wave_02.csv.part", "wave_02.spans.csv"])
def test_a_log_that_appears_meanwhile_is_neither_overwritten_nor_taken_back(
    tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    other = out / "ann" / name

    def appear(number: int) -> None:
        if number == 1:
            other.write_text("another's")
        elif number == 2 and is_interrupted:
            raise KeyboardInterrupt

    is_interrupted = True
    with pytest.raises(KeyboardInterrupt):
        put(out, made(0), appear)
    assert [path for path in sorted(out.rglob("*")) if path.is_file()] == [other]
    other.unlink()
    is_interrupted = False
    put(out, made(0), appear)
    assert other.read_text() == "another's"
    logs = {f"wave_0{k}.csv" for k in (1, 3, 4)}
    assert {path.name for path in (out / "ann").iterdir()} == logs | {name}


def test_a_profile_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    replace(PROFILE, rate_hz=100.0).write(tmp_path / "gesture.toml")
    with pytest.raises(UserError, match="has changed meanwhile"):
        put(tmp_path, made(0))
    assert [path.name for path in tmp_path.iterdir()] == ["gesture.toml"]
