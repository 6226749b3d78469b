"""The five gestures of the starter logs, as one person makes them: shakes, a flick and a circle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gesture_training.synthesis.hand import GRAVITY, Motion, join, moving, pause, rotation, travel
from gesture_training.synthesis.person import Person
from gesture_training.synthesis.trajectory import Array, eased_out, through

LONGEST_S = 2.1
"""No gesture lasts longer, so that a take of 2.5 s holds it."""


@dataclass(frozen=True)
class Manner:
    """How strokes to and fro follow each other."""

    once: float
    """Share of takes with a single stroke out and back, for an average person."""
    most: int
    """Largest number of strokes out."""
    fading: float
    """Length of a stroke over that of the one before it."""
    slower: tuple[float, float]
    """Range of the time a stroke back takes, over that of a stroke out."""


TURNING_A_PAGE = Manner(once=0.65, most=4, fading=0.65, slower=(1.2, 1.7))
SHAKING = Manner(once=0.25, most=10, fading=0.97, slower=(0.95, 1.15))


def shake_right(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Make a quick stroke to the right and a slower one back, once or a few times, as for turning a page."""
    easier = 1.1 if person.hand < 0 else 0.95  # inward, across the body
    return _shake(person, rng, angles, easier * np.array([1.0, 0.0, 0.0]), TURNING_A_PAGE)


