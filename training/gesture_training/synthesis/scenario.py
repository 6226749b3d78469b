"""Movements arranged into recordings: a single take, a stretch of background, a continuous session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gesture_training.synthesis import background, handling
from gesture_training.synthesis.gestures import GESTURES, Gesture
from gesture_training.synthesis.hand import Motion, carry, join, pause
from gesture_training.synthesis.person import Person, vary

SHORTEST_TAKE_S = 1.5
LONGEST_TAKE_S = 2.5

Scene = Callable[[Person, np.random.Generator], Motion]


@dataclass(frozen=True, eq=False)
class Session:
    """A continuous movement and the gestures in it, as (label, start, end) in seconds."""

    motion: Motion
    spans: tuple[tuple[str, float, float], ...]


def take(gesture: Gesture, person: Person, rng: np.random.Generator) -> Motion:
    """One gesture between short stretches of holding the board, 1.5 to 2.5 s in all."""
    today = vary(person, rng)
    grip = today.grip
    performed = gesture.perform(today, rng, grip)
    shortest = max(SHORTEST_TAKE_S - performed.seconds, 0.3)
    longest = max(min(LONGEST_TAKE_S - performed.seconds, 1.0), shortest)
    idle_s = rng.uniform(shortest, longest)
    before_s = idle_s * rng.uniform(0.3, 0.6)
    drifted = grip + np.radians(rng.normal(0, [3, 3, 3]))
    after = carry(performed.last_angles, drifted, rng.normal(0, 0.01, 3), idle_s - before_s)
    return join([pause(grip, before_s), performed, after])


def _rest(person: Person, rng: np.random.Generator) -> Motion:
    return background.rest(person, rng, 12.0)


def _still(person: Person, rng: np.random.Generator) -> Motion:
    return background.still(person, rng, 13.0, person.grip)


def _walking(person: Person, rng: np.random.Generator) -> Motion:
    return join([_walk(person, rng, seconds) for seconds in (9.0, 10.0)])


def _handling(person: Person, rng: np.random.Generator) -> Motion:
    return handling.busy(person, rng, 16.0, person.grip, handling.HANDLING)


def _talking(person: Person, rng: np.random.Generator) -> Motion:
    return handling.busy(person, rng, 18.0, person.grip, handling.TALKING)


def _put_down(person: Person, rng: np.random.Generator) -> Motion:
    parts = []
    for _ in range(3):
        lowered = background.put_down(person, rng, person.grip, rng.uniform(0.8, 1.6))
        parts += [pause(person.grip, rng.uniform(0.3, 0.8)), lowered]
        parts.append(background.pick_up(person, rng, lowered.last_angles, person.grip))
    return join(parts)


BACKGROUND: dict[str, Scene] = {
    "rest": _rest,
    "still": _still,
    "walking": _walking,
    "handling": _handling,
    "talking": _talking,
    "put_down": _put_down,
}
"""Scenes of the background logs by the name of their kind, together about 90 s."""


def session(person: Person, rng: np.random.Generator) -> Session:
    """About a minute: the board is picked up, gestures are made amid other things, it is put down again."""
    lying = background.rest(person, rng, rng.uniform(3, 5))
    parts = [lying, background.pick_up(person, rng, lying.last_angles, person.grip), pause(person.grip, 0.6)]
    spans: list[tuple[str, float, float]] = []
    order = [*rng.permutation(len(GESTURES)), *rng.permutation(len(GESTURES))]
    for index in order:
        today = vary(person, rng)
        gesture = GESTURES[index]
        parts.append(carry(person.grip, today.grip, np.zeros(3), rng.uniform(0.3, 0.7)))
        start = sum(part.seconds for part in parts)
        performed = gesture.perform(today, rng, today.grip)
        spans.append((gesture.label, start, start + performed.seconds))
        parts += [performed, carry(today.grip, person.grip, np.zeros(3), rng.uniform(0.6, 1.2))]
        parts.append(_between(person, rng))
    parts.append(background.put_down(person, rng, person.grip, rng.uniform(2.5, 4)))
    return Session(join(parts), tuple(spans))


def _between(person: Person, rng: np.random.Generator) -> Motion:
    """Fill a few seconds between two gestures with background, at the person's grip at both ends."""
    kind = rng.random()
    if kind < 0.25:
        return pause(person.grip, rng.uniform(1, 3))
    if kind < 0.4:
        return _walk(person, rng, rng.uniform(3, 5))
    actions = handling.HANDLING if kind < 0.7 else handling.TALKING
    return handling.busy(person, rng, rng.uniform(0.5, 3), person.grip, actions)


def _walk(person: Person, rng: np.random.Generator, seconds: float) -> Motion:
    """Walk, starting and ending with the board at the person's grip."""
    walk = background.walking(person, rng, seconds, person.grip)
    there, back = walk.angles[0], walk.last_angles
    return join(
        [
            carry(person.grip, there, np.zeros(3), 0.8 * person.tempo),
            walk,
            carry(back, person.grip, np.zeros(3), 0.8 * person.tempo),
        ]
    )
