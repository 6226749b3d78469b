"""Confidence intervals over people: recordings of one person are alike, so people are what is drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

RESAMPLES = 2000
CONFIDENCE = 0.95

LEAST_PEOPLE = 5
"""People below which drawing them anew says little more than how those few did."""


def over_people(counts: Mapping[str, tuple[int, int]], seed: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share by a cluster bootstrap; None for fewer than LEAST_PEOPLE.

    counts: per person, how many were right and how many there were. In each resample as many people are
    drawn, with replacement; the ends are percentiles of the share over all that they made.
    """
    people = np.array([counts[name] for name in sorted(counts) if counts[name][1]], dtype=np.float64)
    if len(people) < LEAST_PEOPLE:
        return None
    drawn = np.random.default_rng(seed).integers(0, len(people), (RESAMPLES, len(people)))
    right, all_of_them = people[drawn].sum(axis=1).T
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(right / all_of_them, [tail, 100 - tail])
    return round(float(low), 4), round(float(high), 4)
