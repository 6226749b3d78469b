"""Every value of a training, one commented line each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Augmentation:
    """How far training windows are varied; deviations of normal distributions."""

    rotation: float = 15.0  # degrees of grip and mounting about any axis; the data may give more; 0: none
    turn: float = 180.0  # degrees about gravity, in the levelled frame alone; 180: people face anywhere
    lost: float = 0.0  # share of the windows in which one to three samples are lost
    speed: float = 0.12  # natural logarithm of the speed: people, and the clocks of sensors
    amplitude: float = 0.15  # natural logarithm of the motion's strength; the data may give more; 0: none
    gain: float = 0.02  # natural logarithm of a channel's sensitivity
    bias: float = 20.0  # offset of a channel, milli-g
    noise: float = 15.0  # largest noise level of a window, milli-g
    shift: float = 0.15  # share of a window by which it moves about the strongest motion, at least


@dataclass(frozen=True)
class Network:
    """Architecture: a convolution, then depthwise-separable blocks, then the mean over time.

    The convolution's stride and kernel are those at rate_hz; network.fitted() has them last as long at
    any other.
    """

    filters: tuple[int, ...] = (16, 64, 48)  # channels after the convolution and after each block
    strides: tuple[int, ...] = (5, 2, 1)  # along time, of the convolution and of each block
    first_kernel: int = 7  # samples of the first kernel
    longest_kernel: int = 9  # upper limit of the depthwise kernels, in their own steps; odd
    field_share: float = 0.65  # most of the window that one output column may see
    rate_hz: float = 50.0  # where the convolution's stride and kernel count samples of

    @property
    def total_stride(self) -> int:
        """Samples between two columns of the body's output; a hop must be a multiple of it."""
        return math.prod(self.strides)


@dataclass(frozen=True)
class Fit:
    """The optimisation."""

    epochs: int = 60  # passes; one pass draws windows_per_epoch windows
    windows_per_epoch: int = 2048  # balanced over labels and people
    batch: int = 64  # windows per step
    learning_rate: float = 0.01  # at the start; falls to zero along a cosine
    searches: tuple[float, ...] = (
        0.3,
        0.5,
        0.7,
        0.9,
    )  # of the passes, before hard windows are sought
    hard_share: float = 0.25  # of a pass's windows, where continuous recordings give hard ones
    label_smoothing: float = 0.05  # keeps scores away from 0 and 1, where int8 has no room
    teacher_share: float = 1.0  # passes of a wider network that is trained first, over epochs; 0: none is
    teacher_width: float = 2.5  # its channels, over those of the network
    told: float = 0.7  # share of the loss that follows what it says, not the labels
    weight_decay: float = 0.01  # share of the weights given up per step, times the learning rate

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
