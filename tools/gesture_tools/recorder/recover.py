"""What becomes of a recording that was broken off: by Ctrl-C, a pulled cable, a full disk or a kill.

A whole recording (background, fixed length, continuous) is good up to where it ends: it is kept if it passes.
A gesture is kept when its movement is over; otherwise the part stays, to be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.logs import read_log
from gesture_tools.profile import Profile
from gesture_tools.recorder.cut import find_movements, strongest, whole, with_margin
from gesture_tools.recorder.judge import Verdict, judge
from gesture_tools.recorder.writer import finish
from gesture_tools.recordings import FORCED, Recording

CUT = "cut"
PENDING = "pending"
"""Header key and value of a part that holds a stream with a gesture in it, to be cut out."""


@dataclass(frozen=True)
class Left:
    """A part, read, and what it is worth."""

    recording: Recording
    """What would be kept: the gesture cut out, or all of it."""
    verdict: Verdict


def assess(part: Path, profile: Profile, axes: str | None = None) -> Left:
    """Read a part and judge it; raise UserError when it cannot be read."""
    stream = read_log(part)
    if stream.header.get(CUT) != PENDING:
        return Left(stream, judge(stream, profile, axes))
    count, rate = len(stream.t_us), profile.rate_hz
    over = whole(find_movements(stream.samples, rate), count, rate)
    if not over:
        return Left(stream, Verdict(("no movement from rest to rest",)))
    first, end = with_margin(strongest(stream.samples, over), count, rate)
    take = excerpt(stream, first, end)
    return Left(take, judge(take, profile, axes))


def excerpt(stream: Recording, first: int, end: int) -> Recording:
    """Return the samples first to end (excluded) of a recording, as a recording."""
    return replace(
        stream,
        t_us=stream.t_us[first:end],
        samples=stream.samples[first:end],
        seq=None if stream.seq is None else stream.seq[first:end],
    )


def keep(part: Path, recording: Recording, verdict: Verdict, **marks: str) -> Path:
    """Finish a part with a recording of assess(); a verdict against it is marked in the header."""
    header = dict(recording.header)
    if header.get(CUT) == PENDING:
        header[CUT] = "yes"
    if not verdict.passed:
        header[FORCED] = "; ".join(verdict.reasons)
    return finish(part, recording, header | marks)


def salvage(part: Path, profile: Profile, force: bool, axes: str | None = None) -> tuple[Path | None, str]:
    """Keep a part that passes, or is forced to; return the log, or None and why the part stays."""
    try:
        left = assess(part, profile, axes)
        if left.verdict.passed or (force and left.recording.header.get(CUT) != PENDING):
            return keep(part, left.recording, left.verdict, recovered="yes"), ""
    except UserError as error:
        return None, error.message
    return None, "; ".join(left.verdict.reasons)
