"""Every check of ``gesture lint`` on a data set that has exactly that fault, and on one that has none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.commands.lint import command
from gesture_tools.lint import ERROR, INFO, WARNING, check, signal
from gesture_tools.lint.people import supported_rate
from gesture_tools.logs import write_log
from gesture_tools.profile import Profile
from gesture_tools.recorder.judge import judge
from gesture_tools.recordings import Recording, Span

ROOT = Path(__file__).parents[1]
Change = Callable[[Recording], Recording]


def take(person: int, label: str, number: int, seconds: float = 1.6, rate_hz: float = 50.0) -> Recording:
    """A movement around gravity, or rest for the background."""
    rng = np.random.default_rng([person, number, len(label), ord(label[0])])
    count = int(seconds * rate_hz)
    moved = np.zeros((count, 3)) if label == "background" else rng.normal(0, 300, (count, 3))
    samples = np.rint(moved + rng.normal(0, 5, (count, 3)) + [0, 0, 1000]).astype(np.int16)
    return Recording(
        id=f"p{person}/{label}_{number:02}",
        label=label,
        subject=f"p{person}",
        session="1",
        t_us=np.rint(np.arange(count) * 1e6 / rate_hz).astype(np.int64),
        samples=samples,
    )


def good() -> dict[str, Recording]:
    """Five people with three takes each of two gestures, and five minutes of background in all."""
    takes = [take(p, label, n) for p in range(1, 6) for label in ("flick", "wave") for n in range(3)]
    takes += [take(p, "background", 0, 60) for p in range(1, 6)]
    return {recording.id: recording for recording in takes}


def write(folder: Path, recordings: dict[str, Recording], profile: Profile | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    for name, recording in recordings.items():
        path = folder / f"{name}.csv"
        path.parent.mkdir(exist_ok=True, parents=True)
        write_log(path, recording, recording.header)
    if profile is not None:
        profile.write(folder / "gesture.toml")
    return folder


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("good") / "data", good(), Profile(rate_hz=50.0))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def codes(folder: Path, severity: str, budget: float = 40.0) -> dict[str, tuple[str, ...]]:
    return {f.code: f.where for f in check([folder], budget)[1] if f.severity == severity}


def test_a_sound_data_set_has_no_errors_and_no_warnings(sound: Path) -> None:
    assert codes(sound, ERROR) == {}
    assert codes(sound, WARNING) == {}
    result = run(sound, "--budget", "40", "--strict")
    assert result.exit_code == 0, result.output
    assert "next: gesture train" in result.output


def test_the_starter_logs_have_no_errors() -> None:
    data, findings = check([ROOT / "data" / "starter"])
    assert len(data.recordings) == 370
    assert not [finding for finding in findings if finding.severity == ERROR]
    assert "synthetic" in {finding.code for finding in findings}


def test_background_states_the_rate_that_it_can_show(sound: Path) -> None:
    assert supported_rate(1.0) == pytest.approx(2.996, abs=1e-3)
    (finding,) = (f for f in check([sound], 12.0)[1] if f.code == "background")
    assert finding.severity == WARNING
    assert "36 per hour" in finding.what
    assert "10 min more" in finding.advice


def with_samples(change: Callable[[np.ndarray], None]) -> Change:
    def apply(recording: Recording) -> Recording:
        samples = recording.samples.copy()
        change(samples)
        return replace(recording, samples=samples)

    return apply


def set_clipped(samples: np.ndarray) -> None:
    samples[10:20, 0] = 2047


def set_dead(samples: np.ndarray) -> None:
    samples[:] = (-12, 40, 1003)  # stuck at what it read once


def set_constant(samples: np.ndarray) -> None:
    samples[:, 1] = 7


def drop(recording: Recording) -> Recording:
    kept = np.r_[0:20, 40:80]
    seq = np.arange(80)[kept]
    return replace(recording, samples=recording.samples[kept], t_us=recording.t_us[kept], seq=seq)


def gap(recording: Recording) -> Recording:
    return replace(recording, t_us=recording.t_us + np.where(np.arange(80) >= 40, 900_000, 0))


def cut(recording: Recording) -> Recording:
    return replace(recording, samples=recording.samples[:8], t_us=recording.t_us[:8])


def repeat(recording: Recording) -> Recording:
    return replace(recording, samples=take(1, "flick", 1).samples)


def shift(recording: Recording) -> Recording:
    samples = recording.samples.copy()
    samples[:50] = take(2, "flick", 1).samples[30:]
    return replace(recording, samples=samples)


FAULTS: list[tuple[str, str, Change]] = [
    ("dead", ERROR, with_samples(set_dead)),
    ("clipping", WARNING, with_samples(set_clipped)),
    ("constant-axis", ERROR, with_samples(set_constant)),
    ("lost", WARNING, drop),
    ("gaps", WARNING, gap),
    ("short", WARNING, cut),
    ("duplicate", WARNING, repeat),
    ("overlap", ERROR, shift),
    ("labels", WARNING, lambda r: replace(r, label="Flick")),
    ("long-label", ERROR, lambda r: replace(r, label="flick" * 10)),
    ("forced", WARNING, lambda r: replace(r, header={"forced": "3 of 80 samples lost"})),
    ("unverified", INFO, lambda r: replace(r, header={"unverified": "time"})),
]


@pytest.mark.parametrize(("code", "severity", "change"), FAULTS, ids=[code for code, _, _ in FAULTS])
def test_a_fault_is_found_where_it_is(tmp_path: Path, code: str, severity: str, change: Change) -> None:
    recordings = good()
    recordings["p1/flick_00"] = change(recordings["p1/flick_00"])
    found = codes(write(tmp_path / "data", recordings), severity)
    assert code in found
    if "label" not in code:
        assert "p1/flick_00" in found[code][0]


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").symlink_to("x.csv")
    assert "refused" in codes(tmp_path, ERROR)


@pytest.mark.parametrize(("reads", "dead"), [((0, 0, 1000), False), ((0, 0, 0), True), ((16, 0, 0), True)])
def test_a_board_at_rest_may_read_the_same_always_but_gravity(reads: tuple[int, ...], dead: bool) -> None:
    rest = with_samples(lambda samples: np.copyto(samples, reads))(take(1, "background", 0))
    assert [finding.code for finding in signal.check([rest])] == ["dead"] * dead


def test_lost_samples_are_no_gap_and_a_short_stumble_is_none_either(tmp_path: Path) -> None:
    recordings = good()
    one, two = "p1/flick_00", "p1/flick_01"
    recordings[one] = drop(recordings[one])
    late = np.where(np.arange(80) >= 40, 75_000, 0)
    recordings[two] = replace(recordings[two], t_us=recordings[two].t_us + late)
    found = codes(write(tmp_path / "data", recordings), WARNING)
    assert found["lost"] == (f"{one}: 20 of 80",)
    assert "gaps" not in found


def test_clipping_is_worth_a_warning_where_a_recorder_refuses_it(tmp_path: Path) -> None:
    def long_with(clips: int) -> Recording:
        samples = np.tile(take(1, "flick", 1).samples, (30, 1))
        samples[100 : 100 + clips, 0] = 4000
        t_us = np.arange(len(samples), dtype=np.int64) * 20_000
        return replace(take(1, "flick", 1), samples=samples, t_us=t_us, seq=np.arange(len(samples)))

    for clips in (2, 3):  # of 2400
        found = [f for f in signal.check([long_with(clips)], 4000) if f.code == "clipping"]
        passed = judge(long_with(clips), Profile(rate_hz=50)).passed
        assert (bool(found), passed) == ((False, True) if clips == 2 else (True, False))


def test_one_person_is_an_error_and_few_are_a_warning(tmp_path: Path) -> None:
    one = {name: r for name, r in good().items() if r.subject == "p1"}
    assert "people" in codes(write(tmp_path / "one", one), ERROR)
    few = {name: r for name, r in good().items() if r.subject in ("p1", "p2")}
    assert "people" in codes(write(tmp_path / "few", few), WARNING)


def test_imbalance_and_missing_people(tmp_path: Path) -> None:
    recordings = good()
    for person in range(1, 6):
        for number in range(3, 12):
            r = take(person, "circle", number)
            recordings[r.id] = r
    del recordings["p1/wave_00"], recordings["p1/wave_01"], recordings["p1/wave_02"]
    found = codes(write(tmp_path / "data", recordings), WARNING)
    assert "wave: 12 takes" in found["imbalance"][0]
    assert found["coverage"] == ("wave: not from p1",)


def test_no_background_is_an_error_unless_another_label_means_it(tmp_path: Path) -> None:
    recordings = {
        n: replace(r, label="nothing" if r.label == "background" else r.label) for n, r in good().items()
    }
    folder = write(tmp_path / "data", recordings)
    assert "background" in codes(folder, ERROR)
    assert not [f for f in check([folder], 40.0, ["nothing"])[1] if f.severity == ERROR]


@pytest.mark.parametrize(("factor", "severity"), [(1.2, WARNING), (1 / 9.80665, ERROR), (2.0, ERROR)])
def test_gravity_of_the_wrong_size(tmp_path: Path, factor: float, severity: str) -> None:
    recordings = {
        n: replace(r, samples=np.rint(r.samples * factor).astype(np.int16)) for n, r in good().items()
    }
    assert "subject 'p1'" in codes(write(tmp_path / "data", recordings), severity)["gravity"][0]


def test_a_dead_axis_of_one_person(tmp_path: Path) -> None:
    recordings = good()
    for name, recording in recordings.items():
        if recording.subject == "p3":
            recordings[name] = with_samples(set_constant)(recording)
    found = codes(write(tmp_path / "data", recordings), ERROR)
    assert found["dead-axis"] == ("subject 'p3': acceleration_y stays within 0 milli-g",)


def test_mixed_rates_without_a_profile_and_refusals_with_one(tmp_path: Path) -> None:
    recordings = good()
    recordings["p2/wave_01"] = take(2, "wave", 1, rate_hz=100.0)
    assert "p2/wave_01: 100" in codes(write(tmp_path / "a", recordings), WARNING)["rates"][1]
    refused = codes(write(tmp_path / "b", recordings, Profile(rate_hz=50.0)), ERROR)["refused"]
    assert "wave_01.csv: rate_hz differs" in refused[0]


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    recordings = good()
    recordings["p1/flick_00"] = with_samples(set_constant)(recordings["p1/flick_00"])
    folder = write(tmp_path / "data", recordings)
    (folder / "p1" / "wave_00.csv").write_text("garbage\n")
    (folder / "p1" / "walk.spans.csv").write_text("label,start_us,end_us\n")
    found = codes(folder, ERROR)
    assert set(found) == {"refused", "constant-axis", "orphan"}
    assert "wave_00.csv" in found["refused"][0]


def test_spans_outside_their_recording(tmp_path: Path) -> None:
    recordings = good()
    walk = replace(recordings["p1/background_00"], label=None, spans=(Span("flick", 1_000_000, 2_000_000),))
    folder = write(tmp_path / "data", recordings | {"p1/background_00": walk})
    assert codes(folder, ERROR) == {}
    spans = folder / "p1" / "background_00.spans.csv"
    spans.write_text(spans.read_text() + "wave,59000000,90000000\n")
    assert "lies outside the recording" in codes(folder, ERROR)["refused"][0]


def test_tables_are_checked_like_logs(tmp_path: Path) -> None:
    rows = ["recording_id,label,subject,t_ms,ax,ay,az"]
    for subject in ("a", "b"):
        for k, sample in enumerate(take(1, "flick", 0).samples / 1000):
            rows.append(f"r{subject},flick,{subject},{20 * k},{','.join(f'{v:.3f}' for v in sample)}")
    table = tmp_path / "table.csv"
    table.write_text("\n".join(rows) + "\n")
    assert "ra and rb: 1.58 s" in codes(table, ERROR)["overlap"][0]
    (tmp_path / "more.csv").write_text("\n".join(rows[:1] + [row.replace("r", "s", 1) for row in rows[1:81]]))
    found = " ".join(codes(tmp_path, ERROR)["overlap"])
    assert "table/ra and table/rb: 1.58 s" in found
    assert "more/sa and table/rb: 1.58 s" in found


def test_json_and_exit_codes(tmp_path: Path, sound: Path) -> None:
    document = json.loads(run(sound, "--json").output)
    assert document["passed"] is True
    assert document["labels"]["flick"]["people"] == {f"p{n}": 3 for n in range(1, 6)}
    assert document["labels"]["background"]["minutes"] == pytest.approx(5, rel=1e-3)
    assert run(sound, "--strict").exit_code == 1
    one = write(tmp_path / "one", {n: r for n, r in good().items() if r.subject == "p1"})
    result = run(one)
    assert result.exit_code == 1
    assert "error people" in result.output
    assert json.loads(run(one, "--json").output)["passed"] is False


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere"], "nowhere does not exist"),
        ([".", "--budget", "nan"], "nan is no finite number"),
        ([".", "--background", ","], "--background is empty"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert expected in result.output
    assert "holds no recordings" in run(".").output
