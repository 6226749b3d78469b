"""What the samples themselves tell: dead sensors and axes, clipping, gravity of the wrong size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gesture_tools.lint.finding import ERROR, INFO, WARNING, Finding, found
from gesture_tools.lint.timing import LOST
from gesture_tools.recordings import ACCELERATION, BACKGROUND, FORCED, UNVERIFIED, Recording

CLIP_RUN = 3
"""Equal extreme samples in a row that a clipped peak has at least."""

CLIP_LEAST_MG = 1500
"""Extremes below this are rest, not clipping: no range is narrower."""

STILL_MG = 5
MOVING_MG = 300
"""Largest range (milli-g) of a dead axis, and least range of another that shows the board was moved."""

REST_MG = 30
"""Largest standard deviation on every axis of a board at rest."""

REST_S = 0.5
REST_LEAST = 4
"""Half seconds at rest that a person's gravity is judged by, at least."""

GRAVITY_OK = (850, 1150)
GRAVITY_POSSIBLE = (500, 1500)
"""Milli-g at rest beyond which the sensor is off, and beyond which the unit must be wrong."""


def check(recordings: list[Recording], full_scale_mg: int | None = None) -> list[Finding]:
    """Return findings on the samples; full_scale_mg: the sensor's range where it is known."""
    return [
        *_dead(recordings),
        *_clipping(recordings, full_scale_mg),
        *_dead_axes(recordings),
        *_gravity(recordings),
        *_marked(recordings),
    ]


def clipped(samples: NDArray[np.int16], full_scale_mg: int | None) -> int:
    """Count the samples (n, channels) at an end of the range: at full scale, or on a flat peak."""
    magnitude = np.abs(samples.astype(np.int32))
    at = np.zeros(len(samples), bool)
    if full_scale_mg is not None:
        at |= (magnitude >= full_scale_mg).any(axis=1)
    for values in samples.T.astype(np.int32):
        for extreme in (int(values.max()), int(values.min())):
            if abs(extreme) < CLIP_LEAST_MG:
                continue
            flat = values == extreme
            edges = np.flatnonzero(np.diff(np.concatenate(([0], flat.view(np.int8), [0]))))
            for start, end in edges.reshape(-1, 2):
                if end - start >= CLIP_RUN:
                    at[start:end] = True
    return int(at.sum())


def dead(recordings: Iterable[Recording]) -> list[Recording]:
    """Return the recordings in which no axis ever changes, though it must.

    That is one of a gesture, or one that does not feel gravity; a board that rests may read the same always.
    """
    return [
        recording
        for recording in recordings
        if not np.ptp(recording.samples, axis=0).any()
        and (recording.label != BACKGROUND or np.linalg.norm(recording.samples[0]) < GRAVITY_POSSIBLE[0])
    ]


def _dead(recordings: list[Recording]) -> list[Finding]:
    places = [
        f"{r.id}: {len(r.samples)} samples of ({', '.join(map(str, r.samples[0]))})" for r in dead(recordings)
    ]
    advice = "check the sensor, its wiring and its driver, then record again, or remove them"
    return found("dead", ERROR, "recordings in which the sensor never changes", advice, places)


def _clipping(recordings: list[Recording], full_scale_mg: int | None) -> list[Finding]:
    places = [
        (count / len(r.samples), f"{r.id}: {count} of {len(r.samples)} samples")
        for r in recordings
        if (count := clipped(r.samples, full_scale_mg)) > LOST * len(r.samples)
    ]
    places.sort(reverse=True)
    what = f"samples clipped at the sensor's range in {len(places)} of {len(recordings)} recordings"
    advice = "set the sensor to a wider range and record again, or live with the lost peaks"
    return found("clipping", WARNING, what, advice, [place for _, place in places])


def _dead_axes(recordings: list[Recording]) -> list[Finding]:
    stuck, ranges = [], defaultdict(list)
    for recording in recordings:
        spread = np.ptp(recording.samples.astype(np.int32), axis=0)
        ranges[recording.subject, recording.channels].append(spread)
        if spread.max() < MOVING_MG:
            continue
        stuck += [f"{recording.id}: {recording.channels[axis]}" for axis in np.flatnonzero(spread == 0)]
    dead = [
        f"subject {subject!r}: {channels[axis]} stays within {int(widest[axis])} milli-g"
        for (subject, channels), spreads in ranges.items()
        for widest in [np.max(spreads, axis=0)]
        if widest.max() >= MOVING_MG
        for axis in np.flatnonzero(widest <= STILL_MG)
    ]
    advice = "check the wiring and the driver of this axis, then record again"
    return [
        *found("dead-axis", ERROR, "axes that never move, in all recordings of a person", advice, dead),
        *([] if dead else found("constant-axis", ERROR, "axes that are constant", advice, stuck)),
    ]


def _gravity(recordings: list[Recording]) -> list[Finding]:
    rest: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for recording in recordings:
        if set(recording.channels) >= set(ACCELERATION):
            rest[recording.subject].append(at_rest(recording))
    impossible, off = [], []
    for subject, parts in sorted(rest.items()):
        magnitudes = np.concatenate(parts)
        if len(magnitudes) < REST_LEAST:
            continue
        middle = float(np.median(magnitudes))
        place = f"subject {subject!r}: {middle / 1000:.2f} g at rest"
        if not GRAVITY_POSSIBLE[0] <= middle <= GRAVITY_POSSIBLE[1]:
            impossible.append(place)
        elif not GRAVITY_OK[0] <= middle <= GRAVITY_OK[1]:
            off.append(place)
    unit = "check the unit (milli-g, not m/s2) and that gravity was not taken away, then import again"
    return [
        *found("gravity", ERROR, "a board at rest does not read 1 g: wrong unit or range", unit, impossible),
        *found("gravity", WARNING, "a board at rest reads far from 1 g", "calibrate the sensor", off),
    ]


def _marked(recordings: list[Recording]) -> list[Finding]:
    """Return findings on what the recorder has marked."""
    forced = [f"{r.id}: {r.header[FORCED]}" for r in recordings if FORCED in r.header]
    unverified = [f"{r.id}: {r.header[UNVERIFIED]}" for r in recordings if UNVERIFIED in r.header]
    again = "record these again, or remove them"
    trust = "check the sketch's rate and unit against its sensor's data sheet, or use a tinygesture board"
    return [
        *found("forced", WARNING, "recordings kept by force, against their profile", again, forced),
        *found("unverified", INFO, "recordings of sketches that only print text", trust, unverified),
    ]


def at_rest(recording: Recording) -> NDArray[np.float64]:
    """Return the magnitudes (milli-g) of the half seconds at rest; empty when the board never rests."""
    length = max(4, int(REST_S * recording.rate_hz))
    count = len(recording.samples) // length
    axes = [recording.channels.index(kind) for kind in ACCELERATION]
    blocks = recording.samples[: count * length, axes].astype(np.float64).reshape(count, length, 3)
    still = (blocks.std(axis=1) <= REST_MG).all(axis=1)
    magnitudes = np.linalg.norm(blocks[still].mean(axis=1), axis=1)
    return np.asarray(magnitudes)
