"""Who holds the board: what stays the same in one person's recordings, and differs between people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gesture_training.synthesis.trajectory import Array


@dataclass(frozen=True, eq=False)
class Person:
    """One person's habits; every range below is what `draw` spreads people over."""

    hand: int
    """+1 right-handed, -1 left-handed (one in eight); inward strokes and turns come easier."""
    grip: Array
    """Pitch, roll, yaw of the board as it is held, radians; pitch -10 (flat, most) to 60 degrees."""
    mounting: Array
    """How the board sits in its case: pitch, roll, yaw, radians, a few degrees."""
    lever: Array
    """From where the wrist turns to the sensor, metres, board frame: 5 to 14 cm along it, up to 5 above."""
    stroke_s: float
    """Usual duration of one quick stroke, 0.085 to 0.2 s."""
    peak_g: float
    """Usual peak acceleration of a quick stroke, 1.8 to 6 g."""
    tempo: float
    """Pace of everything that is not a quick stroke, 0.8 to 1.25 times the usual."""
    wrist: Array
    """Pitch, roll and yaw that go with a stroke, radians per metre: the share of the wrist in it."""
    slant: Array
    """How far this person's right, ahead and up are turned: pitch, roll, yaw, radians, up to 15 degrees."""
    repeats: float
    """Inclination to shake more than once, 0 to 1."""
    hesitation: float
    """Chance of a short stop within a gesture, 0 to 0.3."""
    steadiness: float
    """Spread of one person's own takes, 0.06 to 0.16, relative."""
    tremor_g: float
    """Physiological tremor, rms, 4 to 20 milli-g."""
    roughness: float
    """Shiver under effort, rms, over the acceleration of the moment, 0.05 to 0.25."""
    sway_rad: float
    """Slow wandering of the angles, rms, 0.5 to 2 degrees."""

    def mirrored(self) -> Person:
        """Return the same person in a mirror: the other hand, and everything that has a side swapped."""
        turned = np.array([1.0, -1.0, -1.0])
        return replace(
            self,
            hand=-self.hand,
            grip=self.grip * turned,
            mounting=self.mounting * turned,
            lever=self.lever * [-1, 1, 1],
            slant=self.slant * turned,
        )

    def regripped(self, rng: np.random.Generator) -> Person:
        """Return the same person after putting the board away and taking it up again."""
        return replace(self, grip=self.grip + np.radians(rng.normal(0, [6, 4, 5])))


def draw(rng: np.random.Generator) -> Person:
    """Draw one person."""
    hand = -1 if rng.random() < 1 / 8 else 1
    uniform = rng.uniform
    return Person(
        hand=hand,
        grip=np.radians([-10 + 70 * uniform(0, 1) ** 1.5, hand * uniform(-8, 14), hand * uniform(-6, 16)]),
        mounting=np.radians(rng.normal(0, 3, 3)),
        lever=np.array([uniform(-0.02, 0.02), uniform(0.05, 0.14), uniform(0.0, 0.05)]),
        stroke_s=uniform(0.085, 0.2),
        peak_g=1.8 * (6 / 1.8) ** uniform(0, 1),
        tempo=uniform(0.8, 1.25),
        wrist=np.array([uniform(0.5, 4), uniform(0, 4), uniform(0.5, 4)]),
        slant=np.radians(uniform(-15, 15, 3)),
        repeats=uniform(0, 1),
        hesitation=uniform(0, 0.3),
        steadiness=uniform(0.06, 0.16),
        tremor_g=uniform(0.004, 0.02),
        roughness=uniform(0.05, 0.25),
        sway_rad=np.radians(uniform(0.5, 2)),
    )


def vary(person: Person, rng: np.random.Generator) -> Person:
    """Return the person as they are in one take: the same habits, a little different."""
    factor = np.exp(rng.normal(0, person.steadiness, 4))
    return replace(
        person,
        grip=person.grip + np.radians(rng.normal(0, [4, 3, 3])),
        slant=person.slant + np.radians(rng.normal(0, 4, 3)),
        stroke_s=person.stroke_s * factor[0],
        peak_g=person.peak_g * factor[1],
        tempo=person.tempo * factor[2],
        wrist=person.wrist * factor[3],
    )
