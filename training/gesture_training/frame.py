"""Whether gestures are told apart better in the board's own frame or in the levelled one, on people apart.

Where everybody holds the board alike, its own axes carry meaning: left is not right, and not up. Where
everybody holds it another way, or wears it loosely, gravity is the only direction people share. Which of the
two a data set is can be found out: a quick classifier (random convolutions and a ridge, after Dempster and
others' MiniRocket, 2021) is trained in both frames on some of the training people and tried on the others.
Where that tells no difference, the grips decide. No direction that these people share is lost in the levelled
frame then, and it stays good for whoever holds the board as none of them did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.errors import UserError
from gesture_training.config import Augmentation, TrainConfig
from gesture_training.dataset import Piece
from gesture_training.grip import holds_gravity
from gesture_training.windows import COLUMN_SCALE, WindowSource

SETTLING_S = 0.6
"""Time constant of the estimated gravity, seconds: longer than a stroke, shorter than a change of grip."""

LEAST_PEOPLE = 4
"""People needed to find out; with fewer, the board's own frame stays."""

LEVELLED_CHANNELS = ("acceleration_x", "acceleration_y", "acceleration_z")
"""Channels that the core can level."""

LOOSE_GRIP = 45.0
"""Deviation (degrees) of grips from which people share no axis of the board: half the way to another."""

GROUPS = 5
WINDOWS = 3000
KERNELS = 64
KERNEL_LENGTH = 7
DILATIONS = (1, 2, 4)
RIDGE = 0.03
CHUNK = 256

STILL = Augmentation(rotation=0, turn=0, speed=0, amplitude=0, gain=0, bias=0, noise=0, shift=0)


@dataclass(frozen=True)
class FrameChoice:
    """The frame chosen, and why."""

    level: bool
    own: float | None = None
    """Accuracy (0 to 1) in the board's own frame of the quick classifier, mean over people; None: untried."""
    levelled: float | None = None
    """The same in the levelled frame."""
    error: float = 0.0
    """Standard error over people of the difference."""
    grip: float = 0.0
    """Deviation (degrees) of the people's grips."""
    asked: bool = False
    """Whether it was asked for."""
    untried: str = "too few people to find out whether a levelled one is better"
    """Why nothing was found out, where nothing was."""

    def __str__(self) -> str:
        """Say it in a line."""
        name = "levelled frame" if self.level else "the board's own frame"
        if self.asked:
            return f"{name}, as asked"
        if self.own is None or self.levelled is None:
            return f"the board's own frame: {self.untried}"
        found = (
            f"on people apart a quick classifier reaches {100 * self.levelled:.1f} % levelled, "
            f"{100 * self.own:.1f} % in the board's own"
        )
        if abs(self.levelled - self.own) > self.error:
            return f"{name}: {found}"
        decided = f"{self.grip:.0f} degrees apart" if self.level else f"alike within {self.grip:.0f} degrees"
        return f"{name}: {found}, no difference, and people's grips are {decided}"


def level_shift(rate_hz: float) -> int:
    """Return the contract's level_shift at a rate."""
    return int(np.clip(round(np.log2(SETTLING_S * rate_hz)), 1, 10))


