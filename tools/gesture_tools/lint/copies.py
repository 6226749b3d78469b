"""The same samples twice: duplicates, and stretches that two people share."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from gesture_tools.lint.finding import ERROR, WARNING, Finding, found
from gesture_tools.recordings import Recording

STRETCH = 16
"""Samples in a row that must be equal: in a movement, no two takes share as many by chance."""

LEAST_CHANGES = 10
"""Changes from sample to sample that such a stretch has; a resting or clipped board is no evidence."""

_MOST_ALIKE = 50
"""Copies of one stretch that are compared with each other; more make no difference to what is found."""


def check(recordings: list[Recording]) -> list[Finding]:
    """Return findings on samples that occur in more than one recording."""
    people, labels, same = [], [], []
    for (one, two), seconds in _shared(recordings).items():
        a, b = recordings[one], recordings[two]
        place = f"{a.id} and {b.id}: {seconds:.2f} s"
        if a.subject != b.subject:
            people.append(f"{place}, of {a.subject!r} and of {b.subject!r}")
        elif None not in (a.label, b.label) and a.label != b.label:
            labels.append(f"{place}, as {a.label!r} and as {b.label!r}")
        else:
            same.append(place)
    once = "keep each recording once, under the person who made it: the test on new people would be worthless"
    return [
        *found("overlap", ERROR, "the same samples under two people", once, people),
        *found("contradiction", ERROR, "the same samples under two labels", "keep the true label", labels),
        *found("duplicate", WARNING, "recordings that hold the same samples", "remove one of each", same),
    ]


def _shared(recordings: list[Recording]) -> dict[tuple[int, int], float]:
    """Return the seconds that pairs of recordings share, by their indices, most first."""
    hashes, owners, places = [], [], []
    for index, recording in enumerate(recordings):
        values, at = _hashes(recording.samples)
        hashes.append(values)
        places.append(at)
        owners.append(np.full(len(values), index, np.int32))
    if not hashes:
        return {}
    value, owner, place = np.concatenate(hashes), np.concatenate(owners), np.concatenate(places)
    order = np.argsort(value, kind="stable")
    value, owner, place = value[order], owner[order], place[order]
    starts = np.flatnonzero(np.concatenate(([True], value[1:] != value[:-1])))
    counts = np.diff(np.append(starts, len(value)))
    pairs: Counter[tuple[int, int]] = Counter()
    for start, count in zip(starts[counts > 1].tolist(), counts[counts > 1].tolist(), strict=True):
        first: dict[int, int] = {}
        for row in range(start, start + min(count, _MOST_ALIKE)):
            first.setdefault(int(owner[row]), int(place[row]))
        among = sorted(first)
        for k, one in enumerate(among):
            for two in among[k + 1 :]:
                if _equal(recordings[one], first[one], recordings[two], first[two]):
                    pairs[one, two] += 1
    for pair in _whole(recordings):
        pairs.setdefault(pair, 1)
    return {
        pair: min(
            (count + STRETCH - 1) / recordings[pair[0]].rate_hz, *(recordings[i].duration_s for i in pair)
        )
        for pair, count in pairs.most_common()
    }


def _equal(a: Recording, at_a: int, b: Recording, at_b: int) -> bool:
    return bool((a.samples[at_a : at_a + STRETCH] == b.samples[at_b : at_b + STRETCH]).all())


def _hashes(samples: NDArray[np.int16]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return a hash of every lively stretch, and where each starts."""
    if len(samples) < STRETCH:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    mixed = np.zeros(len(samples), np.uint64)
    for channel in range(samples.shape[1]):
        mixed = (mixed ^ samples[:, channel].astype(np.uint16)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    count = len(samples) - STRETCH + 1
    total = np.zeros(count, np.uint64)
    for k in range(STRETCH):
        total = total * np.uint64(0xD6E8FEB86659FD93) + mixed[k : k + count]
    changes = np.concatenate(([0], np.cumsum((np.diff(samples, axis=0) != 0).any(axis=1))))
    lively = np.flatnonzero(changes[STRETCH - 1 :] - changes[:count] >= LEAST_CHANGES)
    return total[lively], lively


def _whole(recordings: list[Recording]) -> list[tuple[int, int]]:
    """Return pairs that are equal as a whole, also when short or at rest."""
    same: dict[bytes, list[int]] = defaultdict(list)
    for index, recording in enumerate(recordings):
        if np.ptp(recording.samples, axis=0).any():
            same[recording.samples.tobytes()].append(index)
    return [(group[0], other) for group in same.values() for other in group[1:]]
