"""The synthetic starter logs: physics of the model, the sensor's errors, and data/starter byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.loading import load
from gesture_training.synthesis import (
    background,
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
