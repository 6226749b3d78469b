"""What happens to a board while no gesture is made: rest, holding, walking, handling, putting down."""

from __future__ import annotations

import numpy as np

from gesture_training.synthesis.hand import GRAVITY, Motion, carry, join, moving, pause
from gesture_training.synthesis.person import Person
from gesture_training.synthesis.trajectory import RATE_HZ, Array, eased, steps, wander


def knock(rng: np.random.Generator, count: int, at: int, peak_g: float) -> Array:
    """Make a knock of about `peak_g` at step `at`, ringing out in a tenth of a second: (count, 3) in g."""
    t = np.maximum(np.arange(count) - at, 0) / RATE_HZ
    ringing = np.exp(-t / rng.uniform(0.008, 0.03)) * np.sin(2 * np.pi * rng.uniform(18, 45) * t)
    direction = rng.normal(0, [0.4, 0.4, 1.0])
    return peak_g * ringing[:, None] * direction / np.linalg.norm(direction)


def rest(person: Person, rng: np.random.Generator, seconds: float) -> Motion:
    """Lying on a table, on the face now and then, while somebody sometimes knocks at the table."""
    uneven = np.radians(rng.normal(0, 1, 2))
    over = np.pi if rng.random() < 0.15 else 0.0
    lying = pause(np.array([uneven[0], over + uneven[1], rng.uniform(-np.pi, np.pi)]), seconds, held=0.0)
    for _ in range(int(rng.integers(0, 3))):
        at = int(rng.integers(0, len(lying)))
        lying = lying.with_shock(knock(rng, len(lying), at, rng.uniform(0.02, 0.3)))
    return lying


def still(person: Person, rng: np.random.Generator, seconds: float, angles: Array) -> Motion:
    """Held, looked at, the posture shifting a little every few seconds."""
    parts, here, left = [], angles, seconds
    while left > 0:
        wait = min(rng.uniform(1, 4), left)
        there = angles + np.radians(rng.normal(0, [7, 5, 7]))
        shift_s = rng.uniform(0.5, 1.2) * person.tempo
        parts += [pause(here, wait), carry(here, there, rng.normal(0, 0.02, 3), shift_s)]
        here, left = there, left - wait - shift_s
    return join(parts)


def walking(person: Person, rng: np.random.Generator, seconds: float, angles: Array) -> Motion:
    """Walk, sometimes run or hop, the board held in front or swinging at the end of the arm."""
    count = steps(seconds) + 1
    running = rng.random() < 0.2
    pace_hz = rng.uniform(2.3, 2.9) if running else rng.uniform(1.6, 2.2) / person.tempo**0.5
    bounce_g = rng.uniform(0.7, 1.5) if running else rng.uniform(0.12, 0.4)
    unsteady = 0.15 * np.cumsum(wander(rng, count, 0.1, 0.5, 1.0)[:, 0]) / RATE_HZ
    phase = 2 * np.pi * pace_hz * (np.arange(count) / RATE_HZ + unsteady)

    def sway(peak_g: float, harmonic: float) -> Array:
        metres = peak_g * GRAVITY / (2 * np.pi * pace_hz * harmonic) ** 2
        return metres * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))

    position = np.stack(
        [
            sway(0.5 * bounce_g, 0.5),
            sway(0.5 * bounce_g, 1) + sway(0.15 * bounce_g, 2),
            sway(bounce_g, 1) + sway(0.35 * bounce_g, 2),
        ],
        axis=1,
    )
    turn = np.stack([sway(0.12, 1), sway(0.1, 0.5), sway(0.1, 0.5)], axis=1) * 8
    if not running and rng.random() < 0.5:
        swing = np.radians(rng.uniform(8, 30)) * np.sin(0.5 * phase)
        arm_m = rng.uniform(0.45, 0.65)
        position += arm_m * np.stack([0 * swing, np.sin(swing), 1 - np.cos(swing)], axis=1)
        turn[:, 0] += swing
        angles = np.array(
            [np.radians(rng.uniform(-80, -40)), angles[1] + np.radians(rng.normal(0, 25)), angles[2]]
        )
    envelope = eased(count)[:, None]
    walk = moving(envelope * (position - position[0]), angles + envelope * turn)
    for step in np.flatnonzero(np.diff(np.floor(phase / (2 * np.pi)))):
        walk = walk.with_shock(knock(rng, count, int(step), rng.uniform(0.1, 0.5) * bounce_g))
    return walk


def pick_up(person: Person, rng: np.random.Generator, start: Array, angles: Array) -> Motion:
    """Taken from the table, where it lies at angles `start`, into the hand."""
    touched = pause(start, 0.3, held=0.0)
    touched = touched.with_shock(knock(rng, len(touched), steps(0.2), rng.uniform(0.05, 0.4)))
    lift = rng.normal([0.05, -0.15, 0.25], 0.06)
    level = start + np.radians(rng.normal(0, 8, 3))
    raised = carry(start, level, 0.3 * lift, rng.uniform(0.25, 0.6) * person.tempo)
    brought = carry(level, angles, 0.7 * lift, rng.uniform(0.5, 1.1) * person.tempo)
    return join([touched, raised, brought])


def put_down(person: Person, rng: np.random.Generator, angles: Array, seconds: float) -> Motion:
    """Put on the table, with the knock of landing, and left there for some seconds."""
    end = np.array([*np.radians(rng.normal(0, 1, 2)), angles[2] + rng.normal(0, 0.3)])
    tilted = end + np.radians([rng.normal(0, 12), rng.normal(0, 8), 0])
    lower = rng.normal([-0.05, 0.15, -0.25], 0.06)
    lowered = carry(angles, tilted, 0.9 * lower, rng.uniform(0.5, 1.1) * person.tempo)
    set_down = carry(tilted, end, 0.1 * lower, rng.uniform(0.1, 0.3) * person.tempo)
    lying = pause(end, seconds, held=0.0)
    landing = knock(rng, len(lying), 0, rng.uniform(0.2, 2.5))
    if rng.random() < 0.4:
        landing += knock(rng, len(lying), steps(rng.uniform(0.08, 0.2)), rng.uniform(0.1, 0.8))
    return join([lowered, set_down, lying.with_shock(landing)])
