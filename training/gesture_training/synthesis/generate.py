"""The synthetic starter logs: who is in them, and which recordings there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gesture_tools.profile import Profile
from gesture_tools.recordings import BACKGROUND as BACKGROUND_LABEL
from gesture_tools.recordings import Recording, Span
from gesture_training.synthesis import person as people
from gesture_training.synthesis import scenario, sensor
from gesture_training.synthesis.gestures import GESTURES
from gesture_training.synthesis.hand import Motion, rotation, specific_force, trembling

PROFILE = Profile(rate_hz=50.0, full_scale_mg=4000)
"""What the synthetic logs measure."""


@dataclass(frozen=True)
class Settings:
    """What determines every byte of the folder."""

    people: int = 10
    """Number of people, 1 to 99."""
    takes: int = 6
    """Takes of each gesture by each person, 1 to 99."""
    seed: int = 1
    """Seed of everything random, from 0."""


@dataclass(frozen=True, eq=False)
class Wearer:
    """One person with one board in one session."""

    name: str
    session: str
    person: people.Person
    sensor: sensor.Sensor

    def record(
        self,
        name: str,
        label: str | None,
        motion: Motion,
        rng: np.random.Generator,
        spans: tuple[tuple[str, float, float], ...] = (),
    ) -> Recording:
        """Measure a movement with this person's board; spans are (label, start, end) in seconds."""
        who = self.person
        shaken = trembling(motion, rng, who.tremor_g, who.sway_rad, who.roughness)
        force = specific_force(shaken, who.lever) @ rotation(who.mounting[None])[0]
        t_us, samples = sensor.measure(self.sensor, force, PROFILE.rate_hz, PROFILE.full_scale_mg, rng)
        marked = tuple(Span(what, round(1e6 * start), round(1e6 * end)) for what, start, end in spans)
        return Recording(f"{self.name}/{name}", label, self.name, self.session, t_us, samples, marked)


def recordings(settings: Settings) -> Iterator[Recording]:
    """Yield every recording; its id is its path in the folder without ``.csv``."""
    for number in range(settings.people):
        yield from _recordings_of(number, settings)


def count(settings: Settings) -> int:
    """Return the number of recordings that `recordings` yields."""
    return settings.people * (len(GESTURES) * settings.takes + len(scenario.BACKGROUND) + 1)


def _recordings_of(number: int, settings: Settings) -> Iterator[Recording]:
    """Yield one person's recordings; the board is taken up twice for takes, then for a session."""
    rng = np.random.default_rng([settings.seed, number])
    name = f"p{number + 1:02d}"
    person, board = people.draw(rng), sensor.draw(rng)
    first, second, third = (Wearer(name, str(n), person.regripped(rng), board) for n in (1, 2, 3))
    for index in range(settings.takes):
        wearer = first if index < (settings.takes + 1) // 2 else second
        for gesture in GESTURES:
            motion = scenario.take(gesture, wearer.person, rng)
            yield wearer.record(f"{gesture.label}_{index + 1:02d}", gesture.label, motion, rng)
    for index, (kind, scene) in enumerate(scenario.BACKGROUND.items()):
        wearer = (first, second)[index % 2]
        yield wearer.record(f"background_{kind}", BACKGROUND_LABEL, scene(wearer.person, rng), rng)
    whole = scenario.session(third.person, rng)
    yield third.record("session", None, whole.motion, rng, whole.spans)
