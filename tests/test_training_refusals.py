"""What a training refuses, in one line and leaving nothing, and how its files are put in place."""

from __future__ import annotations

import gzip
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from gesture_tools import extras
from gesture_tools.errors import UserError
from gesture_tools.profile import PROFILE_NAME, Profile
from gesture_training import choices
from gesture_training.apart import apart, held_out
from gesture_training.commands.train import command
from gesture_training.memory import MOST_BYTES, check_size
from gesture_training.outputs import staged
from gesture_training.prepare import Request, prepare
from tests.support.training_data import make_recording, write_table

PEOPLE = ("ann", "ben", "cem", "dia")


def test_channels_that_differ_are_refused() -> None:
    one = make_recording("ann", "wave", 0)
    two = replace(one, channels=("acceleration_y", "acceleration_x", "acceleration_z"))
    with pytest.raises(UserError, match="the same everywhere"):
        choices.choose_profile([one, two], None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--labels", "wave"], "at least two classes"),
        (["--labels", "wave,wafe"], "no recording has the label 'wafe'"),
        (["--background", "nothing"], "no recording has the label 'nothing'"),
        (["--test-subjects", "eve"], "no recordings of 'eve'.*ann, ben, cem, dia"),
        (["--test-subjects", "ann,ben,cem,dia"], "leave some out"),
        (["--test-subjects", "ann", "--no-test"], "contradict"),
        (["--rate", "200"], "above what was recorded"),
        (["--rate", "0"], "expected 1 to 1000 Hz"),
        (["--window", "60s"], "samples.*expected"),
        (["--window", "600"], "longer than every gesture"),
        (["--window", "8"], "expected 16 to 1024"),
        (["--window", "nan"], "expected samples"),
        (["--window", "long"], "expected samples"),
        (["--hop", "400"], "up to the window's"),
        (["--hop", "0"], "expected a multiple of"),
        (["--hop", "99999999999999999999"], "up to the window's"),
        (["--labels", ","], "--labels is empty"),
        (["--labels", ""], "--labels is empty"),
        (["--background", " "], "--background is empty"),
        (["--test-subjects", ""], "--test-subjects is empty"),
    ],
)
def test_bad_wishes_are_one_line(tmp_path: Path, options: list[str], message: str) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    refuse(tmp_path, [str(tmp_path / "a.csv"), *options], message)


