"""The synthetic starter logs: physics of the model, the sensor's errors, and data/starter byte for byte."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.recordings import load, load_profile
from gesture_training.commands.synthesize import command
from gesture_training.synthesis import (
    background,
    folder,
    generate,
    gestures,
    handling,
    person,
    scenario,
    sensor,
)
from gesture_training.synthesis.hand import (
    GRAVITY,
    carry,
    join,
    moving,
    pause,
    rotation,
    specific_force,
    travel,
    trembling,
)
from gesture_training.synthesis.trajectory import RATE_HZ, through

STARTER = Path(__file__).parent.parent / "data" / "starter"
NO_LEVER = np.zeros(3)
PERFECT = sensor.Sensor(np.zeros(3), np.eye(3), 0.0, 20.0, 1.0, 0.0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def synthesize(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("pitch", "roll", "expected"),
    [
        (0, 0, (0, 0, 1)),
        (90, 0, (0, 1, 0)),
        (0, 90, (-1, 0, 0)),
        (0, 180, (0, 0, -1)),
        (30, 0, (0, 0.5, 0.75**0.5)),
    ],
)
def test_gravity_at_rest_in_the_face_frame(pitch: float, roll: float, expected: tuple[float, ...]) -> None:
    force = specific_force(pause(np.radians([pitch, roll, 40.0]), 0.2), np.array([0.0, 0.1, 0.02]))
    np.testing.assert_allclose(force, np.tile(expected, (len(force), 1)), atol=1e-4)


def test_a_board_face_up_on_a_perfect_sensor_reads_one_g_along_z() -> None:
    _, samples = sensor.measure(PERFECT, specific_force(pause(np.zeros(3), 1), NO_LEVER), 50, 4000, rng())
    assert (samples == [0, 0, 1000]).all()


def test_minimum_jerk_stroke_integrates_to_its_displacement_and_stops() -> None:
    wanted = np.array([0.12, -0.05, 0.2])
    force = specific_force(carry(np.zeros(3), np.zeros(3), wanted, 0.3), NO_LEVER)
    velocity = np.cumsum((force - [0, 0, 1]) * GRAVITY, axis=0) / RATE_HZ
    np.testing.assert_allclose(velocity[-1], 0, atol=2e-3)
    np.testing.assert_allclose(velocity.sum(axis=0) / RATE_HZ, wanted, rtol=2e-3)
    peak = np.abs(force[:, 0]).max() * GRAVITY
    assert peak == pytest.approx(10 / 3**0.5 * 0.12 / 0.3**2, rel=1e-2)  # Flash and Hogan's closed form


def test_a_path_through_points_is_smooth_and_of_less_jerk_than_its_neighbours() -> None:
    points = np.array([[0.0], [0.1], [-0.02], [0.0]])
    seconds = [0.14, 0.16, 0.2]
    path = through(points, seconds)
    at = np.cumsum([0, *(round(s * RATE_HZ) for s in seconds)])
    np.testing.assert_allclose(path[at], points, atol=1e-12)
    acceleration = np.diff(path[:, 0], 2) * RATE_HZ**2
    assert np.abs(np.diff(acceleration)).max() < 0.1 * np.abs(acceleration).max()
    assert np.abs(acceleration[[0, -1]]).max() < 0.1 * np.abs(acceleration).max()

    def jerk(values: np.ndarray) -> float:
        return float((np.diff(values, 3, axis=0) ** 2).sum())

    t = np.arange(len(path)) / len(path)
    for k in range(1, 4):
        # Vanishes at both ends with two derivatives, and at the points: the same task, another path.
        bump = (t * (1 - t)) ** 3 * np.sin(k * np.pi * t) * np.prod([t - t[i] for i in at[1:-1]], axis=0)
        bump *= 0.02 / np.abs(bump).max()
        assert jerk(path) < jerk(path + bump[:, None])
        assert jerk(path) < jerk(path - bump[:, None])


def test_turning_on_a_lever_is_felt_as_centripetal_acceleration() -> None:
    omega, lever = 6.0, np.array([0.0, 0.1, 0.0])
    yaw = omega * np.arange(500) / RATE_HZ
    turning = moving(np.zeros((500, 3)), np.stack([0 * yaw, 0 * yaw, yaw], axis=1))
    felt = specific_force(turning, lever)[10:-10]
    np.testing.assert_allclose(felt, np.tile([0, -(omega**2) * 0.1 / GRAVITY, 1], (len(felt), 1)), atol=1e-3)


def test_rotations_are_proper() -> None:
    matrices = rotation(rng().uniform(-3, 3, (50, 3)))
    np.testing.assert_allclose(
        matrices @ matrices.transpose(0, 2, 1), np.tile(np.eye(3), (50, 1, 1)), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(matrices), 1)


def test_joined_movements_have_no_jolt_at_the_seam() -> None:
    grip = np.radians([20.0, 5.0, 0.0])
    one = carry(grip, 1.5 * grip, np.array([0.2, 0, 0]), 0.3)
    three = travel(one.last_angles, 0.05 * np.eye(6), [0.2] * 5)
    force = specific_force(join([one, pause(one.last_angles, 0.1), three]), NO_LEVER)
    assert np.abs(np.diff(force, axis=0)).max() < 0.12


@pytest.mark.parametrize("seed", range(5))
def test_shake_left_is_the_mirror_image_of_shake_right(seed: int) -> None:
    who = person.draw(rng(seed))
    mirror = who.mirrored()
    left = gestures.shake_left(who, rng(seed), who.grip)
    right = gestures.shake_right(mirror, rng(seed), mirror.grip)
    np.testing.assert_allclose(
        specific_force(left, who.lever), specific_force(right, mirror.lever) * [-1, 1, 1], atol=1e-9
    )


def test_the_first_strong_push_of_a_page_shake_gives_its_direction() -> None:
    for seed in range(40):
        who = person.draw(rng(seed))
        for perform, sign in ((gestures.shake_right, 1), (gestures.shake_left, -1)):
            way = perform(who, rng(seed), who.grip).position[:, 0]
            assert way[np.argmax(np.abs(way))] * sign > 0.01


def test_tremor_lies_between_8_and_12_hz_and_only_in_the_hand() -> None:
    still = pause(np.zeros(3), 20)
    shaken = specific_force(trembling(still, rng(), 0.01, 0.0, 0.0), NO_LEVER)[:, 0]
    power = np.abs(np.fft.rfft(shaken * np.hanning(len(shaken)))) ** 2
    frequency = np.fft.rfftfreq(len(shaken), 1 / RATE_HZ)
    assert power[(frequency > 7.5) & (frequency < 12.5)].sum() > 0.9 * power[frequency > 2].sum()
    assert 0.004 < shaken.std() < 0.025
    lying = trembling(pause(np.zeros(3), 5, held=0.0), rng(), 0.01, 0.02, 0.3)
    assert np.ptp(lying.position, axis=0).max() == 0
    assert np.ptp(lying.angles, axis=0).max() == 0


def test_effort_makes_the_hand_shiver() -> None:
    waving = travel(np.zeros(3), 0.1 * np.array([[0.0], [1], [-1], [1], [0]]) * np.eye(6)[0], [0.2] * 4)
    calm, rough = (
        specific_force(trembling(waving, rng(), 0.0, 0.0, share), NO_LEVER) for share in (0.0, 0.3)
    )
    shiver = (rough - calm).std()
    assert 0.05 < shiver / (calm - calm.mean(axis=0)).std() < 0.6


def test_samples_are_clipped_and_quantised() -> None:
    wild = 9 * np.sin(np.arange(2000) / 60)[:, None] * [1.0, -1.0, 0.5]
    _, samples = sensor.measure(replace(PERFECT, noise_mg=3.0), wild, 50, 4000, rng())
    assert samples.dtype == np.int16
    assert samples.max() == 4000
    assert samples.min() == -4000
    assert (samples % sensor.STEP_MG == 0).all()
    assert len(np.unique(samples)) > 100


@pytest.mark.parametrize("clock", [0.96, 1.0, 1.035])
def test_the_clock_error_shows_in_the_rate_and_jitter_keeps_the_order(clock: float) -> None:
    skewed = replace(PERFECT, clock=clock, jitter_us=300.0)
    t_us, samples = sensor.measure(skewed, np.zeros((20 * RATE_HZ, 3)), 50, 4000, rng())
    assert len(t_us) == len(samples)
    assert t_us[0] == 0
    assert (np.diff(t_us) > 0).all()
    assert (len(t_us) - 1) / (t_us[-1] / 1e6) == pytest.approx(50 * clock, rel=1e-4)
    assert np.diff(t_us).std() > 50


def test_the_low_pass_halves_power_at_its_corner() -> None:
    wave = np.sin(2 * np.pi * 15 * np.arange(5000) / RATE_HZ)[:, None]
    passed = sensor.low_pass(wave, 15.0)[1000:]
    assert passed.std() / wave.std() == pytest.approx(2**-0.5, rel=0.03)


def test_bias_gain_and_cross_axis_are_those_of_the_sensor() -> None:
    response = np.array([[1, 0, 0.01], [0, 1, 0], [0, 0, 1.02]])
    crooked = replace(PERFECT, bias_mg=np.array([20.0, -10, 0]), response=response)
    _, samples = sensor.measure(crooked, specific_force(pause(np.zeros(3), 1), NO_LEVER), 50, 4000, rng())
    assert (samples == [30, -10, 1020]).all()


@pytest.mark.parametrize(
    "action", [*handling.HANDLING, *handling.TALKING], ids=lambda action: action.__name__
)
def test_near_misses_end_where_they_may_go_on(action: handling.Action) -> None:
    who = person.draw(rng(3))
    for seed in range(5):
        motion = action(who, rng(seed), who.grip)
        np.testing.assert_allclose(motion.last_angles, who.grip, atol=1e-9)
        assert np.isfinite(specific_force(motion, who.lever)).all()


def test_lying_boards_do_not_move() -> None:
    who = person.draw(rng(1))
    lowered = background.put_down(who, rng(), who.grip, 1.0)
    force = specific_force(lowered, who.lever)
    np.testing.assert_allclose(np.linalg.norm(force[-100:], axis=1), 1, atol=0.01)


@pytest.mark.parametrize("gesture", gestures.GESTURES, ids=lambda gesture: gesture.label)
def test_takes_last_between_one_and_a_half_and_two_and_a_half_seconds(gesture: gestures.Gesture) -> None:
    for seed in range(30):
        taken = scenario.take(gesture, person.draw(rng(seed)), rng(seed))
        assert 1.49 <= taken.seconds <= 2.6


def test_peaks_and_paces_of_shakes_are_those_of_people() -> None:
    peaks = []
    for recording in load([STARTER]):
        if recording.label and recording.label.startswith("shake_"):
            motion = recording.samples - np.median(recording.samples, axis=0)
            peaks.append(np.abs(motion).max() / 1000)
    assert 1.5 < np.median(peaks) < 3
    assert np.quantile(peaks, 0.9) > 2.5


def test_starter_logs_are_what_the_generator_makes_now(tmp_path: Path) -> None:
    result = synthesize("--out", tmp_path / "again")
    assert result.exit_code == 0, result.output
    made, kept = contents(tmp_path / "again"), contents(STARTER)
    assert sorted(made) == sorted(kept)
    changed = [str(name) for name in made if made[name] != kept[name]]
    assert not changed, (
        f"{len(changed)} files differ, first {changed[0]}: gesture synthesize --out data/starter --force"
    )


def test_starter_logs_are_complete_marked_synthetic_and_on_profile() -> None:
    recordings = load([STARTER])
    assert load_profile(STARTER) == generate.PROFILE
    assert len(recordings) == generate.count(generate.Settings())
    assert {recording.header["synthetic"] for recording in recordings} == {"yes"}
    assert {recording.subject for recording in recordings} == {f"p{n:02d}" for n in range(1, 11)}
    takes = [r.label for r in recordings if r.label not in (None, "background")]
    assert {label: takes.count(label) for label in takes} == {g.label: 60 for g in gestures.GESTURES}
    rates = {round(recording.rate_hz, 1) for recording in recordings}
    assert max(rates) - min(rates) > 1  # every sensor has its own clock
    for recording in recordings:
        if recording.label is None:
            assert len(recording.spans) == 10
            assert 55 < recording.duration_s < 85
    assert sum(map(len, contents(STARTER).values())) < 4e6


def test_the_seed_and_the_numbers_decide(tmp_path: Path) -> None:
    small = ("--people", 1, "--takes", 1, "--json")
    summary = json.loads(synthesize("--out", tmp_path / "a", "--seed", 5, *small).stdout)
    assert summary["recordings"] == 12
    assert summary["synthetic"] is True
    assert summary["next"] == f"gesture train {tmp_path / 'a'} --out build/model"
    synthesize("--out", tmp_path / "b", "--seed", 5, *small)
    synthesize("--out", tmp_path / "c", "--seed", 6, *small)
    one, same, other = (contents(tmp_path / n)["p01/flick_01.csv"].partition(b"seq,")[2] for n in "abc")
    assert one == same != other


def test_a_folder_in_use_is_refused_and_only_synthetic_logs_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "logs"
    small = ("--out", out, "--people", 1, "--takes", 1)
    assert synthesize(*small).exit_code == 0
    refused = synthesize(*small)
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "not empty" in refused.stderr
    (out / "p01" / "flick_01.csv").unlink()
    assert synthesize(*small, "--force").exit_code == 0
    assert (out / "p01" / "flick_01.csv").exists()
    own = out / "p01" / "mine.csv"
    own.write_text("# tinygesture-log: 1\n# label: flick\n")
    refused = synthesize(*small, "--force")
    assert refused.exit_code == 2
    assert "mine.csv" in refused.stderr
    assert own.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs"]


@pytest.fixture(scope="module")
def few_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("few") / "logs"
    assert synthesize("--out", out, "--people", 1, "--takes", 1).exit_code == 0
    return out


@pytest.mark.parametrize(
    "foreign",
    ["dangling link", "fifo", "folder", "folder of a person", "edited profile", "spans of a take", "notes"],
)
def test_force_deletes_nothing_that_the_generator_does_not_make(
    tmp_path: Path, few_logs: Path, foreign: str
) -> None:
    out = tmp_path / "logs"
    shutil.copytree(few_logs, out)
    if foreign == "dangling link":
        (out / "link").symlink_to("nowhere")
    elif foreign == "fifo":
        os.mkfifo(out / "p01" / "fifo.csv")
    elif foreign == "folder":
        (out / "p01" / "p02").mkdir()
    elif foreign == "folder of a person":
        (tmp_path / "mine").mkdir()
        (out / "p02").symlink_to(tmp_path / "mine")
    elif foreign == "edited profile":
        with (out / "gesture.toml").open("a") as profile:
            profile.write("# mine\n")
    elif foreign == "spans of a take":
        shutil.copy(out / "p01" / "session.spans.csv", out / "p01" / "flick_01.spans.csv")
    else:
        (out / "notes.csv").write_text("# synthetic: yes\n")
    before = sorted(out.rglob("*"))
    refused = synthesize("--out", out, "--people", 1, "--takes", 1, "--force")
    assert refused.exit_code == 2
    assert "--force replaces nothing else" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert sorted(out.rglob("*")) == before


def test_a_folder_with_only_a_link_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "link").symlink_to("nowhere")
    refused = synthesize("--out", tmp_path / "logs", "--people", 1, "--takes", 1)
    assert refused.exit_code == 2
    assert "not empty" in refused.stderr


def test_the_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    for out in (".", ".."):
        refused = synthesize("--out", out, "--people", 1, "--takes", 1)
        assert refused.exit_code == 2
        assert "current folder" in refused.stderr
    assert Path.cwd().samefile(tmp_path / "here" / "below")


def test_links_to_the_folder_are_followed_and_circles_refused(tmp_path: Path, few_logs: Path) -> None:
    shutil.copytree(few_logs, tmp_path / "logs")
    (tmp_path / "link").symlink_to("logs")
    (tmp_path / "circle").symlink_to("circle")
    small = ("--people", 1, "--takes", 1, "--seed", 2, "--force")
    assert synthesize("--out", tmp_path / "link", *small).exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "logs") != contents(few_logs)
    assert "circle" in synthesize("--out", tmp_path / "circle", *small).stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["circle", "link", "logs"]


def test_an_interrupt_while_replacing_keeps_the_old_folder(
    tmp_path: Path, few_logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "logs"
    shutil.copytree(few_logs, out)
    rename = Path.rename

    def break_off(source: Path, target: Path) -> Path:
        if target == out and not source.name.endswith(".old"):
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", break_off)
    settings = generate.Settings(people=1, takes=1, seed=2)
    with pytest.raises(KeyboardInterrupt):
        folder.write(out, settings, generate.recordings(settings), replace=True)
    assert contents(out) == contents(few_logs)
    assert list(tmp_path.iterdir()) == [out]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        refused = synthesize("--out", out, "--people", 1, "--takes", 1)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("error: ")
        assert refused.stderr.count("\n") == 1


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scenario, "session", break_off)
    assert synthesize("--out", tmp_path / "logs", "--people", 1, "--takes", 1).exit_code != 0
    assert list(tmp_path.iterdir()) == []
