"""The verdict on a take: whether it is what the sensing profile promises, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.lint.signal import (
    GRAVITY_OK,
    GRAVITY_POSSIBLE,
    MOVING_MG,
    REST_MG,
    at_rest,
    clipped,
)
from gesture_tools.lint.timing import GAP, GAP_S, JITTER, LOST
from gesture_tools.profile import Profile
from gesture_tools.recordings import ACCELERATION, Recording

FACE_UP_MG = 850
"""Least that z reads when the board lies face up; the other axes read less than half of it."""

_NAMES = dict(zip(ACCELERATION, "xyz", strict=True))


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a take."""

    reasons: tuple[str, ...] = ()
    """Why it is refused; empty when it passes."""
    notes: tuple[str, ...] = ()
    """What is worth knowing all the same."""

    @property
    def passed(self) -> bool:
        """Whether the take is what the profile promises."""
        return not self.reasons


def judge(recording: Recording, profile: Profile, axes: str | None = None) -> Verdict:
    """Return the verdict on a recording.

    axes: what is wrong with the axes at rest, as check_face_up() told.
    Shares below LOST, of lost, missing or clipped samples, are notes: that is one sample in a thousand, so in
    a single gesture every one counts.
    """
    reasons: list[str] = []
    notes: list[str] = []
    count, rate = len(recording.t_us), recording.rate_hz
    if abs(rate - profile.rate_hz) > profile.rate_hz * profile.rate_tolerance:
        reasons.append(f"{rate:.1f} Hz: expected {profile.rate_hz:g} within {profile.rate_tolerance:.0%}")
    steps = np.diff(recording.t_us) / (1 if recording.seq is None else np.diff(recording.seq))
    period = 1e6 / profile.rate_hz
    wide = (steps > GAP * period) & (steps >= GAP_S * 1e6)
    missing = round(float(steps[wide].sum() / period)) - int(wide.sum())
    clips = clipped(recording.samples, profile.full_scale_mg)
    for number, what in (
        (recording.lost, "samples lost: use a faster link or a lower rate"),
        (missing, f"samples missing in {int(wide.sum())} gaps, the longest {steps.max() / 1e6:.2f} s"),
        (
            clips,
            f"samples clipped at the sensor's range (+-{profile.full_scale_mg} milli-g): use a wider one",
        ),
    ):
        if number:
            (reasons if number > LOST * count else notes).append(f"{number} of {count} {what}")
    deviation = float(np.median(np.abs(steps - np.median(steps))) / np.median(steps))
    if deviation > JITTER:
        notes.append(f"uneven time stamps: half of the steps differ by {deviation:.0%} or more")
    spread = np.ptp(recording.samples.astype(np.int32), axis=0)
    if spread.max() >= MOVING_MG:
        dead = [_NAMES.get(recording.channels[axis], "?") for axis in np.flatnonzero(spread == 0)]
        reasons += [f"axis {name} does not move: check the wiring and the driver" for name in dead]
    if set(recording.channels) >= set(ACCELERATION) and len(rest := at_rest(recording)):
        gravity = float(np.median(rest))
        what = f"{gravity / 1000:.2f} g at rest"
        if not GRAVITY_POSSIBLE[0] <= gravity <= GRAVITY_POSSIBLE[1]:
            reasons.append(f"{what}: wrong unit or range")
        elif not GRAVITY_OK[0] <= gravity <= GRAVITY_OK[1]:
            notes.append(f"{what}: calibrate the sensor")
    if axes:
        reasons.append(axes)
    return Verdict(tuple(reasons), tuple(notes))


def is_still(samples: NDArray[np.int16]) -> bool:
    """Whether a board lay still during samples (n, channels)."""
    return bool((samples.astype(np.float64).std(axis=0) <= REST_MG).all())


def check_face_up(samples: NDArray[np.int16], channels: tuple[str, ...]) -> str | None:
    """Return what is wrong with the axes of a board that lies still, face up; None when they are right.

    samples: (n, channels).
    """
    if not set(channels) >= set(ACCELERATION):
        return None
    mean = samples.astype(np.float64).mean(axis=0)
    x, y, z = (round(float(mean[channels.index(kind)])) for kind in ACCELERATION)
    if z >= FACE_UP_MG and max(abs(x), abs(y)) <= FACE_UP_MG / 2:
        return None
    return (
        f"wrong axes: face up at rest the board reads ({x}, {y}, {z}) milli-g, expected (0, 0, 1000); "
        "correct the sketch's or the board's axis map"
    )


def check_source(found: Profile, expected: Profile, where: str) -> None:
    """Check what a board says of itself against a folder's profile; raise UserError where they differ."""
    for name, want, have in (
        ("channels", ", ".join(expected.channels), ", ".join(found.channels)),
        ("frame", expected.frame, found.frame),
        ("full_scale_mg", f"{expected.full_scale_mg}", f"{found.full_scale_mg}"),
    ):
        if want != have:
            raise _differs(where, name, want, have)
    if abs(found.rate_hz - expected.rate_hz) > expected.rate_hz * expected.rate_tolerance:
        want = f"{expected.rate_hz:g} within {expected.rate_tolerance:.0%}"
        raise _differs(where, "rate_hz", want, f"{found.rate_hz:g}")


def _differs(where: str, name: str, expected: str, found: str) -> UserError:
    return UserError(
        f"the board does not fit {where}: {name}: expected {expected}, found {found}; "
        "change the board's setting, or record into another folder"
    )
