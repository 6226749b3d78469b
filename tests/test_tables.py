"""Tidy tables: values, labels that change, repeated stamps, and errors with line and column."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.errors import UserError
from gesture_tools.loading import load
from gesture_tools.recordings import Recording, Span
from gesture_tools.tables import read_table

pytest.importorskip("pandas")

HEAD = "recording_id,label,subject,t_ms,ax,ay,az\n"
GOOD = (
    "r1,wave,p1,0,0.1,-0.2,1\nr1,wave,p1,10,0.12345,0,-1.0005\n"
    "r2,circle,p2,5.5,0,0,2\nr2,circle,p2,15,0,0,32.767\n"
)


def read(folder: Path, text: str, name: str = "table.csv") -> list[Recording]:
    """Load a table of this text."""
    (folder / name).write_text(text)
    return load([folder / name])


def refusal(folder: Path, text: str) -> str:
    """The one line that a refused table shows."""
    with pytest.raises(UserError) as caught:
        read(folder, text)
    assert "\n" not in caught.value.message
    assert str(folder / "table.csv") in caught.value.message
    return caught.value.message


def test_values_become_milli_g_and_microseconds(tmp_path: Path) -> None:
    first, second = read(tmp_path, HEAD + GOOD)
    assert (first.id, first.label, first.subject, first.session, first.spans) == ("r1", "wave", "p1", "", ())
    assert first.samples.tolist() == [[100, -200, 1000], [123, 0, -1000]]
    assert first.t_us.tolist() == [0, 10_000]
    assert (second.id, second.label, second.subject) == ("r2", "circle", "p2")
    assert second.t_us.tolist() == [5500, 15_000]
    assert second.samples[1, 2] == 32767


def test_compressed_tables_and_folders_of_tables_read_alike(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((HEAD + GOOD).encode()))
    (tmp_path / "u.csv").write_text((HEAD + GOOD).replace("r1", "r3").replace("r2", "r4"))
    assert [recording.id for recording in load([tmp_path])] == ["r1", "r2", "r3", "r4"]


@pytest.mark.parametrize(
    "more",
    [
        [f"feature_{k}_of_another_tool" for k in range(300)],
        ["", "", ""],
        ["note", "note"],
        ['"x, y"', '"a""b"'],
    ],
)
@pytest.mark.parametrize("behind", [True, False])
def test_further_columns_may_be_many_and_of_any_name(tmp_path: Path, more: list[str], behind: bool) -> None:
    lines = (HEAD + GOOD).splitlines()
    extra = [",".join(more), *[",".join("7" * len(more))] * (len(lines) - 1)]
    wide = [f"{a},{b}" if behind else f"{b},{a}" for a, b in zip(lines, extra, strict=True)]
    (first, second), expected = (
        read(tmp_path, "\n".join(wide) + "\n"),
        read(tmp_path, HEAD + GOOD, "plain.csv"),
    )
    assert [r.samples.tolist() for r in (first, second)] == [r.samples.tolist() for r in expected]
    assert [r.label for r in (first, second)] == ["wave", "circle"]


def test_a_first_line_without_end_is_no_header(tmp_path: Path) -> None:
    assert "the first line has 700006 bytes" in refusal(tmp_path, "a,b,c," + "x" * 700_000)


def test_order_of_columns_and_further_columns_do_not_matter(tmp_path: Path) -> None:
    text = (
        "az,ay,ax,t_ms,note,subject,label,recording_id\r\n3,2,1,0,x,NA,null,1\r\n3,2,1,4,x,NA,null,1\r\n\r\n"
    )
    (recording,) = read(tmp_path, text)
    assert (recording.id, recording.label, recording.subject) == ("1", "null", "NA")
    assert recording.samples[0].tolist() == [1000, 2000, 3000]


def test_rows_of_recordings_may_alternate(tmp_path: Path) -> None:
    lines = GOOD.splitlines(keepends=True)
    mixed = read(tmp_path, HEAD + "".join(lines[i] for i in (2, 0, 3, 1)))
    assert [recording.id for recording in mixed] == ["r2", "r1"]
    assert mixed[1].samples.tolist() == [[100, -200, 1000], [123, 0, -1000]]
    many = read(tmp_path, HEAD + "".join(f"r{i % 3},a,p,{i},{i / 1000},0,1\n" for i in range(300)))
    assert [recording.samples[:, 0].tolist() for recording in many] == [
        list(range(i, 300, 3)) for i in range(3)
    ]


def test_runs_of_a_label_become_spans(tmp_path: Path) -> None:
    labels = ["rest"] * 3 + ["wave"] * 2 + ["rest"] + ["circle"] * 2
    rows = [f"r,{label},p,{10 * index},0,0,1\n" for index, label in enumerate(labels)]
    (recording,) = read(tmp_path, HEAD + "".join(rows))
    assert recording.label is None
    assert recording.spans == (
        Span("rest", 0, 30_000),
        Span("wave", 30_000, 50_000),
        Span("rest", 50_000, 60_000),
        Span("circle", 60_000, 70_000),
    )


def test_repeated_stamps_are_spread_up_to_the_next(tmp_path: Path) -> None:
    stamps = [0, 10, 10, 10, 20, 25, 35, 35]
    (recording,) = read(tmp_path, HEAD + "".join(f"r,a,p,{t},0,0,1\n" for t in stamps))
    assert recording.t_us.tolist() == [0, 10_000, 13_333, 16_666, 20_000, 25_000, 35_000, 45_000]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD + "r2,circle,p2,30,x,0,0\n", "line 6, column ax: expected a number, found 'x'"),
        (GOOD + "r2,circle,p2,30,0,nan,0\n", "line 6, column ay: expected a number, found 'nan'"),
        (GOOD + "r2,circle,p2,30,0,,0\n", "line 6, column ay: expected a number, found ''"),
        (GOOD + "r2,circle,p2,inf,0,0,0\n", "line 6, column t_ms: expected a time in milliseconds"),
        (GOOD + "r2,circle,p2,30,0,0,33\n", "line 6, column az: expected -32.767 to 32.767 g, found 33"),
        (
            GOOD + "r2,circle,p2,14.9,0,0,1\n",
            "line 6: time runs backwards in recording 'r2': 14.9 ms after 15 ms",
        ),
        (GOOD + "r2,circle,p3,30,0,0,1\n", "recording 'r2' has the subjects 'p2' and 'p3': expected one"),
        (GOOD + "r3,circle,p3,30,0,0,1\n", "line 6: recording 'r3' has one row: expected at least two"),
        (GOOD + "r3,a,p,1,0,0,1\nr3,a,p,1,0,0,1\n", "line 6: time stands still in recording 'r3'"),
        (GOOD + "r2,,p2,30,0,0,1\n", "line 6, column label: expected text, found nothing"),
        (GOOD + "\nr2,circle,p2,30,0,0,1\n", "line 6, column t_ms: expected a number, found ''"),
        (GOOD + "r2,circle,p2,30,0,0\n", "line 6, column az: expected a number, found ''"),
        (GOOD + "r2,circle,p2,30,0,0,1,2\n", "line 6"),
        (GOOD + "r2,circle,p2,60015.5,0,0,1\n", "line 6: recording 'r2' has a gap of 60.0005 s"),
        (GOOD + "r2,circle,p2,9e13,0,0,1\n", "line 6, column t_ms: expected a time in milliseconds"),
        (GOOD + "r3,a\tb,p,1,0,0,1\n", "line 6, column label: 'a\\tb' holds a control character"),
        (GOOD + "r3,a,p\x1b[2J,1,0,0,1\n", "line 6, column subject: 'p\\x1b[2J' holds a control character"),
        (GOOD + "r3,  ,p,1,0,0,1\n", "line 6, column label: expected text, found nothing"),
        ("", "has columns and no rows"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, body: str, expected: str) -> None:
    assert expected in refusal(tmp_path, HEAD + body)


def test_a_first_row_that_is_too_long_is_refused(tmp_path: Path) -> None:
    assert "line 2" in refusal(tmp_path, HEAD + "r,a,p,0,0,0,1,9\nr,a,p,1,0,0,1,9\n")


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    assert "missing columns: t_ms, ax" in refusal(tmp_path, "recording_id,label,subject,ay,az\nr,a,p,1,1\n")
    assert "the column ax appears 2 times" in refusal(
        tmp_path, HEAD.replace("\n", ",ax\n") + "r,a,p,0,1,1,1,1\n"
    )
    assert "missing columns" in refusal(tmp_path, "\x00\x01binary")


@pytest.mark.parametrize(("gravity", "unit"), [(9.81, "m/s2"), (1000, "milli-g")])
def test_other_units_are_told_by_gravity(gravity: float, unit: str, tmp_path: Path) -> None:
    def table(count: int, factor: float) -> str:
        rows = (f"r,a,p,{n},{0.1 * factor},{4 * factor * (n == 5)},{factor}\n" for n in range(count))
        return HEAD + "".join(rows)

    assert f"are in {unit}, it seems" in refusal(tmp_path, table(30, gravity))
    assert len(read(tmp_path, table(30, 1.0))) == 1


def test_semicolons_are_named(tmp_path: Path) -> None:
    assert "separated by semicolons" in refusal(tmp_path, (HEAD + GOOD).replace(",", ";"))


def test_a_short_row_without_its_text_is_refused(tmp_path: Path) -> None:
    """The text columns come last here, so that the numbers of the short row are complete."""
    text = "t_ms,ax,ay,az,recording_id,subject,label\n0,0,0,1,r,p,a\n1,0,0,1,r,p\n2,0,0,1,r,p,a\n"
    assert "line 3, column label: expected text, found nothing" in refusal(tmp_path, text)


def test_files_that_are_no_table(tmp_path: Path) -> None:
    assert "is empty" in refusal(tmp_path, "\n")
    (tmp_path / "binary.csv").write_bytes(HEAD.encode() + b"\xff\xfe,a,p,0,0,0,1\n")
    with pytest.raises(UserError, match="UTF-8"):
        load([tmp_path / "binary.csv"])
    good = gzip.compress((HEAD + GOOD).encode())
    for content in (b"", b"text", good[:-12], good[:20] + b"\x00\x00\x00" + good[23:]):
        (tmp_path / "t.csv.gz").write_bytes(content)
        with pytest.raises(UserError, match=r"t\.csv\.gz"):
            load([tmp_path / "t.csv.gz"])


def test_two_tables_with_the_same_id_are_told_apart_by_their_names(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(HEAD + GOOD)
    first, *_ = load([tmp_path / "a.csv"])
    ids = [recording.id for recording in load([tmp_path])]
    assert first.id in ids
    assert f"b/{first.id}" in ids
    assert len(ids) == len(set(ids)) == 2 * len(load([tmp_path / "a.csv"]))


def real_tables() -> list[Path]:
    """Real recordings beside the checkout or where TINYGESTURE_DATASETS says; none on most machines."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "datasets"
    return sorted(Path(os.environ.get("TINYGESTURE_DATASETS", beside)).glob("*.csv.gz"))


