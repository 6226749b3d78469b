"""The measures' two rules: a recording's verdict, and which labelled gesture a detection matches.

Training, evaluation, reports and the simulator use these functions; docs/formats.md says the same in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording, Span
from gesture_tools.resample import at_rate

if TYPE_CHECKING:
    from gesture_tools.contract import Contract
    from gesture_tools.runtime import Model

MATCH_SLACK_US = 500_000
"""A detection may come this long after the end of its gesture."""

OUTPUT_ZERO_POINT = -128
OUTPUT_SCALE = 1 / 256

Sample = TypeVar("Sample", np.int16, np.int8)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a model says about one recording."""

    label: str
    scores: NDArray[np.float64]
    """Mean score per label, 0 to 1."""
    windows: int
    """Windows averaged."""
    outputs: NDArray[np.int8]
    """The model's outputs for them (windows, labels), in order of time."""


def extend(samples: NDArray[Sample], window: int) -> NDArray[Sample]:
    """Extend (n, channels) at both ends by its edge values to at least window samples, as rest would look."""
    missing = max(0, window - len(samples))
    return np.pad(samples, ((missing // 2, missing - missing // 2), (0, 0)), mode="edge")


def frames(samples: NDArray[Sample], window: int, hop: int) -> NDArray[Sample]:
    """Return the windows at every hop (count, window, channels) of extended samples; a read-only view."""
    views = np.lib.stride_tricks.sliding_window_view(extend(samples, window), window, axis=0)
    return views[::hop].transpose(0, 2, 1)


def strongest(samples: NDArray[np.int16], window: int, hop: int) -> int:
    """Index of the window with the strongest motion, among those of frames(); the first of equals.

    Strength is the sum over channels of the variance of the window's samples, compared exactly in integers.
    """
    padded = extend(samples, window).astype(np.int64)
    zero = np.zeros((1, padded.shape[1]), dtype=np.int64)
    sums = np.concatenate((zero, np.cumsum(padded, axis=0)))
    squares = np.concatenate((zero, np.cumsum(padded**2, axis=0)))
    starts = np.arange(0, len(padded) - window + 1, hop)
    total = sums[starts + window] - sums[starts]
    power = squares[starts + window] - squares[starts]
    return int(np.argmax((window * power - total**2).sum(axis=1)))


def around(samples: NDArray[np.int16], window: int, hop: int) -> slice:
    """Return which of frames() a verdict averages: those starting at most window/4 from the strongest."""
    count = max(0, len(samples) - window) // hop + 1
    best = strongest(samples, window, hop)
    reach = window // 4 // hop
    return slice(max(0, best - reach), min(count, best + reach + 1))


def verdicts(model: Model, recordings: Iterable[Recording]) -> list[Verdict]:
    """Give the verdict of each recording, brought to the model's rate where needed.

    The model runs on the windows around the strongest motion; the label is the one with the highest mean
    output, the first of equals. Raises UserError when the model carries no contract or other channels.
    """
    from gesture_tools.runtime import columns

    contract = model.require_contract()
    profile = contract.profile
    parts = []
    for recording in recordings:
        check_channels(contract, recording)
        samples = at_rate(recording, profile.rate_hz, profile.rate_tolerance).samples
        chosen = around(samples, contract.window, contract.hop)
        ready = columns(contract, extend(samples, contract.window))
        parts.append(frames(ready, contract.window, contract.hop)[chosen])
    if not parts:
        return []
    shape = tuple(model.input_shape[1:])
    outputs = model.invoke(np.ascontiguousarray(np.concatenate(parts)).reshape(-1, *shape))
    outputs = outputs.reshape(len(outputs), -1)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    return [_judge(contract.labels, part) for part in np.split(outputs, ends)]


def verdict(model: Model, recording: Recording) -> Verdict:
    """Give the verdict of one recording; see verdicts()."""
    return verdicts(model, [recording])[0]


def check_channels(contract: Contract, recording: Recording) -> None:
    """Raise UserError when a recording's channels are not the contract's."""
    if recording.channels != contract.profile.channels:
        raise UserError(
            f"{recording.source}: channels differ from the model's contract: expected "
            f"{', '.join(contract.profile.channels)}, found {', '.join(recording.channels)}"
        )


def match(detections: Sequence[tuple[str, int]], gestures: Sequence[Span]) -> list[int | None]:
    """For each detection (label, time in us) give the index of the gesture it matches, or None.

    A detection matches a gesture of its label when it lies in start <= t <= end + MATCH_SLACK_US. Each
    gesture is matched once, by the first detection that can; of several gestures the one that ends first.
    Every unmatched detection is a false activation, every unmatched gesture a miss.
    """
    result: list[int | None] = [None] * len(detections)
    taken: set[int] = set()
    by_end = sorted(range(len(gestures)), key=lambda index: gestures[index].end_us)
    for place in sorted(range(len(detections)), key=lambda index: detections[index][1]):
        label, time = detections[place]
        for index in by_end:
            gesture = gestures[index]
            inside = gesture.start_us <= time <= gesture.end_us + MATCH_SLACK_US
            if inside and gesture.label == label and index not in taken:
                result[place] = index
                taken.add(index)
                break
    return result


def _judge(labels: Sequence[str], outputs: NDArray[np.int8]) -> Verdict:
    total = outputs.sum(axis=0, dtype=np.int64)
    scores = (total / len(outputs) - OUTPUT_ZERO_POINT) * OUTPUT_SCALE
    return Verdict(labels[int(np.argmax(total))], scores, len(outputs), outputs)
