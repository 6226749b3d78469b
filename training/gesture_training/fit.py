"""Fitting the network: it learns from the labels, and from a wider network that learnt from them before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_training.backend import tensorflow
from gesture_training.config import Network, TrainConfig
from gesture_training.equalize import equalize
from gesture_training.hard import HardWindows
from gesture_training.network import build
from gesture_training.passes import Passes, Progress
from gesture_training.windows import WindowSource


def fit(
    source: WindowSource,
    hard: HardWindows,
    representative: NDArray[np.int8],
    contract: Contract,
    config: TrainConfig,
    progress: Progress,
) -> tuple[Any, list[float]]:
    """Train the default network; return the keras.Model and the mean loss of each pass.

    hard: continuous recordings, searched for hard windows on the way. representative: the windows (k, window,
    channels) that it will be quantized with. The same arguments give the same weights on one machine. Nothing
    is measured on the way to choose among weights, so no validation people are needed and no test person can
    leak.
    """
    tensorflow(config.seed)
    settings, network = config.fit, config.network
    passes = Passes(source, hard, config, progress)
    model = _built(contract, network)
    teachers = []
    if settings.teacher_epochs:
        wide = tuple(round(settings.teacher_width * one) for one in network.filters)
        teachers = [_built(contract, replace(network, filters=wide))]
        passes.learn("a wider network that teaches", teachers[0], settings.teacher_epochs)
    passes.learn("the network", model, settings.epochs, teachers)
    equalize(model, representative)
    return model, passes.curve


def _built(contract: Contract, network: Network) -> Any:
    return build(contract.window, len(contract.profile.channels), len(contract.labels), network)