def choose_frame(
    pieces: Sequence[Piece], contract: Contract, settings: dict[bool, Augmentation], config: TrainConfig
) -> FrameChoice:
    """Choose between the contract's own frame and the levelled one, by people held out of the pieces.

    config: may name the frame; otherwise its seed counts.

    settings: the variation in training, by whether the frame is levelled. The levelled frame is chosen when
    it is better by more than the standard error over people; within it, when the people hold the board in
    ways so different that its own axes mean nothing.
    """
    seed = config.seed
    people = sorted({piece.subject for piece in pieces})
    possible = contract.profile.channels == LEVELLED_CHANNELS
    if config.frame is not None:
        if config.frame == "levelled" and not possible:
            raise UserError(
                f"--frame levelled needs the channels {', '.join(LEVELLED_CHANNELS)}: "
                f"found {', '.join(contract.profile.channels)}; leave it out"
            )
        return FrameChoice(config.frame == "levelled", asked=True)
    if not possible:
        return FrameChoice(False, untried="a levelled one needs acceleration along x, y and z")
    if not holds_gravity(pieces):
        return FrameChoice(False, untried="the recordings hold no gravity to level by")
    if len(people) < LEAST_PEOPLE:
        return FrameChoice(False)
    group = groups(pieces, seed)
    sources = [WindowSource(pieces, framed(contract, level)) for level in (False, True)]
    accuracy = [
        told(source, group, settings[level], seed) == source.labels
        for level, source in zip((False, True), sources, strict=True)
    ]
    of_people = [
        np.array([right[[piece.subject == person for piece in pieces]].mean() for person in people])
        for right in accuracy
    ]
    gain = of_people[1] - of_people[0]
    error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
    grip = settings[False].rotation
    better = float(gain.mean())
    level = better >= -error if grip > LOOSE_GRIP else better > error
    own, levelled = (float(one.mean()) for one in of_people)
    return FrameChoice(level, own, levelled, error, grip)


def groups(pieces: Sequence[Piece], seed: int) -> NDArray[np.int64]:
    """Return the group of each piece's person; each is held out once."""
    people = sorted({piece.subject for piece in pieces}, key=lambda name: _order(seed, name))
    return np.array([people.index(piece.subject) % GROUPS for piece in pieces])


def framed(contract: Contract, level: bool) -> Contract:
    """Return a contract with the board's own frame or the levelled one."""
    return replace(contract, level_shift=level_shift(contract.profile.rate_hz) if level else None)


def told(
    source: WindowSource,
    group: NDArray[np.int64],
    settings: Augmentation,
    seed: int,
    other: WindowSource | None = None,
) -> NDArray[np.int64]:
    """Return the label that each piece is taken for by a classifier of the other groups' varied windows.

    other: pieces of the same people and labels in the same order, that are tried in place of the source's.
    """
    rng = np.random.default_rng(seed)
    kernels = rng.normal(size=(len(DILATIONS), KERNEL_LENGTH * source.samples.shape[1], KERNELS))
    everything = np.arange(len(group))
    chosen = source.choose(WINDOWS, rng)
    seen = _features(source.around(chosen, settings, rng), kernels)
    tried = _features((other or source).around(everything, STILL, rng), kernels)
    centre, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    seen, tried = (seen - centre) / spread, (tried - centre) / spread
    found = np.zeros(len(group), np.int64)
    wanted = np.eye(source.labels.max() + 1)[source.labels]
    for held_out in np.unique(group):
        train = group[chosen] != held_out
        x, y = seen[train], wanted[chosen][train]
        mean = y.mean(axis=0)
        gram = x.T @ x + RIDGE * len(x) * np.eye(x.shape[1])
        weights = np.linalg.solve(gram, x.T @ (y - mean))
        test = group == held_out
        found[test] = (tried[test] @ weights + mean).argmax(axis=1)
    return found


def _features(windows: NDArray[np.int8], kernels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return per window and random convolution the share of positive values, their mean, and the largest.

    Convolutions that reach further than a window are left out.
    """
    parts = []
    for start in range(0, len(windows), CHUNK):
        batch = windows[start : start + CHUNK].astype(np.float32) / COLUMN_SCALE
        rows = []
        for dilation, kernel in zip(DILATIONS, kernels.astype(np.float32), strict=True):
            reach = (KERNEL_LENGTH - 1) * dilation + 1
            if reach > batch.shape[1]:
                continue
            views = np.lib.stride_tricks.sliding_window_view(batch, reach, axis=1)[..., ::dilation]
            values = views.reshape(*views.shape[:2], -1) @ kernel
            positive = np.maximum(values, 0)
            rows += [(values > 0).mean(axis=1), positive.mean(axis=1), values.max(axis=1)]
        parts.append(np.concatenate(rows, axis=1))
    return np.concatenate(parts).astype(np.float64)


def _order(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
