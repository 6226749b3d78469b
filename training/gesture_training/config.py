"""Every value of a training, one commented line each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeVar

Value = TypeVar("Value")


def within(usual: Value, least: float, most: float) -> Value:
    """Return a field with its usual value and the range that a file of settings may choose it from."""
    return field(default=usual, metadata={"range": (least, most)})


@dataclass(frozen=True)
class Augmentation:
    """How far training windows are varied; deviations of normal distributions; 0: not at all."""

    rotation: float = within(15.0, 0, 180)  # degrees of grip and mounting; the data may give more
    turn: float = within(180.0, 0, 360)  # degrees about gravity, levelled; 180: people face anywhere
    lost: float = within(0.0, 0, 1)  # share of the windows in which one to three samples are lost
    speed: float = within(0.12, 0, 1)  # natural logarithm of the speed: people, and the clocks of sensors
    amplitude: float = within(0.15, 0, 2)  # natural logarithm of the strength; the data may give more
    gain: float = within(0.02, 0, 1)  # natural logarithm of a channel's sensitivity
    bias: float = within(20.0, 0, 4000)  # offset of a channel, milli-g
    noise: float = within(15.0, 0, 4000)  # largest noise level of a window, milli-g
    shift: float = within(0.15, 0, 1)  # share of a window that it moves about the strongest motion, at least


@dataclass(frozen=True)
class Network:
    """Architecture: a convolution, then depthwise-separable blocks, then the mean over time.

    The convolution's stride and kernel are those at rate_hz; network.fitted() has them last as long at
    any other.
    """

    filters: tuple[int, ...] = within((16, 64, 48), 1, 256)  # channels after the convolution and each block
    strides: tuple[int, ...] = within((5, 2, 1), 1, 255)  # along time, of the convolution and of each block
    first_kernel: int = within(7, 1, 1023)  # samples of the first kernel
    longest_kernel: int = within(9, 1, 255)  # upper limit of the depthwise kernels, in their own steps; odd
    field_share: float = within(0.65, 0, 1)  # most of the window that one output column may see
    rate_hz: float = within(50.0, 1, 1000)  # where the convolution's stride and kernel count samples of

    @property
    def total_stride(self) -> int:
        """Samples between two columns of the body's output; a hop must be a multiple of it."""
        return math.prod(self.strides)


@dataclass(frozen=True)
class Fit:
    """The optimisation."""

    epochs: int = within(60, 1, 10000)  # passes; one pass draws windows_per_epoch windows
    windows_per_epoch: int = within(2048, 1, 65536)  # balanced over labels and people
    batch: int = within(64, 1, 4096)  # windows per step
    learning_rate: float = within(0.01, 1e-6, 1)  # at the start; falls to zero along a cosine
    searches: tuple[float, ...] = within((0.3, 0.5, 0.7, 0.9), 0, 1)  # of the passes: hard ones are sought
    hard_share: float = within(0.25, 0, 0.5)  # of a pass's windows, where continuous recordings give some
    label_smoothing: float = within(0.05, 0, 0.5)  # keeps scores away from 0 and 1, where int8 has no room
    teacher_share: float = within(1.0, 0, 10)  # passes of a wider network trained first, over epochs; 0: none
    teacher_width: float = within(2.5, 1, 8)  # its channels, over those of the network
    told: float = within(0.7, 0, 1)  # share of the loss that follows what it says, not the labels
    weight_decay: float = within(0.01, 0, 1)  # share of the weights lost per step, times the learning rate

    @property
    def passes(self) -> int:
        """All passes."""
        return self.teacher_epochs + self.epochs

    @property
    def teacher_epochs(self) -> int:
        """Passes of the wider network."""
        return round(self.teacher_share * self.epochs)


@dataclass(frozen=True)
class Forest:
    """The baseline: everywhereml's random forest on features of a window."""

    trees: int = 20
    depth: int = 8  # levels of a tree at most
    leaf: int = 20  # training windows in a leaf at least
    windows: int = 8192  # training windows, balanced over labels and people


@dataclass(frozen=True)
class TrainConfig:
    """A whole training; what the data decides (rate, window, hop, gain) stands in the contract."""

    seed: int = 1  # seed of the split, the weights, the windows and their variation
    frame: str | None = None  # "own": the board's; "levelled": gravity along z; None: found from the data
    threshold: float = 0.6  # least score of a hit, where no budget of false activations chooses it
    false_activations: float | None = 1.0  # allowed per hour without gestures; None: thresholds stay
    least_recall: float = 0.85  # a budget that nobody asked for gives way rather than find less than this
    groups: int = 3  # groups of people apart on whom the detector is chosen
    groups_effort: float = 0.5  # passes for each of them, as a share of those of the whole
    test_share: float = 0.2  # share of the people held out when none are named
    augmentation: Augmentation = field(default_factory=Augmentation)
    network: Network = field(default_factory=Network)
    fit: Fit = field(default_factory=Fit)
    forest: Forest = field(default_factory=Forest)