def test_one_person_cannot_be_split(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", ("ann",))
    refuse(tmp_path, [str(tmp_path / "a.csv")], "one person.*--no-test")


def test_a_class_of_one_person_cannot_be_split(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    write_table(tmp_path / "b.csv", ("ann",), labels=("twist",))
    refuse(
        tmp_path,
        [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")],
        "too small to split.*'twist' .ann.*--no-test",
    )


def test_classes_of_one_person_each_are_all_named(tmp_path: Path) -> None:
    """Nobody can be held out then; a training without a test has to be asked for."""
    write_table(tmp_path / "a.csv", ("ann",), labels=("wave",))
    write_table(tmp_path / "b.csv", ("ben",), labels=("chop",))
    data = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    refuse(tmp_path, data, r"classes 'chop' \(ben\), 'wave' \(ann\) were recorded by one person only")


def test_nobody_is_held_out_of_too_little(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE[:2], takes=1)
    refuse(tmp_path, [str(tmp_path / "a.csv")], "nobody can be held out.*fewer than 2.*--no-test")


def test_a_rate_against_the_profile_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    Profile(rate_hz=50.0).write(tmp_path / PROFILE_NAME)
    refuse(tmp_path, [str(tmp_path), "--rate", "25"], "conflicts.*50 Hz")


def test_profiles_that_differ_are_refused(tmp_path: Path) -> None:
    for name, rate in (("one", 50.0), ("two", 25.0)):
        (tmp_path / name).mkdir()
        write_table(tmp_path / name / f"{name}.csv", [f"{name}_{person}" for person in PEOPLE])
        Profile(rate_hz=rate).write(tmp_path / name / PROFILE_NAME)
    refuse(tmp_path, [str(tmp_path / "one"), str(tmp_path / "two")], "different sensing profiles")


def test_a_class_that_only_test_people_recorded_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    write_table(tmp_path / "b.csv", ("ann",), labels=("twist",))
    data = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    refuse(tmp_path, [*data, "--test-subjects", "ann"], "'twist' is too small: 0 recordings")


def test_missing_extras_are_told_before_data_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    refuse(tmp_path, [str(tmp_path / "nothing.csv")], "training needs TensorFlow")
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "jinja2" else name)
    refuse(tmp_path, [str(tmp_path / "nothing.csv")], "training needs Jinja2")


def test_missing_data_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, [str(tmp_path / "nothing.csv")], "does not exist")


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    (tmp_path / "out").write_text("mine")
    result = CliRunner().invoke(command, [str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "cannot write" in result.stderr
    assert (tmp_path / "out").read_text() == "mine"


def test_the_folder_of_the_recordings_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write_table(tmp_path / "out" / "a.csv", PEOPLE)
    refuse(tmp_path, [str(tmp_path / "out")], "is the folder of the recordings")


def test_an_output_whose_files_cannot_be_replaced_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    out = tmp_path / "out"
    (out / "gesture.tflite").mkdir(parents=True)
    (out / "confusion.png").write_text("mine")
    refuse(tmp_path, [str(tmp_path / "a.csv")], "gesture.tflite is in the way")
    assert (out / "confusion.png").read_text() == "mine"
    assert len(list(out.iterdir())) == 2


def test_an_output_link_that_leads_in_a_circle_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    (tmp_path / "out").symlink_to("out")
    refuse(tmp_path, [str(tmp_path / "a.csv")], "leads in a circle")


def test_what_an_earlier_training_left_goes(tmp_path: Path) -> None:
    for names in (("gesture.tflite", "confusion.png"), ("gesture.tflite",)):
        with staged(tmp_path / "out") as folder:
            for name in names:
                (folder / name).write_text("new")
        (tmp_path / "out" / "notes.txt").write_text("mine")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"gesture.tflite", "notes.txt"}


@pytest.mark.parametrize("exists", [True, False])
def test_what_a_killed_training_left_goes_and_a_running_ones_stays(tmp_path: Path, exists: bool) -> None:
    out = tmp_path / "out"
    place = out if exists else tmp_path
    left = place / ".out.partial-dead"
    left.mkdir(parents=True)
    (left / "gesture.tflite").write_text("half")
    with staged(out) as running, staged(out) as folder:
        assert sorted(path for path in place.iterdir()) == sorted([running, folder])


@pytest.mark.parametrize("exists", [True, False])
def test_outputs_are_staged_on_the_file_system_of_their_folder(tmp_path: Path, exists: bool) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "out").symlink_to("there/model")
    if exists:
        (there / "model").mkdir()
    with staged(tmp_path / "out") as folder:
        assert folder.parent == (there / "model" if exists else there)
        (folder / "gesture.tflite").write_text("model")
    assert (tmp_path / "out").is_symlink()
    assert [path.name for path in (there / "model").iterdir()] == ["gesture.tflite"]
    assert [path.name for path in there.iterdir()] == ["model"]


def refuse(folder: Path, arguments: list[str], message: str) -> None:
    """Check that the command ends with one line and code 2, and leaves nothing."""
    out = folder / "out"
    before = sorted(folder.iterdir())
    result = CliRunner().invoke(command, [*arguments, "--out", str(out)])
    assert result.exit_code == 2, result.output
    line = result.stderr.strip()
    assert line.startswith("error: ")
    assert "\n" not in line
    assert re.search(message, line), line
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("0.5/h", "--false-activations 0.5 needs people to set apart.*found no such recordings"),
        ("-1", "expected a number per hour"),
        ("often", "expected a number per hour"),
        ("nan", "expected a number per hour"),
    ],
)
def test_a_budget_needs_a_number_and_background(tmp_path: Path, budget: str, message: str) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    refuse(tmp_path, [str(tmp_path / "a.csv"), "--false-activations", budget], message)


