"""Import and export: round trips lose nothing, and nothing is overwritten."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.commands.export import command as export
from gesture_tools.commands.import_ import NAMES
from gesture_tools.commands.import_ import command as import_
from gesture_tools.exchange import FORMATS, Options
from gesture_tools.exchange.filenames import decode, encode, slug
from gesture_tools.exchange.pieces import cut
from gesture_tools.exchange.store import new_profile, store
from gesture_tools.loading import load
from gesture_tools.logs import write_log
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording, Span
from tests.support.exchange import ODD, make_data, needs, ok, recording, refusal, write_files

EVEN = [name for name in NAMES if name != "tidy"]


def facts(recordings: list[Recording]) -> list[tuple[object, ...]]:
    return sorted(
        (r.label or "", r.subject, r.session, tuple(r.t_us.tolist()), r.samples.tobytes()) for r in recordings
    )


def again(name: str, folder: Path, options: Options) -> list[Recording]:
    form = FORMATS[name]
    files = {file for pattern in form.patterns for file in folder.rglob(pattern)}
    return [r for file in sorted(files) for r in form.read(file, options)]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", EVEN)
def test_a_round_trip_loses_nothing(tmp_path: Path, name: str, seed: int) -> None:
    needs(name)
    rng = np.random.default_rng(seed)
    made = [recording(rng, f"r{k}") for k in range(12)]
    write_files(name, made, tmp_path / "out")
    read = again(name, tmp_path / "out", Options(rate_hz=50.0))
    assert facts(read) == facts(made)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_tidy_round_trip_keeps_times_spans_and_headers_too(tmp_path: Path, seed: int, suffix: str) -> None:
    rng = np.random.default_rng(seed)
    made = []
    for k in range(6):
        r = recording(rng, f"p/r{k}", header={"board": "a, b"} if k % 2 else {"synthetic": "yes"})
        t_us = 5_000_001 + np.cumsum(rng.integers(1000, 40_000, len(r.t_us)))
        made.append(replace(r, t_us=t_us, seq=np.cumsum(rng.integers(1, 3, len(t_us)))))
    r = made[0] = replace(made[0], label=None, **_walk(rng))  # type: ignore[arg-type]
    spans = (Span("wave", int(r.t_us[10]), int(r.t_us[20])), Span("flick", int(r.t_us[20]), int(r.t_us[-1])))
    made[0] = replace(r, spans=spans)
    write_files("tidy", made, tmp_path / f"table{suffix}")
    read = FORMATS["tidy"].read(tmp_path / f"table{suffix}", Options())
    assert facts(read) == facts(made)
    assert [r.id for r in read] == [r.id for r in made]
    for one, two in zip(read, made, strict=True):
        assert {k: v for k, v in one.header.items() if k != "source"} == two.header
        assert two.seq is None or one.seq is not None
        assert np.array_equal(one.seq if one.seq is not None else [], two.seq if two.seq is not None else [])
    assert tuple(s for s in read[0].spans if s.label != "background") == spans


def _walk(rng: np.random.Generator) -> dict[str, object]:
    samples = rng.integers(-2000, 2000, (60, 3)).astype(np.int16)
    return {"t_us": np.arange(60, dtype=np.int64) * 20_000, "samples": samples, "seq": None}


@pytest.mark.parametrize("text", [*ODD, " a ", "con", "100%2E", "Ümläut", "x" * 60, "_a_b_"])
def test_names_survive_file_names(text: str) -> None:
    name = encode(text, also="_")
    assert decode(name) == text
    assert not set(name) & set('/\\.:*?"<>|_')
    assert decode(encode(text)) == text
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_take_a_folder_there_and_back(tmp_path: Path, name: str) -> None:
    needs(name)
    data = make_data(tmp_path / "data")
    out = tmp_path / ("table.csv" if name == "tidy" else "out")
    assert "next: gesture import" in ok(export, name, data, "--out", out)
    rate = ["--rate", 50] if FORMATS[name].even_rate else []
    text = ok(import_, name, out, *rate, "--out", tmp_path / "back")
    assert "next: gesture lint" in text
    assert Profile.read(tmp_path / "back" / "gesture.toml") == Profile(rate_hz=50.0, full_scale_mg=2000)
    before, after = load([data]), load([tmp_path / "back"])
    if name == "tidy":
        assert facts(after) == facts(before)
        assert [r.spans for r in after if r.label is None] == [r.spans for r in before if r.label is None]
        assert [r.header.get("synthetic") for r in after if r.label is None] == ["yes"]
    else:
        pieces = [piece for r in before for piece in cut(r)]
        assert len(pieces) == 3 + 5
        assert facts(after) == facts([replace(p, t_us=p.t_us - p.t_us[0]) for p in pieces])


def test_an_import_that_is_interrupted_can_be_given_again(tmp_path: Path) -> None:
    @contextmanager
    def interrupted(items: Iterable[Recording]) -> Iterator[Iterable[Recording]]:
        def taken() -> Iterator[Recording]:
            yield from itertools.islice(items, 3)
            raise KeyboardInterrupt

        yield taken()

    made = load([make_data(tmp_path / "data")])
    profile = Profile(rate_hz=50.0, full_scale_mg=2000)
    there = tmp_path / "there"
    (there / made[0].subject).mkdir(parents=True)
    other = replace(made[0], samples=made[0].samples // 2)
    write_log(there / made[0].subject / "earlier.csv", other, {})
    before = sorted(there.rglob("*"))
    with pytest.raises(KeyboardInterrupt):
        store(made, there, profile, there / "gesture.toml", interrupted)
    assert sorted(there.rglob("*")) == before
    assert len(store(made, there, profile, there / "gesture.toml")) == len(made)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"rate_hz": "50", "full_scale_mg": "4000"}, (50.0, 4000)),
        ({}, (49.0, 2000)),
        ({"rate_hz": "100", "full_scale_mg": "100"}, (49.0, 2000)),
        ({"rate_hz": "fast", "full_scale_mg": "inf"}, (49.0, 2000)),
        ({"rate_hz": "inf", "full_scale_mg": "many"}, (49.0, 2000)),
    ],
)
def test_a_new_profile_is_what_the_headers_say_where_it_can_be(
    tmp_path: Path, header: dict[str, str], expected: tuple[float, int]
) -> None:
    t_us = np.rint(np.arange(100) * 1e6 / 48.8).astype(np.int64)  # a clock that is slow
    samples = np.tile(np.array([0, 0, 1000], np.int16), (100, 1))
    made = [recording(np.random.default_rng(0), "r", t_us=t_us, samples=samples, header=header)]
    write_files("tidy", made, tmp_path / "table.csv")
    (read,) = FORMATS["tidy"].read(tmp_path / "table.csv", Options())
    profile = new_profile([read], None, None)
    assert (profile.rate_hz, profile.full_scale_mg) == expected


def test_nothing_is_overwritten_and_the_same_is_not_imported_twice(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data")
    ok(export, "arduino", data, "--out", tmp_path / "out")
    assert "exists" in refusal(export, "arduino", data, "--out", tmp_path / "out")
    back = tmp_path / "back"
    first = ["arduino", tmp_path / "out" / "wave.ann.2.csv", "--rate", 50, "--out", back]
    ok(import_, *first)
    before = {path: path.read_bytes() for path in back.rglob("*.*")}
    assert "imported already" in refusal(import_, *first)
    assert {path: path.read_bytes() for path in back.rglob("*.*")} == before
    other = tmp_path / "wave.ann.csv"
    other.write_text("aX,aY,aZ\n0.5,0,1\n0.25,0,1\n")
    ok(import_, "arduino", other, "--rate", 50, "--out", back)
    assert sorted(path.name for path in (back / "ann").iterdir()) == ["wave_01.csv", "wave_02.csv"]
    assert before.items() <= {path: path.read_bytes() for path in back.rglob("*.*")}.items()


def test_an_existing_profile_is_obeyed(tmp_path: Path) -> None:
    back = tmp_path / "back"
    back.mkdir()
    Profile(rate_hz=50.0, full_scale_mg=2000).write(back / "gesture.toml")
    fast, strong = tmp_path / "wave.ann.csv", tmp_path / "wave.bob.csv"
    fast.write_text("aX,aY,aZ\n" + "0.5,0,1\n" * 100)
    strong.write_text("aX,aY,aZ\n0.5,0,1\n3.5,0,1\n")
    assert "rate_hz differs" in refusal(import_, "arduino", fast, "--rate", 100, "--out", back)
    assert "full_scale_mg differs" in refusal(import_, "arduino", strong, "--rate", 50, "--out", back)
    assert [path.name for path in back.rglob("*")] == ["gesture.toml"]
    ok(import_, "arduino", fast, "--rate", 100, "--resample", "--out", back)
    (log,) = load([back])
    assert log.rate_hz == pytest.approx(50, rel=1e-3)


def test_labels_and_people_cannot_leave_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("aX,aY,aZ\n0,0,1\n0,0.1,1\n")
    back = tmp_path / "deep" / "back"
    ok(import_, "arduino", file, "--rate", 50, "--label", "../../up", "--subject", "/etc/x", "--out", back)
    (log,) = load([back])
    assert (log.label, log.subject) == ("../../up", "/etc/x")
    assert log.source.resolve().is_relative_to(back.resolve())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "in.csv"]


def test_labels_that_differ_in_case_only_get_files_of_their_own(tmp_path: Path) -> None:
    for number, label in enumerate(("Wave", "wave", "w ave", "w_ave")):
        file = tmp_path / f"{label}.ann.csv"
        file.write_text(f"aX,aY,aZ\n0.{number},0,1\n0,0,1\n")
    ok(import_, "arduino", tmp_path, "--rate", 50, "--out", tmp_path / "b")
    logs = load([tmp_path / "b"])
    assert {log.label for log in logs} == {"Wave", "wave", "w ave", "w_ave"}
    assert len({str(log.source).casefold() for log in logs}) == 4
    assert "one file on many systems" in refusal(export, "arduino", tmp_path / "b", "--out", tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_lost_samples_are_bridged_where_a_format_has_no_times(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data")
    kept = np.r_[0:10, 14:40]
    samples = np.full((40, 3), 500, np.int16)[kept]
    t_us = np.arange(40, dtype=np.int64)[kept] * 20_000
    write_log(data / "p" / "lossy.csv", Recording("l", "wave", "cid", "1", t_us, samples, seq=kept), {})
    assert "1 of them resampled" in ok(export, "arduino", data, "--out", tmp_path / "out")
    (log,) = again("arduino", tmp_path / "out", Options(rate_hz=50.0))[-1:]
    assert (log.subject, len(log.samples)) == ("cid", 40)