def shake_left(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Make the mirror image of `shake_right`, as a person with the other hand would make it."""
    mirror = np.array([1.0, -1.0, -1.0])
    return shake_right(person.mirrored(), rng, angles * mirror).mirrored()


def shake_up(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Make a quick stroke up and back, once or several times: vertical, or leaning from it."""
    lean = rng.uniform(0, 1) ** 2 * np.radians(70)
    return _shake(person, rng, angles, np.array([0.0, np.sin(lean), np.cos(lean)]), SHAKING)


def _count(person: Person, rng: np.random.Generator, manner: Manner) -> int:
    """How many times to and fro, as is the person's habit."""
    if rng.random() < 2 * manner.once * (1 - person.repeats):
        return 1
    return 2 + int((manner.most - 1) * rng.random() * (0.4 + 0.6 * person.repeats))


def _shake(
    person: Person, rng: np.random.Generator, angles: Array, direction: Array, manner: Manner
) -> Motion:
    """Strokes along `direction` (3,), of the person's usual strength times its length, and back."""
    out_s = max(person.stroke_s * rng.normal(1, 0.08), 0.07)
    back_s = out_s * rng.uniform(*manner.slower)
    fitting = int((LONGEST_S - out_s - 1.6 * back_s) / (out_s + back_s))
    count = max(1, min(_count(person, rng, manner), fitting))
    # A stroke out and back through a turning point peaks at about 12 times its length over its time squared.
    length = min(person.peak_g * GRAVITY * out_s * back_s / 12, 0.3)
    axis = rotation(person.slant[None])[0] @ direction
    sideways = direction[0]
    turn = person.wrist * [1 - sideways, sideways, -sideways]  # the right edge down, the top to the right
    reach = [0.0]
    seconds = []
    if rng.random() < 0.3:
        reach.append(-rng.uniform(0.03, 0.1))  # swings back a little before it starts
        seconds.append(out_s * rng.uniform(0.9, 1.3))
    rebound = rng.uniform(-0.1, 0.3)
    for i in range(count):
        beyond = rebound if i < count - 1 else 0.15 * max(rebound, 0)
        size = manner.fading**i
        reach += [size * rng.normal(1, 0.07), -size * beyond]
        seconds += [out_s * rng.normal(1, 0.05), back_s * rng.normal(1, 0.05)]
    reach.append(0.0)
    seconds.append(back_s * rng.uniform(1.0, 1.6))
    path = length * np.array(reach)
    points = np.concatenate([path[:, None] * axis, path[:, None] * turn], axis=1)
    points[1:-1, :3] += length * rng.normal(0, 0.1, (len(path) - 2, 3))
    points[1:-1, 2] -= rng.uniform(0, 1.5) * path[1:-1] ** 2 * sideways  # the arm moves on an arc
    points[1:-1, 3:] += length * rng.normal(0, 0.4, (len(path) - 2, 3))
    if count == 1 and rng.random() < person.hesitation:
        turning = int(np.argmax(path))
        rest = pause(angles + points[turning, 3:], rng.uniform(0.04, 0.15))
        out = travel(angles, points[: turning + 1], [1.4 * s for s in seconds[:turning]])
        back = travel(angles, points[turning:], [1.4 * s for s in seconds[turning:]])
        return join([out, rest, back])
    return travel(angles, points, seconds)


def flick(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """Make a quick turn of the wrist about the board's long axis and back, seldom twice."""
    side = person.hand if rng.random() < 0.85 else -person.hand
    angle = side * np.radians(rng.uniform(70, 120))
    out_s = max(person.stroke_s * rng.uniform(0.75, 1.15), 0.08)
    count = 2 if rng.random() < 0.2 * person.repeats else 1
    reach, seconds = [0.0], []
    for _ in range(count):
        reach += [rng.normal(1, 0.08), -rng.uniform(0, 0.15)]
        seconds += [out_s * rng.normal(1, 0.08), out_s * rng.uniform(0.95, 1.5)]
    reach.append(0.0)
    seconds.append(out_s * rng.uniform(1, 1.8))
    share = np.array(reach)[:, None]
    drift = np.array([rng.normal(0, 0.02), rng.normal(0, 0.012), rng.normal(0.01, 0.02)])
    turn = angle * np.array([rng.normal(0, 0.1), 1.0, rng.normal(0, 0.12)])
    points = share * np.concatenate([drift, turn])
    if rng.random() < person.hesitation:
        out = travel(angles, points[:2], [1.3 * seconds[0]])
        rest = pause(angles + points[1, 3:], rng.uniform(0.04, 0.2))
        return join([out, rest, travel(angles, points[1:], [1.2 * s for s in seconds[1:]])])
    return travel(angles, points, seconds)


def circle(person: Person, rng: np.random.Generator, angles: Array) -> Motion:
    """One or two turns of a circle, in the vertical or the horizontal plane, either way round."""
    turns = 2 if rng.random() < 0.15 + 0.4 * person.repeats else 1
    turn_s = min(rng.uniform(0.75, 1.2) * person.tempo, LONGEST_S / turns)
    return drawn_circle(person, rng, angles, float(turns), turn_s)


def drawn_circle(
    person: Person, rng: np.random.Generator, angles: Array, turns: float, turn_s: float
) -> Motion:
    """Draw some turns of a circle, each taking about `turn_s` seconds, the wrist following a little."""
    radius = min(rng.uniform(0.08, 0.16), 0.15 * turn_s)
    way = person.hand if rng.random() < 0.7 else -person.hand
    knots = np.unique([0.0, *np.arange(0.5, turns, 0.5), turns])
    phase = through(knots[:, None], np.diff(knots) * turn_s)[:, 0]
    start = np.pi / 2 * rng.integers(0, 4) + rng.normal(0, 0.3)
    around = start + way * 2 * np.pi * phase
    growth = 1 + rng.normal(0, 0.12) * phase
    across, along = growth * np.cos(around), rng.uniform(0.75, 1.25) * growth * np.sin(around)
    upright = np.pi / 2 * (rng.random() < 0.6) + rng.normal(0, 0.2)
    plane = rotation(person.slant[None])[0]
    flat = radius * np.stack([across, along * np.cos(upright), along * np.sin(upright)], axis=1)
    flat -= flat[0]
    pitch, roll, yaw = rng.uniform(0, 1, 3) * person.wrist
    right, ahead, up = flat.T
    turn = np.stack([pitch * (ahead + up), roll * right, -yaw * right], axis=1)
    return moving(flat @ plane.T, angles + turn * eased_out(len(turn))[:, None])


@dataclass(frozen=True)
class Gesture:
    """A label and the function that performs it at a grip's angles."""

    label: str
    perform: Callable[[Person, np.random.Generator, Array], Motion]


GESTURES = (
    Gesture("shake_left", shake_left),
    Gesture("shake_right", shake_right),
    Gesture("shake_up", shake_up),
    Gesture("flick", flick),
    Gesture("circle", circle),
)
