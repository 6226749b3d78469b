"""Logs, spans and folders: read what was written, refuse what is wrong with its line and column."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.errors import UserError
from gesture_tools.exchange.store import profile_of
from gesture_tools.loading import load, load_profile
from gesture_tools.logs import read_log, spans_path, write_log
from gesture_tools.profile import PROFILE_NAME, Profile
from gesture_tools.recordings import Recording, Span

HEADER = "# tinygesture-log: 1\n# label: flick\n# subject: p1\n# session: s1\n"
COLUMNS = "seq,t_us,ax_mg,ay_mg,az_mg\n"
ROWS = "0,1000,1,2,1000\n1,21000,-5,3,998\n2,41000,7,-32768,32767\n"


def recording(count: int = 50, rate_hz: float = 50.0, label: str | None = "flick") -> Recording:
    """A recording of seeded noise at an even rate."""
    noise = np.random.default_rng(1).normal(0, 300, (count, 3))
    return Recording(
        id="take",
        label=label,
        subject="p1",
        session="s1",
        t_us=(np.arange(count) * 1e6 / rate_hz).astype(np.int64),
        samples=noise.astype(np.int16),
    )


def refusal(action: Callable[[], object]) -> str:
    """The one line that a refused action shows."""
    with pytest.raises(UserError) as caught:
        action()
    assert "\n" not in caught.value.message
    return caught.value.message


def test_reads_samples_time_header_and_id(tmp_path: Path) -> None:
    path = tmp_path / "take 1.csv"
    path.write_text("# tinygesture-log: 1\n# board: b: x\n" + HEADER.partition("\n")[2] + COLUMNS + ROWS)
    log = read_log(path)
    assert (log.id, log.label, log.subject, log.session, log.spans) == ("take 1", "flick", "p1", "s1", ())
    assert log.header == {"board": "b: x"}
    assert log.t_us.tolist() == [1000, 21000, 41000]
    assert log.samples.tolist() == [[1, 2, 1000], [-5, 3, 998], [7, -32768, 32767]]
    assert log.samples.dtype == np.int16
    assert log.rate_hz == pytest.approx(50.0)
    assert log.duration_s == pytest.approx(0.04)
    assert log.lost == 0


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    spans = (Span("flick", 100_000, 300_000), Span("wave", 300_000, 980_000))
    gap = np.arange(50)
    gap[20:] += 3
    original = replace(recording(label=None), spans=spans, seq=gap)
    path = tmp_path / "walk.csv"
    write_log(path, original, {"synthetic": "yes", "board": "none"})
    again = read_log(path)
    assert (again.t_us == original.t_us).all()
    assert (again.samples == original.samples).all()
    assert again.seq is not None
    assert (again.seq == gap).all()
    assert (again.label, again.spans, again.lost) == (None, spans, 3)
    assert again.header == {"synthetic": "yes", "board": "none"}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["walk.csv", "walk.spans.csv"]


def test_a_log_of_no_gesture_needs_no_spans_file(tmp_path: Path) -> None:
    write_log(tmp_path / "rest.csv", recording(label="background"), {})
    assert [file.name for file in tmp_path.iterdir()] == ["rest.csv"]
    assert read_log(tmp_path / "rest.csv").label == "background"


@pytest.mark.parametrize("key", ["label", "two words", "Ü"])
def test_header_that_cannot_be_read_back_is_refused_when_written(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        write_log(tmp_path / "x.csv", recording(), {key: "value"})
    with pytest.raises(ValueError, match="board"):
        write_log(tmp_path / "x.csv", recording(), {"board": "a\nb"})
    with pytest.raises(ValueError, match="control character"):
        write_log(tmp_path / "x.csv", replace(recording(), subject="p\t1"), {})
    assert not list(tmp_path.iterdir())


def test_lost_samples_are_counted_and_leave_the_rate_alone(tmp_path: Path) -> None:
    path = tmp_path / "gap.csv"
    path.write_text(HEADER + COLUMNS + "7,0,1,1,1\n8,20000,1,1,1\n12,100000,1,1,1\n")
    log = read_log(path)
    assert log.lost == 3
    assert log.rate_hz == pytest.approx(50.0)


@pytest.mark.parametrize("cut", range(1, 17))
def test_a_cut_last_line_is_left_out(tmp_path: Path, cut: int) -> None:
    last = "3,61000,44,-55,6\n"
    path = tmp_path / "cut.csv"
    path.write_text(HEADER + COLUMNS + ROWS + last[:-cut])
    assert read_log(path).t_us.tolist() == [1000, 21000, 41000]


def test_line_ends_of_windows_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "windows.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + COLUMNS + ROWS).replace("\n", "\r\n").encode())
    assert len(load([path])[0].t_us) == 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ROWS + "3,61000,x,0,0\n", "line 9, column ax_mg: expected a whole number, found 'x'"),
        (ROWS + "3,61000,0,nan,0\n", "line 9, column ay_mg: expected a whole number, found 'nan'"),
        (ROWS + "3,61000,0,1.5,0\n", "line 9, column ay_mg: expected a whole number, found '1.5'"),
        (ROWS + "3,61000,0,,0\n", "line 9, column ay_mg: expected a whole number, found ''"),
        (ROWS + "3,61000,0,0\n", "line 9: expected 5 columns, found 4"),
        (ROWS + "3,61000,0,0,0,0\n", "line 9: expected 5 columns, found 6"),
        (ROWS + "\n3,61000,0,0,40000\n", "line 10, column az_mg: 40000 is beyond int16"),
        (
            ROWS + "3,40999,0,0,0\n",
            "line 9, column t_us: time runs backwards or stands still: 40999 after 41000",
        ),
        (ROWS + "3,41000,0,0,0\n", "line 9, column t_us: time runs backwards"),
        (ROWS + "2,61000,0,0,0\n", "line 9, column seq: the sequence number does not grow: 2 after 2"),
        (ROWS + "# note: x\n", "line 9: expected 5 columns, found 1"),
        (ROWS + "3,99999999999999999999,0,0,0\n", "line 9, column t_us: expected a whole number"),
        (ROWS + "3,1000000000000001,0,0,0\n", "line 9, column t_us: expected a magnitude of at most 10^15"),
        (ROWS + "9000000000000000000,61000,0,0,0\n", "line 9, column seq: expected a magnitude of at most"),
        ("0,-9223372036854775808,0,0,0\n1,0,0,0,0\n", "line 6, column t_us: expected a magnitude of"),
        (
            ROWS + "3,60041001,0,0,0\n",
            "line 9, column t_us: a gap of 60 s before this sample: expected at most",
        ),
        ("0,0,1,2,3\n", "holds 1 complete samples: expected at least two"),
        ("", "holds 0 complete samples"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, body: str, expected: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + COLUMNS + body)
    message = refusal(lambda: read_log(path))
    assert message.startswith(str(path))
    assert expected in message


def test_line_ends_of_old_macs_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mac.csv"
    path.write_text((HEADER + COLUMNS + ROWS).replace("\n", "\r"))
    assert "line ends of CR alone: expected LF" in refusal(lambda: read_log(path))


def test_rows_that_all_lack_a_column_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + COLUMNS + "0,0,1,2\n1,20000,1,2\n")
    assert "line 6: expected 5 columns, found 4" in refusal(lambda: read_log(path))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", "expected the first line '# tinygesture-log: 1', found 'seq,t_us,ax_mg,ay_mg,az_mg'"),
        (HEADER.replace("log: 1", "log: 2"), "is a log of version 2: expected 1"),
        (HEADER.replace("# subject: p1\n", ""), "lacks subject"),
        (HEADER.replace(" s1", ""), "lacks session"),
        (
            HEADER.replace("# label: flick\n", ""),
            "expected a header line '# label: ...' or a spans file bad.spans.csv",
        ),
        (HEADER + "# a comment\n", "line 5: expected '# key: value', found '# a comment'"),
        (
            HEADER + "# label: wave\n",
            "line 5: expected '# key: value', found '# label: wave' (a key appears twice)",
        ),
        (HEADER.replace("flick", "fl\tick"), "line 2: label holds a control character: expected text"),
        (HEADER.replace("p1", "p\x1b1"), "line 3: subject holds a control character: expected text"),
    ],
)
def test_a_wrong_header_is_named(tmp_path: Path, head: str, expected: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(head + COLUMNS + ROWS)
    assert expected in refusal(lambda: read_log(path))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("t_us,ax_mg,ay_mg,az_mg\n", "missing: seq"),
        ("seq,t_us\n", "found seq,t_us"),
        ("seq,t_us,ax_mg,ay_mg,gx\n", "unknown: gx"),
        ("seq,t_us,ax_mg,ay_mg,ax_mg\n", "found seq,t_us,ax_mg,ay_mg,ax_mg"),
        ("t_us,seq,ax_mg,ay_mg,az_mg\n", "found t_us,seq"),
        ("", "missing: seq, t_us"),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, columns: str, expected: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + columns + ROWS)
    message = refusal(lambda: read_log(path))
    assert "line 5: expected the columns seq,t_us,ax_mg,ay_mg,az_mg" in message
    assert expected in message


def test_no_text_no_file_no_content(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    assert "is no log" in refusal(lambda: read_log(tmp_path / "empty.csv"))
    (tmp_path / "binary.csv").write_bytes(b"# \xff\xfe")
    assert "not UTF-8" in refusal(lambda: load([tmp_path / "binary.csv"]))
    (tmp_path / "header.csv").write_text(HEADER)
    assert "missing: seq, t_us" in refusal(lambda: read_log(tmp_path / "header.csv"))
    assert "cannot read" in refusal(lambda: read_log(tmp_path / "missing.csv"))


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ("flick,100,200\n", "line 1: expected the columns label,start_us,end_us"),
        ("label,start_us,end_us\nflick,100\n", "line 2: expected a label and two whole numbers"),
        ("label,start_us,end_us\nflick,a,200\n", "line 2: expected a label and two whole numbers"),
        ("label,start_us,end_us\n,2000,3000\n", "line 2: expected a label"),
        ("label,start_us,end_us\nflick,3000,3000\n", "line 2: the span ends at 3000 us, not after its start"),
        ("label,start_us,end_us\nflick,0,3000\n", "outside the recording: expected within 1000 to 41000 us"),
        ("label,start_us,end_us\nflick,2000,41001\n", "outside the recording"),
        ("label,start_us,end_us\nb,5000,9000\na,2000,5001\n", "'a' to 5001 us and 'b' from 5000 us overlap"),
        ("label,start_us,end_us\na\tb,2000,3000\n", "line 2: the label 'a\\tb' holds a control character"),
        ("label,start_us,end_us\n" + "a" * 200_000 + ",2000,3000\n", "line 2: expected comma-separated text"),
    ],
)
def test_wrong_spans_are_named(tmp_path: Path, spans: str, expected: str) -> None:
    path = tmp_path / "walk.csv"
    path.write_text(HEADER.replace("flick", "background") + COLUMNS + ROWS)
    spans_path(path).write_text(spans)
    message = refusal(lambda: read_log(path))
    assert str(spans_path(path)) in message
    assert expected in message


def test_a_labelled_log_with_spans_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "walk.csv"
    path.write_text(HEADER + COLUMNS + ROWS)
    spans_path(path).write_text("label,start_us,end_us\n")
    assert "labelled 'flick' and has the spans file walk.spans.csv" in refusal(lambda: read_log(path))


def test_a_folder_is_its_logs_in_order_with_their_paths_as_ids(tmp_path: Path) -> None:
    for name in ("b/2.csv", "b/10.csv", "a/2.csv", "c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_log(tmp_path / name, recording(), {})
    write_log(tmp_path / "a" / "walk.csv", recording(label=None), {})
    (tmp_path / "a" / "._2.csv").write_bytes(b"\x00\x05")
    assert [log.id for log in load([tmp_path])] == ["a/2", "a/walk", "b/10", "b/2", "c"]
    globbed = [tmp_path / "a" / name for name in ("walk.spans.csv", "walk.csv", "2.csv")]
    assert [log.id for log in load(globbed)] == ["2", "walk"]


def test_nothing_to_load_is_said(tmp_path: Path) -> None:
    assert "holds no recordings: expected logs" in refusal(lambda: load([tmp_path]))
    assert "does not exist" in refusal(lambda: load([tmp_path / "missing"]))
    assert "found none" in refusal(lambda: load([]))
    assert "spans are read with their log" in refusal(lambda: load([tmp_path / "x.spans.csv"]))


def test_a_gap_of_a_minute_is_still_one_recording(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER + COLUMNS + ROWS + "3,60041000,0,0,0\n")
    assert len(read_log(tmp_path / "x.csv").t_us) == 4


def test_only_regular_files_of_some_size_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (Path("/dev/zero"), tmp_path / "pipe.csv"):
        with pytest.raises(UserError, match="expected a regular file"):
            load([path])
    (tmp_path / "large.csv").write_text(HEADER + COLUMNS + ROWS)
    monkeypatch.setattr("gesture_tools.files.MAX_BYTES", 50)
    assert "expected at most 1 GiB" in refusal(lambda: load([tmp_path / "large.csv"]))


def test_folders_of_a_dot_are_not_looked_into(tmp_path: Path) -> None:
    for name in (".venv", "a"):
        (tmp_path / name).mkdir()
        write_log(tmp_path / name / "1.csv", recording(), {})
    assert [one.id for one in load([tmp_path])] == ["a/1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everywhere")
def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    write_log(tmp_path / "1.csv", recording(), {})
    (tmp_path / "closed").mkdir(mode=0)
    assert f"cannot read {tmp_path / 'closed'}" in refusal(lambda: load([tmp_path]))


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").symlink_to("x.csv")
    assert f"cannot read {tmp_path / 'x.csv'}" in refusal(lambda: load([tmp_path]))


def test_ids_are_paths_and_no_log_comes_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_log(tmp_path / name / "1.csv", recording(), {})
    files = [tmp_path / "a" / "1.csv", tmp_path / "b" / "1.csv"]
    assert [one.id for one in load([tmp_path / "a"])] == ["1"]
    assert [one.id for one in load([tmp_path / "a", tmp_path / "b"])] == ["a/1", "b/1"]
    assert "is given twice" in refusal(lambda: load([tmp_path, files[0]]))


def test_logs_of_equal_names_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_log(tmp_path / name / "1.csv", recording(), {})
    files = [tmp_path / "a" / "1.csv", tmp_path / "b" / "1.csv"]
    assert [r.id for r in load(files)] == ["a/1", "b/1"]
    assert [r.id for r in load(files[:1])] == ["1"]


def test_the_nearest_profile_holds(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Profile(rate_hz=50.0).write(tmp_path / PROFILE_NAME)
    write_log(tmp_path / "a" / "1.csv", recording(), {})
    assert load_profile(tmp_path / "a" / "1.csv") == Profile(rate_hz=50.0)
    Profile(rate_hz=25.0).write(tmp_path / "a" / PROFILE_NAME)
    assert load_profile(tmp_path / "a") == Profile(rate_hz=25.0)


def test_a_profile_that_is_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / PROFILE_NAME
    path.mkdir()
    for look in (load_profile, profile_of):
        with pytest.raises(UserError, match=r"cannot read .*gesture\.toml: expected a regular file"):
            look(tmp_path)
    path.rmdir()
    path.symlink_to(path)
    for look in (load_profile, profile_of):
        with pytest.raises(UserError, match=r"gesture\.toml: .*a link leads in a circle"):
            look(tmp_path / "new")


@pytest.mark.parametrize(
    ("rate_hz", "good"), [(50.0, True), (52.4, True), (47.6, True), (52.6, False), (47.4, False)]
)
def test_the_measured_rate_is_checked_against_the_profile(tmp_path: Path, rate_hz: float, good: bool) -> None:
    Profile(rate_hz=50.0, rate_tolerance=0.05).write(tmp_path / PROFILE_NAME)
    write_log(tmp_path / "1.csv", recording(rate_hz=rate_hz), {})
    if good:
        assert len(load([tmp_path])) == 1
    else:
        message = refusal(lambda: load([tmp_path / "1.csv"]))
        assert f"rate_hz differs from {tmp_path / PROFILE_NAME}: expected 50 Hz within 5.0%" in message
        assert f"found {rate_hz:.2f} Hz measured" in message


def test_range_channels_and_frame_are_checked_against_the_profile(tmp_path: Path) -> None:
    Profile(rate_hz=50.0, full_scale_mg=2000).write(tmp_path / PROFILE_NAME)
    loud = recording()
    loud.samples[7, 1] = -2001
    write_log(tmp_path / "1.csv", loud, {})
    assert "full_scale_mg" in (message := refusal(lambda: load([tmp_path])))
    assert "expected at most 2000 milli-g, found a sample of 2001 milli-g" in message
    loud.samples[7, 1] = -2000
    write_log(tmp_path / "1.csv", loud, {"frame": "face", "full_scale_mg": "2000"})
    assert len(load([tmp_path])) == 1
    write_log(tmp_path / "1.csv", loud, {"frame": "wrist"})
    assert "expected face, found wrist" in refusal(lambda: load([tmp_path]))
    write_log(tmp_path / "1.csv", loud, {"full_scale_mg": "4000"})
    assert "found 4000 in the log's header" in refusal(lambda: load([tmp_path]))
    write_log(tmp_path / "1.csv", recording(rate_hz=80), {"forced": "80 Hz, at the user's wish"})
    assert len(load([tmp_path])) == 1
    write_log(tmp_path / "1.csv", loud, {"frame": "wrist", "forced": "all of it"})
    assert "expected face, found wrist" in refusal(lambda: load([tmp_path]))
    flat = Recording("x", "flick", "p", "s", loud.t_us, loud.samples[:, :2], channels=loud.channels[:2])
    write_log(tmp_path / "1.csv", flat, {})
    assert "found acceleration_x, acceleration_y;" in refusal(lambda: load([tmp_path]))


def test_a_recording_checks_its_parts() -> None:
    good = recording()
    for wrong in (
        {"t_us": good.t_us[::-1]},
        {"t_us": good.t_us[:-1]},
        {"t_us": good.t_us.astype(float)},
        {"samples": good.samples.astype(np.int32)},
        {"samples": good.samples[:, :2]},
        {"seq": np.zeros(50, dtype=np.int64)},
        {"t_us": good.t_us[:1], "samples": good.samples[:1]},
    ):
        with pytest.raises(ValueError, match="take"):
            replace(good, **wrong)
