"""The recorder's pieces: lines, time, units, cutting, verdicts, names, and files that survive."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.loading import load
from gesture_tools.profile import Profile
from gesture_tools.recorder.clock import ArrivalClock
from gesture_tools.recorder.cut import find_movements, strongest, whole, with_margin
from gesture_tools.recorder.judge import check_face_up, check_source, is_still, judge
from gesture_tools.recorder.lines import LONGEST, LineParser, parse_line
from gesture_tools.recorder.measure import gravity_of, unit_of
from gesture_tools.recorder.meter import Meter
from gesture_tools.recorder.source import Block
from gesture_tools.recordings import ACCELERATION
from tests.support.sketch import movement, rest
from tests.support.takes import PROFILE, block, recording, refusal

ROOT = Path(__file__).parents[1]
# Lines


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("0.1,-0.2,1.0", (0.1, -0.2, 1.0)),
        ("  12\t-34\t1001 ", (12, -34, 1001)),
        ("1 2  3", (1, 2, 3)),
        ("1; 2 ;3", (1, 2, 3)),
        ("x:.5,y:-1e-2,z:+1.", (0.5, -0.01, 1.0)),
        ("1,2,3,100,200,300", (1, 2, 3)),
        ("aX,aY,aZ", None),
        ("1,2", None),
        ("1,2,3,4", None),
        ("1,,3", None),
        ("1,2,3\x00", None),
        ("nan,1,2", None),
        ("1,2,0x3", None),
        ("1,2,3e999", None),
        ("", None),
    ],
)
def test_a_line_is_three_or_six_numbers(line: str, row: tuple[float, ...] | None) -> None:
    assert parse_line(line) == row


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_are_the_same_however_the_bytes_come(size: int) -> None:
    text = b"99\r\nboot v1\r\nx,y,z\r\n\r\n1,2,3\r\n4,5,6\n\n7,8\n9,10,11\r\n12,1"
    parser = LineParser()
    rows = [row for at in range(0, len(text), size) for row in parser.feed(text[at : at + size])]
    assert rows == [(1, 2, 3), (4, 5, 6), None, (9, 10, 11)]
    assert parser.noise == ["boot v1", "x,y,z"]
    assert (parser.rows, parser.malformed, parser.example, parser.strange) == (3, 1, "7,8", 0)


def test_the_rest_of_a_line_is_no_line() -> None:
    parser = LineParser()
    assert parser.feed(b"2,3,1004\n") == []  # may have been 12,3,1004
    parser.feed(b"1,2,3\n4,5")
    parser.restart()
    assert parser.feed(b"6,7,8\n1,2,4\n") == [(1, 2, 4)]


def test_noise_stays_bounded() -> None:
    parser = LineParser()
    rng = np.random.default_rng(3)
    for _ in range(64):
        parser.feed(rng.integers(0, 256, 1024, np.uint8).tobytes())
    assert len(parser._rest) <= LONGEST + 1024
    assert parser.strange > 0.3 * parser.bytes
    assert parser.rows == 0
    assert all(character.isprintable() for line in parser.noise for character in line)


# Time


def test_samples_that_come_in_clumps_are_laid_on_an_even_grid() -> None:
    rng = np.random.default_rng(1)
    clock, stamps, done = ArrivalClock(50.0), [], 0
    for step in range(1000):  # the host looks every 10 to 60 ms; the sketch runs 2 % fast
        now = 0.035 * step + rng.uniform(0, 0.03)
        count = int(now * 51.0) - done
        if count:
            stamps.append(clock.stamp(count, now * 1e6))
            done += count
    t_us = np.concatenate(stamps)
    steps = np.diff(t_us)
    assert (steps > 0).all()
    late = steps[200:]
    assert late.mean() == pytest.approx(1e6 / 51, rel=0.002)
    assert late.std() < 1000
    assert np.abs(late - 1e6 / 51).max() < 8000


def test_a_pause_is_a_gap_in_time() -> None:
    clock = ArrivalClock(50.0)
    before = clock.stamp(10, 200_000)
    assert clock.is_pause(1, 1_000_000)
    assert not clock.is_pause(40, 1_000_000)
    after = clock.stamp(1, 1_000_000)
    assert int(after[0] - before[-1]) == pytest.approx(800_000, abs=5000)
    assert np.diff(clock.stamp(5, 1_100_000)).max() < 25_000


def test_a_host_that_was_busy_sees_no_gap() -> None:
    clock = ArrivalClock(50.0)
    first, second = clock.stamp(10, 200_000), clock.stamp(50, 1_200_000)
    assert np.diff(np.concatenate((first, second))).max() < 25_000


# Units


@pytest.mark.parametrize(
    ("gravity", "name", "milli_g"),
    [
        (1.02, "g", 1000),
        (9.79, "m/s2", 101.97),
        (985.0, "mg", 1),
        (1024.0, "mg", 1),
        (256.0, "raw", 1000 / 256),
        (16800.0, "raw", 1000 / 16384),
        (3900.0, "raw", 1000 / 4096),
    ],
)
def test_gravity_tells_the_unit(gravity: float, name: str, milli_g: float) -> None:
    unit = unit_of(gravity)
    assert (unit.name, unit.milli_g) == (name, pytest.approx(milli_g, rel=1e-4))
    assert "measured" in unit.how


@pytest.mark.parametrize("gravity", [0.01, 2.0, 30.0, 700.0])
def test_a_unit_that_gravity_does_not_tell_must_be_given(gravity: float) -> None:
    assert "give --unit" in refusal(unit_of, gravity)


def test_gravity_is_measured_where_the_board_is_still() -> None:
    moving = np.array([movement(n, 50, 1.0, 0.9) for n in range(200)])
    still = np.array([rest(n) for n in range(30)])
    assert gravity_of(moving * 9.81, 50) is None
    assert gravity_of(np.concatenate((moving, still, moving)) * 9.81, 50) == pytest.approx(9.81, rel=0.02)
    assert gravity_of(np.zeros((100, 3)), 50) is None


# Cutting


def test_gestures_of_the_starter_sessions_are_cut_where_they_are_marked() -> None:
    """Measured on the synthetic sessions: the median take covers its gesture wholly, and little else."""
    covers, overlaps = [], []
    for log in load([ROOT / "data" / "starter"]):
        ends = [0, *(span.end_us for span in log.spans)]
        for number, span in enumerate(log.spans):
            begin = max(ends[number], span.start_us - 2_000_000)
            first, end = np.searchsorted(log.t_us, (begin, span.end_us + 1_000_000)).tolist()
            movements = find_movements(log.samples[first:end], log.rate_hz)
            if not movements:
                covers.append(0.0)
                overlaps.append(0.0)
                continue
            found = strongest(log.samples[first:end], movements)
            start_us, end_us = log.t_us[first + found.first], log.t_us[min(first + found.end, end - 1)]
            shared = max(0, min(end_us, span.end_us) - max(start_us, span.start_us))
            covers.append(shared / (span.end_us - span.start_us))
            overlaps.append(shared / (max(end_us, span.end_us) - min(start_us, span.start_us)))
    assert len(covers) >= 100
    assert np.median(covers) > 0.99
    assert np.mean(np.array(covers) > 0.8) > 0.85
    assert np.median(overlaps) > 0.8


STREAM = (
    Path(os.environ.get("TINYGESTURE_DATASETS", ROOT.parent / "shared" / "datasets"))
    / "makeability_stream.csv.gz"
)


@pytest.mark.skipif(not STREAM.exists(), reason="no real recordings here")
def test_gestures_of_real_people_are_cut_out_of_their_streams() -> None:
    """The makeability streams' labels hold the reaction to a cue, and often the hand's way back does not."""
    covers = []
    for log in load([STREAM]):
        before = 0
        for span in log.spans:
            if span.label in ("background_unverified", "At Rest"):
                continue
            begin = max(before, span.start_us - 2_000_000)
            first, end = np.searchsorted(log.t_us, (begin, span.end_us + 2_000_000)).tolist()
            before = span.end_us
            movements = find_movements(log.samples[first:end], log.rate_hz)
            if not movements:
                covers.append(0.0)
                continue
            found = strongest(log.samples[first:end], movements)
            start, stop = with_margin(found, end - first, log.rate_hz)
            shared = min(log.t_us[first + stop - 1], span.end_us) - max(
                log.t_us[first + start], span.start_us
            )
            covers.append(max(0, int(shared)) / (span.end_us - span.start_us))
    assert len(covers) == 1175
    assert np.mean(np.array(covers) > 0) > 0.98
    assert np.mean(np.array(covers) > 0.8) > 0.9


def test_a_movement_is_over_when_it_has_been_quiet() -> None:
    stream = block(200, moving=True).samples  # moves from 1.2 to 1.8 s and from 3.2 to 3.8 s
    first, second = find_movements(stream, 50)
    assert (first.quiet, second.quiet) == (True, False)
    assert first.first == pytest.approx(60, abs=6)
    assert first.end == pytest.approx(90, abs=6)
    assert find_movements(block(200).samples, 50) == []
    assert find_movements(np.zeros((2, 3), np.int16), 50) == []
    assert whole([first, second], 200, 50) == [first]
    early = block(200, 70, moving=True).samples  # begins within a movement
    assert whole(find_movements(early[:60], 50), 60, 50) == []
    assert whole(find_movements(early, 50), 200, 50)[0].first > 80
    start, end = with_margin(first, 200, 50)
    assert start < first.first
    assert end - start == pytest.approx(75, abs=1)
    assert with_margin(second, 200, 50)[1] == 200


# Verdicts


def test_a_take_as_promised_passes() -> None:
    verdict = judge(recording(block(100, moving=True)), PROFILE)
    assert (verdict.passed, verdict.reasons, verdict.notes) == (True, (), ())


def test_what_breaks_the_profile_is_refused_with_its_reason() -> None:
    take = recording(block(100, moving=True))
    lost = replace(take, seq=np.concatenate((take.seq[:50], take.seq[50:] + 3)))  # type: ignore[index]
    lost = replace(lost, t_us=np.concatenate((take.t_us[:50], take.t_us[50:] + 60_000)))
    assert "3 of 100 samples lost" in judge(lost, PROFILE).reasons[0]
    assert "expected 60 within 5%" in judge(take, Profile(rate_hz=60)).reasons[0]
    pause = replace(take, t_us=np.concatenate((take.t_us[:50], take.t_us[50:] + 400_000)))
    assert any("missing in 1 gaps, the longest 0.42 s" in reason for reason in judge(pause, PROFILE).reasons)
    high = take.samples.copy()
    high[60, 0] = 4000
    assert "1 of 100 samples clipped" in judge(replace(take, samples=high), PROFILE).reasons[0]
    dead = take.samples.copy()
    dead[:, 1] = 7
    assert "axis y does not move" in judge(replace(take, samples=dead), PROFILE).reasons[0]
    metres = (take.samples.astype(np.float64) * 0.00981).astype(np.int16)
    assert any("wrong unit" in reason for reason in judge(replace(take, samples=metres), PROFILE).reasons)
    assert judge(take, PROFILE, "wrong axes").reasons == ("wrong axes",)


def test_one_lost_sample_in_a_thousand_is_a_note() -> None:
    take = recording(block(2000))
    lost = replace(take, seq=np.concatenate((take.seq[:50], take.seq[50:] + 1)))  # type: ignore[index]
    lost = replace(lost, t_us=np.concatenate((take.t_us[:50], take.t_us[50:] + 20_000)))
    verdict = judge(lost, PROFILE)
    assert verdict.passed
    assert "1 of 2000 samples lost" in verdict.notes[0]


@pytest.mark.parametrize("turn", [(0, 1, -2), (0, 2, 1), (2, 1, 0)])
def test_wrong_axes_show_face_up(turn: tuple[int, int, int]) -> None:
    lying = recording(block(60))
    assert check_face_up(lying.samples, ACCELERATION) is None
    order, signs = [abs(axis) for axis in turn], [-1 if axis < 0 else 1 for axis in turn]
    turned = (lying.samples[:, order] * signs).astype(np.int16)
    assert "expected (0, 0, 1000)" in str(check_face_up(turned, ACCELERATION))
    assert is_still(lying.samples)
    assert not is_still(block(100, moving=True).samples)


def test_a_board_that_differs_from_the_folder_is_refused_by_field() -> None:
    def said(found: Profile) -> str:
        return refusal(check_source, found, PROFILE, "d/gesture.toml")

    assert "rate_hz: expected 50 within 5%, found 100" in said(Profile(rate_hz=100))
    assert "full_scale_mg: expected 4000, found 8000" in said(replace(PROFILE, full_scale_mg=8000))
    assert "channels: expected acceleration_x" in said(replace(PROFILE, channels=("acceleration_z",)))
    check_source(Profile(rate_hz=52), PROFILE, "")


def test_the_meter_counts_what_the_verdict_counts() -> None:
    meter = Meter(PROFILE)
    whole = block(600, moving=True)
    parts = [whole.part(0, 1), whole.part(1, 300), whole.part(303)]
    for part in parts:
        meter.update(part)
    reading = meter.read()
    assert (reading.samples, reading.lost, reading.gaps, reading.clipped) == (597, 3, 0, 0)
    assert reading.rate_hz == pytest.approx(50)
    assert reading.seconds == pytest.approx(599 / 50)
    assert len(meter.recent) <= 5 * 50 + 1
    late = Block(whole.seq[:5] + 600, whole.t_us[:5] + 13_000_000, whole.samples[:5])
    meter.update(late)
    assert meter.read().gaps == 1