@pytest.mark.skipif(not real_tables(), reason="no real recordings here")
@pytest.mark.parametrize("path", real_tables(), ids=lambda path: path.name)
def test_real_tables_load(path: Path) -> None:
    for recording in load([path]):
        assert (np.diff(recording.t_us) > 0).all()
        assert 20 < recording.rate_hz < 110
        for span in recording.spans:
            assert recording.t_us[0] <= span.start_us < span.end_us <= recording.t_us[-1]


def test_a_table_that_is_neither_numbers_nor_utf8(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"recording_id,label,subject,t_ms,ax,ay,az\nr,up,p,0,one,0,0\nr,up,p\xff,20,0,0,0\n")
    with pytest.raises(UserError, match="not UTF-8"):
        read_table(path)


def test_line_ends_of_old_macs_and_windows(tmp_path: Path) -> None:
    for end in ("\r", "\r\n"):
        (tmp_path / "table.csv").write_bytes((HEAD + GOOD).replace("\n", end).encode())
        assert [recording.id for recording in load([tmp_path])] == ["r1", "r2"]


def test_blanks_around_text_do_not_count(tmp_path: Path) -> None:
    first, second = read(tmp_path, HEAD + GOOD.replace("r1,wave,p1,10", " r1,wave , p1 ,10"))
    assert (first.id, first.label, first.subject, second.id) == ("r1", "wave", "p1", "r2")


