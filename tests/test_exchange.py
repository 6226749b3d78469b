"""Import and export: round trips lose nothing, foreign files are read, bad ones refused in one line."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.commands.export import command as export
from gesture_tools.commands.import_ import NAMES
from gesture_tools.commands.import_ import command as import_
from gesture_tools.errors import UserError
from gesture_tools.exchange import FORMATS, Options
from gesture_tools.exchange.filenames import decode, encode, slug
from gesture_tools.exchange.pieces import cut
from gesture_tools.exchange.store import new_profile
from gesture_tools.loading import load
from gesture_tools.logs import write_log
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording, Span

ODD = ["flick", "shake_left", "Räder", "a.b", "50 %", "../up", "x:y", "NUL", "no, yes"]
EVEN = [name for name in NAMES if name != "tidy"]


def run(command: object, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])  # type: ignore[arg-type]


def ok(command: object, *arguments: object) -> str:
    result = run(command, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refusal(command: object, *arguments: object) -> str:
    result = run(command, *arguments)
    assert result.exit_code == 2, result.output
    assert not isinstance(result.exception, (KeyError, TypeError, ValueError))
    return result.output


def recording(rng: np.random.Generator, name: str, rate_hz: float = 50.0, **changes: object) -> Recording:
    """A recording of random samples over all of int16, at an even rate."""
    count = int(rng.integers(2, 120))
    made = Recording(
        id=name,
        label=str(rng.choice(ODD)),
        subject=str(rng.choice(ODD)),
        session=str(rng.choice(["1", "2", "2025-03-01a"])),
        t_us=np.rint(np.arange(count) * 1e6 / rate_hz).astype(np.int64),
        samples=rng.integers(-32767, 32768, (count, 3)).astype(np.int16),
        source=Path(name),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def facts(recordings: list[Recording]) -> list[tuple[object, ...]]:
    return sorted(
        (r.label or "", r.subject, r.session, tuple(r.t_us.tolist()), r.samples.tobytes()) for r in recordings
    )


def again(name: str, folder: Path, options: Options) -> list[Recording]:
    form = FORMATS[name]
    files = {file for pattern in form.patterns for file in folder.rglob(pattern)}
    return [r for file in sorted(files) for r in form.read(file, options)]


def write_files(name: str, recordings: list[Recording], out: Path) -> None:
    for path, content in FORMATS[name].files(recordings, out):
        assert out in path.parents or path == out
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def needs(name: str) -> None:
    if name.endswith("cbor"):
        pytest.importorskip("cbor2")


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


def make_data(folder: Path, seed: int = 0) -> Path:
    """Logs of two people, one of them continuous, below a gesture.toml."""
    rng = np.random.default_rng(seed)
    (folder / "p").mkdir(parents=True)
    Profile(rate_hz=50.0, full_scale_mg=2000).write(folder / "gesture.toml")
    for k, (label, subject) in enumerate([("wave", "ann"), ("flick", "ann"), ("wave", "bob")]):
        samples = rng.integers(-2000, 2001, (40, 3)).astype(np.int16)
        t_us = np.arange(40, dtype=np.int64) * 20_000
        write_log(folder / "p" / f"{k}.csv", Recording(str(k), label, subject, "2", t_us, samples), {})
    samples = rng.integers(-2000, 2001, (200, 3)).astype(np.int16)
    spans = (Span("wave", 1_000_000, 1_800_000), Span("flick", 3_000_000, 3_500_000))
    walk = Recording("w", None, "bob", "1", np.arange(200, dtype=np.int64) * 20_000, samples, spans)
    write_log(folder / "p" / "walk.csv", walk, {"synthetic": "yes"})
    return folder


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


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"rate_hz": "50", "full_scale_mg": "4000"}, (50.0, 4000)),
        ({}, (49.0, 2000)),
        ({"rate_hz": "100", "full_scale_mg": "100"}, (49.0, 2000)),
        ({"rate_hz": "fast", "full_scale_mg": "inf"}, (49.0, 2000)),
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


def test_arduino_units_gyroscope_and_repeated_headers(tmp_path: Path) -> None:
    file = tmp_path / "punch.csv"
    file.write_text(
        "aX,aY,aZ,gX,gY,gZ\r\n9.80665,0,0,1,2,3\r\n0,0,9.80665,1,2,3\r\n\r\n"
        "aX,aY,aZ,gX,gY,gZ\r\n0,4.903325,0,1,2,3\r\n0,0,0,0,0,0\r\n"
    )
    assert "--rate" in refusal(import_, "arduino", file, "--subject", "a", "--out", tmp_path / "b")
    assert "--subject" in refusal(import_, "arduino", file, "--rate", 119, "--out", tmp_path / "b")
    ok(import_, "arduino", file, "--rate", 119, "--subject", "a", "--unit", "m/s2", "--out", tmp_path / "b")
    one, two = load([tmp_path / "b"])
    assert one.samples.tolist() == [[1000, 0, 0], [0, 0, 1000]]
    assert two.samples.tolist() == [[0, 500, 0], [0, 0, 0]]
    assert (one.label, one.subject, one.header["rate"]) == ("punch", "a", "nominal")
    assert Profile.read(tmp_path / "b" / "gesture.toml").rate_hz == 119


def edge_impulse(**changes: object) -> dict[str, object]:
    sensors = [{"name": name, "units": "m/s2"} for name in ("gyrX", "accZ", "accX", "accY")]
    payload = {
        "device_name": "ac:87:a3:0a:2d:1b",
        "device_type": "DISCO-L475VG-IOT01A",
        "interval_ms": 16,
        "sensors": sensors,
        "values": [[5, 9.80665, 0, -9.80665], [6, 0.1, 19.6133, 0]],
    }
    return {"protected": {"ver": "v1", "alg": "HS256"}, "signature": "00", "payload": payload | changes}


@pytest.mark.parametrize("suffix", ["json", "cbor"])
def test_edge_impulse_files_of_devices(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"up down.2f3ab.{suffix}"
    if suffix == "cbor":
        cbor2 = pytest.importorskip("cbor2")
        file.write_bytes(cbor2.dumps(edge_impulse()))
    else:
        file.write_text(json.dumps(edge_impulse()))
    ok(import_, "edge-impulse", tmp_path, "--out", tmp_path / "b")
    (log,) = load([tmp_path / "b"])
    assert log.samples.tolist() == [[0, -1000, 1000], [2000, 0, 10]]
    assert (log.label, log.subject) == ("up down", "ac:87:a3:0a:2d:1b")
    assert log.t_us.tolist() == [0, 16_000]


def test_createai_files_old_and_new(tmp_path: Path) -> None:
    for name, key in (("new", "id"), ("old", "ID")):
        data = {"x": [0.004, 2.04], "y": [0, 0], "z": [-1, 1]}
        action = {"name": "Shake", key: 1, "icon": "Heart", "recordings": [{key: 2, "data": data}]}
        (tmp_path / f"{name}.json").write_text(json.dumps([action]))
        ok(import_, "createai", tmp_path / f"{name}.json", "--out", tmp_path / "b")
    one, two = load([tmp_path / "b"])
    assert one.samples.tolist() == [[4, 0, -1000], [2040, 0, 1000]]
    assert (one.label, one.subject, two.subject) == ("Shake", "new", "old")
    assert one.rate_hz == 50


def test_magic_wand_files_of_the_script_command(tmp_path: Path) -> None:
    file = tmp_path / "output_negative_3.txt"
    file.write_text(
        "Script started on Mon\r\n -,-,-\r\n1.0,-2.5,999.7\r\n3,4,5\r\n-,-,-\r\n\r\n6,7,8\r\n9,9,9\r\n"
    )
    ok(import_, "magic-wand", tmp_path, "--rename", "negative=background", "--out", tmp_path / "b")
    one, two = load([tmp_path / "b"])
    assert one.samples.tolist() == [[1, -2, 1000], [3, 4, 5]]
    assert (two.label, two.subject, two.rate_hz) == ("background", "3", 25)


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


BAD = [
    ("arduino", "w.a.csv", "", "holds no samples"),
    ("arduino", "w.a.csv", "1,2,3\n", "line 1: expected the columns aX,aY,aZ"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2\n", "line 2: expected 3 columns, found 2"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2,x\n", "line 2: expected numbers"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2,nan\n1,2,3\n", "recording 1, sample 1: expected at most 32.767 g"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2,99\n1,2,3\n", "check the unit"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2,3\n", "has 1 samples: expected at least two"),
    ("arduino", "w.a.csv", "\udcff", "not UTF-8"),
    ("edge-impulse", "w.json", "{", "not valid JSON"),
    ("edge-impulse", "w.json", "[" * 100_000, "not valid JSON"),
    ("edge-impulse", "w.json", "[]", "found no payload"),
    ("edge-impulse", "w.json", json.dumps(edge_impulse(interval_ms=0)), "interval_ms is 0"),
    ("edge-impulse", "w.json", json.dumps(edge_impulse(interval_ms="a")), "interval_ms is 'a'"),
    ("edge-impulse", "w.json", json.dumps(edge_impulse(interval_ms=math.inf)), "sampling rate is 0 Hz"),
    ("edge-impulse", "w.json", json.dumps(edge_impulse(sensors=[])), "expected one sensor accX"),
    ("edge-impulse", "w.json", json.dumps(edge_impulse(sensors=3)), "expected a list of sensors"),
    (
        "edge-impulse",
        "w.json",
        json.dumps(edge_impulse(values=[[1, 2]])),
        "values, sample 1: expected a number",
    ),
    ("edge-impulse", "w.json", json.dumps(edge_impulse(values="Ref")), "has 0 samples"),
    ("createai", "w.json", "{}", "expected CreateAI's list"),
    ("createai", "w.json", "[]", "holds no recordings"),
    ("createai", "w.json", '[{"name": "a", "recordings": [3]}]', "expected data with the lists"),
    (
        "createai",
        "w.json",
        '[{"name": "a", "recordings": [{"data": {"x": [1], "y": [], "z": [1]}}]}]',
        "of equal length",
    ),
    ("magic-wand", "w.txt", "1,2,3\n", "expected the name output_LABEL_SUBJECT.txt"),
    ("magic-wand", "output_w_a.txt", "-,-,-\n1,2\n", "line 2: expected x,y,z"),
    ("tidy", "w.csv", "a,b\n", "missing columns"),
]


@pytest.mark.parametrize(("name", "file", "content", "expected"), BAD)
def test_bad_files_are_refused_in_one_line(
    tmp_path: Path, name: str, file: str, content: str, expected: str
) -> None:
    (tmp_path / file).write_bytes(content.encode(errors="surrogateescape"))
    rate = ["--rate", 50] if name == "arduino" else []
    output = refusal(import_, name, tmp_path / file, *rate, "--out", tmp_path / "b")
    assert expected in output
    assert output.count("\n") <= 2
    assert not (tmp_path / "b").exists()


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "w.a.csv"
    file.write_text("aX,aY,aZ\n1,2,3\n1,2,3\n")
    start = ["arduino", file, "--rate", 50, "--out", tmp_path / "b"]
    assert "does not exist" in refusal(import_, "arduino", tmp_path / "no", "--out", tmp_path / "b")
    assert "holds no *.json" in refusal(import_, "createai", tmp_path, "--out", tmp_path / "b")
    assert "expected OLD=NEW" in refusal(import_, *start, "--rename", "x")
    assert "expected 1 to 1000" in refusal(import_, *start, "--rate", 0)
    assert "the label is 'a\\nb'" in refusal(import_, *start, "--label", "a\nb")
    assert "cannot create folder" in refusal(import_, *start, "--out", file / "below")
    assert "expected a file .csv" in refusal(
        export, "tidy", make_data(tmp_path / "d"), "--out", tmp_path / "x"
    )


def test_mixed_rates_need_a_decision(tmp_path: Path) -> None:
    for name, step in (("a", 20), ("b", 20), ("c", 10)):
        file = tmp_path / f"{name}.json"
        file.write_text(
            json.dumps(edge_impulse(interval_ms=step, values=[[0, 0.01 * k, 0, 0] for k in range(50)]))
        )
    assert "give --rate HZ" in refusal(import_, "edge-impulse", tmp_path, "--out", tmp_path / "b")
    out = ok(import_, "edge-impulse", tmp_path, "--rate", 50, "--resample", "--json", "--out", tmp_path / "b")
    assert json.loads(out[out.index("{") :])["resampled"] == 1
    assert {round(r.rate_hz) for r in load([tmp_path / "b"])} == {50}


def test_lost_samples_are_bridged_where_a_format_has_no_times(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data")
    kept = np.r_[0:10, 14:40]
    samples = np.full((40, 3), 500, np.int16)[kept]
    t_us = np.arange(40, dtype=np.int64)[kept] * 20_000
    write_log(data / "p" / "lossy.csv", Recording("l", "wave", "cid", "1", t_us, samples, seq=kept), {})
    assert "1 of them resampled" in ok(export, "arduino", data, "--out", tmp_path / "out")
    (log,) = again("arduino", tmp_path / "out", Options(rate_hz=50.0))[-1:]
    assert (log.subject, len(log.samples)) == ("cid", 40)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_are_read_or_refused(tmp_path: Path, name: str) -> None:
    needs(name)
    rng = np.random.default_rng(len(name))
    made = [recording(rng, f"r{k}", subject="ann", label="wave") for k in range(2)]
    write_files(name, made, tmp_path / ("t.csv" if name == "tidy" else "out"))
    file = next(path for path in sorted(tmp_path.rglob("*.*")) if path.is_file())
    sound = file.read_bytes()
    for _ in range(150):
        data = bytearray(sound[: int(rng.integers(len(sound)))] if rng.random() < 0.3 else sound)
        for place in rng.integers(0, min(len(data), 600), 3) if data else []:
            data[place] = (
                rng.choice(list(b'0-,."[]{}nx\n\xff\x00')) if rng.random() < 0.7 else rng.integers(256)
            )
        file.write_bytes(data)
        with contextlib.suppress(UserError):
            assert FORMATS[name].read(file, Options(rate_hz=50.0))


def test_numbers_too_large_for_a_float_are_refused(tmp_path: Path) -> None:
    huge = "1" + "0" * 400
    (tmp_path / "e.json").write_text(json.dumps(edge_impulse()).replace("19.6133", huge))
    assert "values, sample 2" in refusal(
        import_, "edge-impulse", tmp_path / "e.json", "--out", tmp_path / "b"
    )
    data = f'{{"x": [{huge}, 1], "y": [1, 1], "z": [1, 1]}}'
    (tmp_path / "c.json").write_text(f'[{{"name": "a", "recordings": [{{"data": {data}}}]}}]')
    assert "expected numbers" in refusal(import_, "createai", tmp_path / "c.json", "--out", tmp_path / "b")
