"""Handling a board without making a gesture, above all in ways that resemble one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gesture_training.synthesis.background import knock
from gesture_training.synthesis.gestures import drawn_circle
from gesture_training.synthesis.hand import Motion, carry, join, pause, travel
from gesture_training.synthesis.person import Person
from gesture_training.synthesis.trajectory import Array

Action = Callable[[Person, np.random.Generator, Array], Motion]


def turn_over(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Turn it to look at its back or its side, and back again after a while."""
    away = angles + np.radians([rng.normal(0, 15), _side(rng) * rng.uniform(70, 190), rng.normal(0, 15)])
    first_s, second_s = rng.uniform(0.55, 1.3, 2) * person.tempo
    move = rng.normal(0, 0.04, 3)
    looked_at = pause(away, rng.uniform(0.2, 1.5))
    return join([carry(angles, away, move, first_s), looked_at, carry(away, angles, -move, second_s)])


def gesticulate(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Talk with the hand as well: wide, unhurried strokes anywhere."""
    count = int(rng.integers(3, 8))
    points = np.zeros((count + 2, 6))
    liveliness = rng.uniform(0.7, 1.4)
    points[1:-1] = liveliness * rng.normal(0, [0.09, 0.07, 0.09, 0.35, 0.35, 0.3], (count, 6))
    return travel(angles, points, rng.uniform(0.3, 0.75, count + 1) * person.tempo)


def fidget(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Small quick movements of the fingers: the grip is changed, a strap put right."""
    count = int(rng.integers(4, 12))
    points = np.zeros((count + 2, 6))
    haste = rng.uniform(0.5, 1.5)
    points[1:-1] = haste * rng.normal(0, [0.01, 0.01, 0.01, 0.12, 0.16, 0.1], (count, 6))
    return travel(angles, points, rng.uniform(0.12, 0.35, count + 1))


def tap(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Tap the board with a finger or press a button, once or several times."""
    held = pause(angles, rng.uniform(0.6, 1.6))
    for _ in range(int(rng.integers(1, 6))):
        held = held.with_shock(knock(rng, len(held), int(rng.integers(0, len(held))), rng.uniform(0.15, 1.8)))
    return held


def move_aside(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """One brisk stroke to somewhere, without coming back: half of a shake."""
    way = rng.normal(0, 1, 3)
    length = rng.uniform(0.1, 0.4)
    turn = np.radians(rng.normal(0, 12, 3))
    there = angles + turn
    moved = carry(angles, there, length * way / np.linalg.norm(way), (0.2 + length) * rng.uniform(0.8, 1.3))
    back = carry(there, angles, -0.02 * way, 0.8 * person.tempo)
    return join([moved, pause(there, rng.uniform(0.4, 1.0)), back])


def slow_wave(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Waving or rocking to and fro at a pace well below that of a shake."""
    count = int(rng.integers(1, 5))
    half_s = rng.uniform(0.36, 0.7)
    way = np.concatenate([rng.normal(0, 0.09, 3), rng.normal(0, 0.3, 3)])
    reach = [0.0, *(sign * rng.normal(1, 0.12) for _ in range(count) for sign in (1, -0.6)), 0.0]
    return travel(angles, np.array(reach)[:, None] * way, half_s * rng.normal(1, 0.06, len(reach) - 1))


def slow_turn(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Turn it leisurely about one axis and back, as to read a display: a flick without its haste."""
    turn = np.zeros(6)
    turn[3 + int(rng.integers(0, 3))] = _side(rng) * np.radians(rng.uniform(35, 110))
    turn[:3] = rng.normal(0, 0.03, 3)
    points = np.array([np.zeros(6), turn, np.zeros(6)])
    return travel(angles, points, rng.uniform(0.4, 0.9, 2) * person.tempo)


def arc(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Part of a circle, slow or quick."""
    return drawn_circle(person, rng, angles, rng.uniform(0.2, 0.5), rng.uniform(0.9, 1.8))


def letter(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Write a letter or a zigzag into the air."""
    count = int(rng.integers(3, 6))
    points = np.zeros((count + 2, 6))
    size = rng.uniform(0.08, 0.22)
    points[1:-1, 0] = size * np.where(np.arange(count) % 2, -0.5, 0.5) * rng.normal(1, 0.15, count)
    downward = np.array([rng.uniform(0, 0.6), rng.uniform(0.4, 1)])
    points[1:-1, 1:3] = size * np.linspace(0.5, -0.5, count)[:, None] * downward
    points[:, 3:] = points[:, :3] @ np.diag(person.wrist * rng.uniform(-0.6, 0.6, 3))
    return travel(angles, points, rng.uniform(0.28, 0.55, count + 1) * person.tempo)


def swing(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """One swing of the whole arm, as with a racket or a ball."""
    way = rng.normal(0, [1, 1, 0.8])
    way *= rng.uniform(0.5, 1.3) / np.linalg.norm(way)
    full = np.concatenate([way, np.radians(rng.normal(0, [50, 45, 35]))])
    points = np.array([0.0, -0.35, 0.65, 0.75, 0.0])[:, None] * full
    return travel(angles, points, rng.uniform([0.4, 0.2, 0.25, 0.7], [0.8, 0.45, 0.6, 1.2]))


HANDLING: tuple[Action, ...] = (turn_over, fidget, tap, slow_turn, move_aside)
"""What hands do with a board while they use it."""

TALKING: tuple[Action, ...] = (gesticulate, slow_wave, letter, swing, arc, move_aside)
"""What a hand that holds a board does for other reasons."""


def busy(
    person: Person, rng: np.random.Generator, seconds: float, angles: Array, actions: tuple[Action, ...]
) -> Motion:
    """Do some of `actions` after each other, with short stops between, for at least some seconds."""
    parts: list[Motion] = []
    left = seconds
    while left > 0:
        action = actions[int(rng.integers(0, len(actions)))]
        parts += [action(person, rng, angles), pause(angles, rng.uniform(0.1, 1.2))]
        left -= sum(part.seconds for part in parts[-2:])
    return join(parts)


def _side(rng: np.random.Generator) -> int:
    return 1 if rng.random() < 0.5 else -1
