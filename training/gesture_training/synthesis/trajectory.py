"""Minimum-jerk trajectories (Flash and Hogan, 1985) and band-limited wandering, on the grid of the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE_HZ = 500
"""Rate of the model's own grid, well above anything a hand or the sensor's low-pass lets through."""

WAVES = 10
"""Sinusoids that a wandering signal is made of."""


def steps(seconds: float) -> int:
    """Return the number of grid steps in a duration in seconds."""
    return round(seconds * RATE_HZ)


def ramp(count: int) -> Array:
    """Minimum-jerk stroke from 0 to 1 in `count` steps, at rest at both ends: (count + 1,)."""
    u = np.linspace(0, 1, count + 1)
    return u**3 * (10 - 15 * u + 6 * u**2)


def eased_out(count: int) -> Array:
    """Factor (count,) of one that falls to zero within the last third of a second."""
    fall = ramp(min(steps(1 / 3), count - 1))[::-1]
    return np.concatenate([np.ones(count - len(fall)), fall])


def eased(count: int) -> Array:
    """Factor (count,) that rises from zero, stays one and falls to zero again, within half a second each."""
    rise = ramp(min(steps(0.5), (count - 1) // 2))
    return np.concatenate([rise, np.ones(count - 2 * len(rise)), rise[::-1]])


def through(points: Array, seconds: Sequence[float] | Array) -> Array:
    """Minimum-jerk movement through `points` (k, d), `seconds` (k - 1,) apart: (n + 1, d) for n steps.

    At rest at both ends, it passes the inner points without stopping: piecewise quintic, continuous up to the
    fourth derivative, which is the path of least squared jerk.
    """
    points = np.asarray(points, dtype=np.float64)
    counts = [steps(s) for s in seconds]
    spans = np.array(counts) / RATE_HZ
    velocity, acceleration = _knot_derivatives(points, spans)
    pieces = []
    for i, (count, span) in enumerate(zip(counts, spans, strict=True)):
        u = (np.arange(count) / count)[:, None]
        c = _quintic(
            points[i + 1] - points[i],
            velocity[i] * span,
            velocity[i + 1] * span,
            acceleration[i] * span**2,
            acceleration[i + 1] * span**2,
        )
        pieces.append(points[i] + u * (c[0] + u * (c[1] + u * (c[2] + u * (c[3] + u * c[4])))))
    return np.concatenate([*pieces, points[-1:]])


def _quintic(move: Array, v0: Array, v1: Array, a0: Array, a1: Array) -> tuple[Array, ...]:
    """Coefficients of u..u^5 of a quintic over u in 0..1 from its end values, scaled to that interval."""
    return (
        v0,
        a0 / 2,
        10 * move - 6 * v0 - 4 * v1 - 1.5 * a0 + 0.5 * a1,
        -15 * move + 8 * v0 + 7 * v1 + 1.5 * a0 - a1,
        6 * move - 3 * v0 - 3 * v1 - 0.5 * a0 + 0.5 * a1,
    )


def _knot_derivatives(points: Array, spans: Array) -> tuple[Array, Array]:
    """Velocity and acceleration (k, d) at the points that make the higher derivatives continuous."""
    knots, inner = len(points), len(points) - 2
    if inner == 0:
        return np.zeros_like(points), np.zeros_like(points)
    system = np.zeros((2 * inner, 2 * knots))  # unknowns: all velocities, then all accelerations
    right = np.zeros((2 * inner, points.shape[1]))
    for row, k in enumerate(range(1, knots - 1)):
        before, after = spans[k - 1], spans[k]
        move0, move1 = points[k] - points[k - 1], points[k + 1] - points[k]
        system[2 * row, [k - 1, k]] = [-24 / before**2, -36 / before**2]
        system[2 * row, [k, k + 1]] += [36 / after**2, 24 / after**2]
        system[2 * row, [knots + k - 1, knots + k]] = [-3 / before, 9 / before]
        system[2 * row, [knots + k, knots + k + 1]] += [9 / after, -3 / after]
        right[2 * row] = 60 * move1 / after**3 - 60 * move0 / before**3
        system[2 * row + 1, [k - 1, k]] = [-168 / before**3, -192 / before**3]
        system[2 * row + 1, [k, k + 1]] += [-192 / after**3, -168 / after**3]
        system[2 * row + 1, [knots + k - 1, knots + k]] = [-24 / before**2, 36 / before**2]
        system[2 * row + 1, [knots + k, knots + k + 1]] += [-36 / after**2, 24 / after**2]
        right[2 * row + 1] = -360 * move1 / after**4 - 360 * move0 / before**4
    # At both ends velocity and acceleration are zero.
    free = np.r_[1 : knots - 1, knots + 1 : 2 * knots - 1]
    solved = np.linalg.solve(system[:, free], right)
    velocity, acceleration = np.zeros_like(points), np.zeros_like(points)
    velocity[1:-1], acceleration[1:-1] = solved[:inner], solved[inner:]
    return velocity, acceleration


def wander(rng: np.random.Generator, count: int, low_hz: float, high_hz: float, rms: float) -> Array:
    """Three independent random signals (count, 3) of a frequency band, each of about `rms`."""
    t = np.arange(count) / RATE_HZ
    frequency = rng.uniform(low_hz, high_hz, (3, WAVES))
    phase = rng.uniform(0, 2 * np.pi, (3, WAVES))
    waves = np.sin(2 * np.pi * frequency[:, :, None] * t + phase[:, :, None])
    wandering: Array = rms * np.sqrt(2 / WAVES) * waves.sum(axis=1).T
    return wandering
