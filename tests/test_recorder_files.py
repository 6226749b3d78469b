"""The recorder's files: recordings that survive whatever breaks them off, their names and folders."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from gesture_tools.errors import UserError
from gesture_tools.loading import load
from gesture_tools.logs import PART_SUFFIX, read_log, spans_path, write_log
from gesture_tools.profile import Profile
from gesture_tools.recorder.place import check_names, take_place
from gesture_tools.recorder.recover import CUT, PENDING, assess, salvage
from gesture_tools.recorder.source import Block
from gesture_tools.recorder.writer import PartWriter, finish, left_parts
from gesture_tools.recordings import Span
from tests.support.takes import PROFILE, block, heading, recording, refusal

ROOT = Path(__file__).parents[1]

# Files


def test_samples_are_in_the_file_when_write_returns(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path / "p", "shake", heading(board="b"))
    writer.write(block(1))
    assert writer.path is None
    writer.write(block(9, 1))
    assert writer.path is not None
    for count in range(10, 200, 7):
        writer.write(block(7, count))
        log = read_log(writer.path)
        assert len(log.t_us) == count + 7 == writer.samples
    assert log.header == {"board": "b"}
    assert writer.path.name == f"shake_01.csv{PART_SUFFIX}"
    with pytest.raises(UserError, match="holds no recordings"):
        load([tmp_path])  # no command takes it from the folder
    assert len(load([writer.path])) == 1  # every command takes it by name
    writer.close()


@pytest.mark.parametrize("change", [(-5, 0), (0, -100_000), (0, 70_000_000), (2**60, 0), (0, 2**60)])
def test_a_source_that_cannot_count_spoils_no_log(change: tuple[int, int], tmp_path: Path) -> None:
    writer = PartWriter(tmp_path, "shake", heading())
    writer.write(block(50))
    then = block(50, 50)
    bad = Block(then.seq + change[0], then.t_us + change[1], then.samples)
    assert "jumped" in refusal(writer.write, bad)
    writer.close()
    assert writer.path is not None
    assert len(read_log(writer.path).t_us) == 50


def test_a_recording_with_spans_in_progress_loads(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path, "continuous", heading(None))
    writer.write(block(100))
    assert writer.path is not None
    assert read_log(writer.path).spans == ()
    writer.mark(Span("flick", 200_000, 900_000))
    with open(spans_path(writer.path), "a") as file:
        file.write("shake,1000000,11")  # cut off within a line
    log = read_log(writer.path)
    assert log.spans == (Span("flick", 200_000, 900_000),)
    writer.close()
    final = finish(writer.path, log, {})
    assert final.name == "continuous_01.csv"
    assert read_log(final).spans == log.spans
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "continuous_01.csv",
        "continuous_01.spans.csv",
    ]


def test_recorders_side_by_side_take_names_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "SHAKE_02.csv").write_text("")
    writers = [PartWriter(tmp_path, "shake", heading()) for _ in range(3)]
    for writer in writers:
        writer.write(block(5))
    assert [str(writer.path)[-11:-9] for writer in writers] == ["01", "03", "04"]
    assert list(left_parts(tmp_path)) == []  # all in progress
    for writer in writers:
        writer.close()
    assert len(list(left_parts(tmp_path))) == 3


def test_leftovers_between_two_steps_go(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path, "shake", heading())
    writer.write(block(50))
    writer.close()
    assert writer.path is not None
    write_log(tmp_path / "shake_01.csv", read_log(writer.path), {})
    (tmp_path / f"x_01.spans.csv{PART_SUFFIX}").write_text("label,start_us,end_us\n")
    (tmp_path / f"y_01.csv{PART_SUFFIX}").write_text("")
    assert list(left_parts(tmp_path)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["shake_01.csv"]


def test_what_was_broken_off_is_kept_if_it_is_whole(tmp_path: Path) -> None:
    for stem, marks, samples in (
        ("background", {}, block(50)),
        ("shake", {CUT: PENDING}, block(130, moving=True)),
        ("early", {CUT: PENDING}, block(80, moving=True)),
        ("slow", {}, Block(block(50).seq, block(50).t_us * 2, block(50).samples)),
    ):
        writer = PartWriter(tmp_path, stem, heading("x", **marks))
        writer.write(samples)
        writer.close()
    kept = {part.name.partition("_")[0]: salvage(part, PROFILE, False) for part in left_parts(tmp_path)}
    assert {name for name, (log, _) in kept.items() if log} == {"background", "shake"}
    assert "no movement from rest to rest" in kept["early"][1]
    assert "25.0 Hz" in kept["slow"][1]
    assert len(list(tmp_path.glob(f"*{PART_SUFFIX}"))) == 2
    shake = read_log(tmp_path / "shake_01.csv")
    assert (shake.header[CUT], shake.header["recovered"]) == ("yes", "yes")
    assert len(shake.t_us) == 75
    (slow,) = tmp_path.glob("slow*")
    assert not assess(slow, PROFILE).verdict.passed
    log, _ = salvage(slow, PROFILE, True)
    assert log is not None
    assert "25.0 Hz" in read_log(log).header["forced"]


def test_a_full_disk_leaves_what_was_written(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from gesture_tools.recorder.writer import PartWriter, UserError\n"
        "from tests.support.takes import block, heading\n"
        "writer = PartWriter(pathlib.Path(sys.argv[1]), 'shake', heading())\n"
        "try:\n"
        "    for number in range(10000): writer.write(block(10, 10 * number))\n"
        "except UserError as error: print(writer.samples, error.message)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    count, _, message = result.stdout.partition(" ")
    assert os.strerror(errno.EFBIG) in message
    assert f"the {count} samples before are kept" in message
    (part,) = tmp_path.iterdir()
    assert len(read_log(part).t_us) >= int(count) > 1000


# Names and folders


@pytest.mark.parametrize(
    ("label", "subject", "wrong"),
    [
        ("", "p", "expected text"),
        (" shake", "p", "without blanks"),
        ("a\nb", "p", "expected text"),
        ("..", "p", "letters or digits"),
        ("shake", "../..", "letters or digits"),
        ("a/b", "p", "no slashes"),
        ("shake", "a\\..\\b", "no slashes"),
        ("a,b", "p", "no commas"),
        ("x" * 33, "p", "at most 32 bytes"),
        ("shake", "p" * 101, "at most 100 bytes"),
    ],
)
def test_names_that_no_file_or_header_can_hold_are_refused(
    label: str, subject: str, wrong: str, tmp_path: Path
) -> None:
    assert wrong in refusal(check_names, tmp_path, [label], subject, "s")


def test_names_that_clash_with_what_is_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p1").mkdir()
    write_log(
        tmp_path / "p1" / "shake_left_01.csv", recording(block(50), label="shake left", subject="p1"), {}
    )
    check_names(tmp_path, ["shake left", "circle"], "p1", "s")
    check_names(tmp_path, ["shake right"], "p2", "s")
    assert "clashes with 'shake left'" in refusal(check_names, tmp_path, ["Shake_Left"], "p2", "s")
    assert "clashes with 'p1'" in refusal(check_names, tmp_path, ["circle"], "P1", "s")
    assert "one file name" in refusal(check_names, tmp_path, ["a b", "a.b"], "p1", "s")


def test_names_of_other_alphabets_do_not_clash(tmp_path: Path) -> None:
    (tmp_path / "p1").mkdir()
    write_log(tmp_path / "p1" / "x_01.csv", recording(block(50), label="влево", subject="Аня"), {})
    check_names(tmp_path, ["вправо", "上", "下"], "Олег", "s")
    assert "clashes with 'влево'" in refusal(check_names, tmp_path, ["Влево"], "Олег", "s")


@pytest.mark.parametrize("subject", ["../../etc/x", "/abs", "a\\..\\b", "CON", "x" * 90])
def test_no_name_leads_out_of_the_folder(subject: str, tmp_path: Path) -> None:
    from gesture_tools.exchange.filenames import slug

    folder = tmp_path / "data" / slug(subject)
    assert folder.resolve().parent == (tmp_path / "data").resolve()
    assert folder.name not in ("", ".", "..", "CON")


def test_a_new_folder_gets_a_profile_and_an_old_one_is_obeyed(tmp_path: Path) -> None:
    place = take_place(tmp_path / "d", PROFILE)
    assert place.is_new
    assert Profile.read(tmp_path / "d" / "gesture.toml") == PROFILE
    again = take_place(tmp_path / "d", Profile(rate_hz=51))
    assert (again.is_new, again.profile) == (False, PROFILE)
    assert "found 100" in refusal(take_place, tmp_path / "d", Profile(rate_hz=100))
    (tmp_path / "file").write_text("")
    assert "is a file" in refusal(take_place, tmp_path / "file", PROFILE)


def test_logs_without_a_profile_must_fit_the_new_one(tmp_path: Path) -> None:
    write_log(tmp_path / "old.csv", recording(block(50)), {})
    assert "rate_hz differs" in refusal(take_place, tmp_path, Profile(rate_hz=100))
    assert not (tmp_path / "gesture.toml").exists()
    assert take_place(tmp_path, PROFILE).is_new