def test_without_background_the_default_budget_is_said_to_be_left_out(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    request = Request(data=(tmp_path / "a.csv",), out=tmp_path / "out")
    assert any("thresholds stay at 0.6" in line for line in prepare(request).warnings)
    assert not any(
        "thresholds" in line for line in prepare(replace(request, false_activations=math.inf)).warnings
    )


def test_what_keeps_people_from_being_set_apart_is_said(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE[:3], labels=("wave", "chop"))
    write_table(tmp_path / "b.csv", PEOPLE[:1], labels=("idle",), takes=2, seconds=12.0)
    data = (tmp_path / "a.csv", tmp_path / "b.csv")
    request = Request(data=data, out=tmp_path / "out", test=False)
    assert "found 2 such recordings of ann alone; record other people" in prepare(request).warnings[-1]
    write_table(tmp_path / "b.csv", PEOPLE[:3:2], labels=("idle",), takes=1, seconds=12.0)
    assert "whoever is set apart takes too much of some class along" in prepare(request).warnings[-1]


def test_recordings_without_gravity_are_warned_of_and_not_levelled(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", (*PEOPLE, "eve"))
    lines = (tmp_path / "a.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines[1:]]
    floating = [",".join([*one[:-1], f"{float(one[-1]) - 1:.3f}"]) for one in cells]
    (tmp_path / "b.csv").write_text("\n".join([lines[0], *floating]) + "\n")
    with_gravity, without = (
        prepare(Request(data=(tmp_path / name,), out=tmp_path / "out")) for name in ("a.csv", "b.csv")
    )
    assert with_gravity.frame.own is not None
    assert not any("no gravity" in line for line in with_gravity.warnings)
    assert any("the recordings hold no gravity" in line for line in without.warnings)
    assert str(without.frame) == "the board's own frame: the recordings hold no gravity to level by"


def test_a_sensor_that_never_changes_is_warned_of(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    first = lines[1].split(",")[0]
    dead = [
        ",".join([*line.split(",")[:4], "0", "0", "0"]) if line.startswith(f"{first},") else line
        for line in lines
    ]
    (tmp_path / "a.csv").write_text("\n".join(dead) + "\n")
    (found,) = [
        line
        for line in prepare(Request(data=(tmp_path / "a.csv",), out=tmp_path / "out")).warnings
        if "never changes" in line
    ]
    assert found.startswith(f"warning: the sensor never changes in 1 recording, {first} the first")


def test_groups_are_set_apart_by_person(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", PEOPLE)
    write_table(tmp_path / "b.csv", PEOPLE[:3], labels=("idle_long",), takes=1, seconds=12.0)
    data = (tmp_path / "a.csv", tmp_path / "b.csv")
    request = Request(data=data, out=tmp_path / "out", test=False, background=("idle", "idle_long"))
    prepared = prepare(request)
    parts = apart(prepared)
    assert len(parts) == 3
    everyone = []
    for part in parts:
        streams, takes = held_out(prepared, part)
        people = {one.subject for one in streams + takes}
        assert people
        assert not people & ({piece.subject for piece in part.train} | {one.subject for one in part.streams})
        assert part.config.fit.epochs == prepared.config.fit.epochs // 2
        assert {one.spans[0].label for one in takes} == {"wave", "chop"}
        everyone += [one.id for one in streams + takes]
    gestures = [piece for piece in prepared.train if piece.label != prepared.labels.background]
    assert len(everyone) == len(set(everyone)) == len(gestures) + 3


def test_more_data_than_fits_in_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(bytes(3 * 2**20))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(bytes(4 * 2**20)))
    data = [tmp_path / "data", tmp_path / "b.csv.gz"]
    check_size(data, most=7 * 2**20)
    with pytest.raises(UserError, match="the data is 7 MB of text: expected at most 6 MB"):
        check_size(data, most=6 * 2**20)
    with (tmp_path / "data" / "large.csv").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    refuse(tmp_path / "data", [str(tmp_path / "data")], "MB of text: expected at most 512 MB")
