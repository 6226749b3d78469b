"""A hand that holds a board: where the board is, how it is turned, and the specific force it therefore feels.

World frame: x to the person's right, y ahead, z up. Board frame: x to its right, y to its top, z out of its
face; with all angles zero the two agree. Angles are pitch (about x, top edge up), roll (about the long axis,
right edge down) and yaw (about the vertical, to the left); turns are applied as yaw, pitch, roll.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gesture_training.synthesis.trajectory import RATE_HZ, Array, ramp, steps, through, wander

GRAVITY = 9.81
"""Metres per second squared in one g."""

UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class Motion:
    """A stretch of movement on the grid of RATE_HZ, at rest at both ends; n points are n - 1 steps."""

    position: Array
    """(n, 3) metres, world frame; only its changes matter."""
    angles: Array
    """(n, 3) pitch, roll, yaw in radians."""
    held: Array
    """(n,) 1 where a hand holds the board and trembles, 0 where the board lies."""
    shock: Array
    """(n, 3) g, board frame: knocks and taps, which are too fast for the grid's positions."""

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.held)

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return (len(self) - 1) / RATE_HZ

    @property
    def last_angles(self) -> Array:
        """Angles (3,) at the end."""
        last: Array = self.angles[-1]
        return last

    def mirrored(self) -> Motion:
        """Return the same movement seen in a mirror that swaps left and right."""
        return replace(
            self,
            position=self.position * [-1, 1, 1],
            angles=self.angles * [1, -1, -1],
            shock=self.shock * [-1, 1, 1],
        )

    def with_shock(self, shock: Array) -> Motion:
        """Return this movement with knocks (n, 3) in g added."""
        return replace(self, shock=self.shock + shock)


def moving(position: Array, angles: Array, held: float | Array = 1.0) -> Motion:
    """Movement given by position (n, 3) and angles (n, 3) or (3,)."""
    shape = (len(position), 3)
    share = np.broadcast_to(np.asarray(held, dtype=np.float64), shape[:1])
    return Motion(position, np.broadcast_to(angles, shape), share, np.zeros(shape))


def pause(angles: Array, seconds: float, held: float = 1.0) -> Motion:
    """Stay where one is, for some seconds, at angles (3,)."""
    return moving(np.zeros((steps(seconds) + 1, 3)), angles, held)


def carry(start: Array, end: Array, displacement: Sequence[float] | Array, seconds: float) -> Motion:
    """One minimum-jerk movement by `displacement` (3,) metres, turning from `start` to `end` angles."""
    u = ramp(steps(seconds))[:, None]
    return moving(u * np.asarray(displacement, dtype=np.float64), start + u * (end - start))


def travel(start: Array, points: Array, seconds: Sequence[float] | Array) -> Motion:
    """Minimum-jerk movement through points (k, 6): x, y, z in metres, and pitch, roll, yaw in radians."""
    path = through(points, seconds)
    return moving(path[:, :3], start + path[:, 3:])


def join(motions: Sequence[Motion]) -> Motion:
    """Movements one after the other; each starts where the one before it ended."""
    parts = [*(_without_end(m) for m in motions[:-1]), motions[-1]]
    starts = np.cumsum([np.zeros(3), *(m.position[-1] - m.position[0] for m in motions[:-1])], axis=0)
    return Motion(
        np.concatenate([m.position - m.position[0] + start for m, start in zip(parts, starts, strict=True)]),
        np.concatenate([m.angles for m in parts]),
        np.concatenate([m.held for m in parts]),
        np.concatenate([m.shock for m in parts]),
    )


def _without_end(motion: Motion) -> Motion:
    """Return the movement without its last point, which is the next one's first."""
    return Motion(motion.position[:-1], motion.angles[:-1], motion.held[:-1], motion.shock[:-1])


def trembling(
    motion: Motion, rng: np.random.Generator, tremor_g: float, sway_rad: float, roughness: float
) -> Motion:
    """Return the movement as a real hand makes it, where it is held.

    Physiological tremor (8 to 12 Hz, `tremor_g` rms), slow sway of the angles (`sway_rad` rms), and the
    shiver of arm and board under effort: 7 to 17 Hz, `roughness` times the acceleration of the moment.
    """
    count = len(motion)
    fast = wander(rng, count, 8, 12, tremor_g * GRAVITY / (2 * np.pi * 10) ** 2)
    slow = wander(rng, count, 0.1, 1.2, 0.004)
    turn = wander(rng, count, 0.1, 1.0, sway_rad) + wander(rng, count, 8, 12, 0.01 * sway_rad)
    effort = np.zeros(count)
    effort[1:-1] = np.linalg.norm(np.diff(motion.position, 2, axis=0), axis=1) * RATE_HZ**2
    shiver = wander(rng, count, 7, 17, roughness / (2 * np.pi * 12) ** 2) * _smooth(effort)[:, None]
    held = _smooth(motion.held)[:, None]
    position, angles = motion.position + held * (fast + slow + shiver), motion.angles + held * turn
    return replace(motion, position=position, angles=angles)


def _smooth(share: Array) -> Array:
    """Let a signal (n,) rise and fall over 0.3 s."""
    u = np.linspace(0, 1, steps(0.3) + 1)
    bell = u**2 * (1 - u) ** 2
    return np.convolve(np.pad(share, len(u) // 2, mode="edge"), bell / bell.sum(), mode="valid")


def rotation(angles: Array) -> Array:
    """Rotation matrices (n, 3, 3) from board to world frame for angles (n, 3)."""
    (sp, sr, sy), (cp, cr, cy) = np.sin(angles).T, np.cos(angles).T
    return np.stack(
        [
            np.stack([cy * cr - sy * sp * sr, -sy * cp, cy * sr + sy * sp * cr], axis=-1),
            np.stack([sy * cr + cy * sp * sr, cy * cp, sy * sr - cy * sp * cr], axis=-1),
            np.stack([-cp * sr, sp, cp * cr], axis=-1),
        ],
        axis=-2,
    )


def specific_force(motion: Motion, lever: Array) -> Array:
    """Return what an ideal accelerometer feels, (n, 3) in g, board frame: R^T (a - g), plus the knocks.

    `lever` (3,) is the way from the point the hand turns the board about to the sensor, metres, board frame:
    through it, fast turns are felt as tangential and centripetal acceleration.
    """
    turn = rotation(motion.angles)
    place = motion.position + turn @ lever
    acceleration = np.zeros_like(place)
    acceleration[1:-1] = np.diff(place, 2, axis=0) * RATE_HZ**2
    felt: Array = np.einsum("nji,nj->ni", turn, acceleration / GRAVITY + UP)
    return felt + motion.shock