def test_a_field_that_never_ends_is_refused(tmp_path: Path) -> None:
    assert "expected comma-separated text" in refusal(tmp_path, HEAD + "r" * 200_000 + ",a,p,0,0,0,1\n")


def test_a_small_file_of_too_much_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gesture_tools.tables.MAX_BYTES", 1000)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((HEAD + GOOD * 100).encode()))
    with pytest.raises(UserError, match="holds more than 1 GiB"):
        load([tmp_path])


def test_text_that_looks_like_a_number_stays_text(tmp_path: Path) -> None:
    text = HEAD + "007,1.50,01,0,0,0,1\n007,1.50,01,1,0,0,1\n7,1.5,1,0,0,0,1\n7,1.5,1,1,0,0,1\n"
    assert [(r.id, r.label, r.subject) for r in read(tmp_path, text)] == [
        ("007", "1.50", "01"),
        ("7", "1.5", "1"),
    ]


def test_a_clock_s_stamps_count_from_the_first(tmp_path: Path) -> None:
    """Milliseconds since 1970, as telephones and logs of servers have them."""
    since = 1.75e12
    rows = "".join(f"r{n},wave,p1,{since + 1000 * n + 20 * k:.1f},0,0,1\n" for n in (0, 1) for k in range(3))
    first, second = read(tmp_path, HEAD + rows)
    assert first.t_us.tolist() == [0, 20_000, 40_000]
    assert second.t_us.tolist() == [1_000_000, 1_020_000, 1_040_000]


@pytest.mark.parametrize(("step", "found"), [(0.02, "every 0.02 ms"), (20_000, "every 20000 ms")])
def test_time_in_seconds_or_microseconds_is_refused(tmp_path: Path, step: float, found: str) -> None:
    rows = "".join(f"r,wave,p1,{step * k:g},0,0,1\n" for k in range(4))
    message = refusal(tmp_path, HEAD + rows)
    assert found in message
    assert "expected t_ms in milliseconds" in message
