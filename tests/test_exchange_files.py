"""Import: files of other tools as these write them; what is wrong with a file is said in one line."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.commands.export import command as export
from gesture_tools.commands.import_ import NAMES
from gesture_tools.commands.import_ import command as import_
from gesture_tools.errors import UserError
from gesture_tools.exchange import FORMATS, Options
from gesture_tools.loading import load
from gesture_tools.profile import Profile
from tests.support.exchange import make_data, needs, ok, recording, refusal, write_files


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


BAD = [
    ("arduino", "w.a.csv", "", "holds no samples"),
    ("arduino", "w.a.csv", "1,2,3\n", "line 1: expected the columns aX,aY,aZ"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2\n", "line 2: expected 3 columns, found 2"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2,x\n", "line 2: expected numbers"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2,nan\n1,2,3\n", "recording 1, sample 1: expected at most 32.767 g"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2,99\n1,2,3\n", "check the unit"),
    ("arduino", "w.a.csv", "aX,aY,aZ\n1,2,1e308\n1,2,3\n", "found 1e+308 g; check the unit"),
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
    ("createai", "w.json", "x,y,z", "expected the file that CreateAI's 'Save data samples' writes"),
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
    ("tidy", "w.csv", "# tinygesture-log: 1\n", "is a log, expected a table"),
]


@pytest.mark.parametrize(("name", "file", "content", "expected"), BAD)
def test_bad_files_are_refused_in_one_line(
    tmp_path: Path, name: str, file: str, content: str, expected: str
) -> None:
    (tmp_path / file).write_bytes(content.encode(errors="surrogateescape"))
    rate = ["--rate", 50] if name == "arduino" else []
    output = refusal(import_, name, tmp_path / file, *rate, "--out", tmp_path / "b")
    assert expected in output
    assert output.startswith("Error: ") or output.startswith("error: ")
    assert output.count("\n") == 1
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


def tidy(path: Path, identities: tuple[str, str], seq: tuple[int, int]) -> Path:
    rows = "".join(
        f"{identity},wave,ann,{20 * k},0,0,{k},s7,{number},left\n"
        for k, (identity, number) in enumerate(zip(identities, seq, strict=True))
    )
    path.write_text(f"recording_id,label,subject,t_ms,ax,ay,az,log.session,log.seq,log.hand\n{rows}")
    return path


def test_blanks_around_the_identity_lose_no_further_columns(tmp_path: Path) -> None:
    (read,) = FORMATS["tidy"].read(tidy(tmp_path / "t.csv", (" r1", "r1 "), (4, 6)), Options())
    assert (read.session, read.header["hand"]) == ("s7", "left")
    assert read.seq is not None
    assert read.seq.tolist() == [4, 6]


def test_sequence_numbers_that_no_log_holds_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    largest = 10**15
    for seq, found in (((1, largest + 1), largest + 1), ((-largest - 1, 1), -largest - 1)):
        output = refusal(import_, "tidy", tidy(tmp_path / "t.csv", ("r1", "r1"), seq), "--out", out)
        assert f"column log.seq: expected at most {largest}, found {found}" in output
    assert not out.exists()
    ok(import_, "tidy", tidy(tmp_path / "t.csv", ("r1", "r1"), (largest - 1, largest)), "--out", out)
    assert len(load([out])) == 1
