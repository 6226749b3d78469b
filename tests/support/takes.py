"""Samples of a sketch as the recorder's pieces take them, without a port."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gesture_tools.errors import UserError
from gesture_tools.profile import Profile
from gesture_tools.recorder.source import Block
from gesture_tools.recorder.writer import Heading
from gesture_tools.recordings import ACCELERATION, Recording
from tests.support.sketch import movement, rest

PROFILE = Profile(rate_hz=50.0)


def refusal(action: Callable[..., object], *arguments: object) -> str:
    """What an action is refused with."""
    with pytest.raises(UserError) as caught:
        action(*arguments)
    return caught.value.message


def block(count: int, first: int = 0, moving: bool = False) -> Block:
    """Samples of a board at rest, or shaken every two seconds, at 50 Hz."""
    numbers = np.arange(first, first + count)
    rows = [movement(n, 50, 2.0) if moving else rest(n) for n in numbers.tolist()]
    return Block(numbers, numbers * 20_000, np.rint(np.array(rows) * 1000).astype(np.int16))


def recording(given: Block, **changes: object) -> Recording:
    fields = {"id": "t", "label": "shake", "subject": "p", "session": "s"} | changes
    return Recording(t_us=given.t_us, samples=given.samples, seq=given.seq, **fields)  # type: ignore[arg-type]


def heading(label: str | None = "shake", **header: str) -> Heading:
    return Heading(label, "p", "s", ACCELERATION, header)
