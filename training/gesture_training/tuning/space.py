"""What the search may choose: the network's shape and the training's settings, as Optuna's suggestions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from gesture_training.config import TrainConfig

STRIDES = ("2,2", "3,1", "4,1", "5,1", "2,3", "2,4", "5,2")
"""Strides of the convolution, at its settings' rate, and of the first block; further blocks have 1."""

LEAST_AMPLITUDE = 0.05
"""Least change of a motion's strength that is tried; people may differ by more."""


class Suggests(Protocol):
    """What is used of an optuna.Trial."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        """Choose a whole number."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Choose a number."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Choose one of some."""


def suggest(trial: Suggests, base: TrainConfig, network_only: bool = False) -> TrainConfig:
    """Return the base with network, optimisation and variation, or the network alone, chosen by a trial."""
    blocks = trial.suggest_int("blocks", 2, 3)
    filters = [trial.suggest_int("filters_0", 8, 32, step=4)]
    filters += [trial.suggest_int(f"filters_{place}", 16, 80, step=8) for place in range(1, blocks + 1)]
    strides = [int(text) for text in trial.suggest_categorical("strides", STRIDES).split(",")]
    network = replace(
        base.network,
        filters=tuple(filters),
        strides=(*strides, *[1] * (blocks - 1)),
        first_kernel=trial.suggest_int("first_kernel", 3, 11, step=2),
        longest_kernel=trial.suggest_int("longest_kernel", 5, 15, step=2),
        field_share=trial.suggest_float("field_share", 0.45, 0.95, step=0.1),
    )
    if network_only:
        return replace(base, network=network)
    settings = replace(
        base.fit,
        learning_rate=trial.suggest_float("learning_rate", 0.003, 0.03, log=True),
        label_smoothing=trial.suggest_float("label_smoothing", 0.0, 0.15),
        weight_decay=trial.suggest_float("weight_decay", 0.001, 0.1, log=True),
    )
    augmentation = replace(
        base.augmentation,
        speed=trial.suggest_float("speed", 0.05, 0.25),
        amplitude=trial.suggest_float("amplitude", LEAST_AMPLITUDE, 0.4),
        shift=trial.suggest_float("shift", 0.05, 0.25),
    )
    return replace(base, network=network, fit=settings, augmentation=augmentation)


def parameters(config: TrainConfig, network_only: bool = False) -> dict[str, Any]:
    """Return the suggestions that lead to a config, for a search to begin with."""
    network, settings, augmentation = config.network, config.fit, config.augmentation
    of_network = {
        "blocks": len(network.filters) - 1,
        **{f"filters_{place}": number for place, number in enumerate(network.filters)},
        "strides": ",".join(map(str, network.strides[:2])),
        "first_kernel": network.first_kernel,
        "longest_kernel": network.longest_kernel,
        "field_share": network.field_share,
    }
    if network_only:
        return of_network
    return of_network | {
        "learning_rate": settings.learning_rate,
        "label_smoothing": settings.label_smoothing,
        "weight_decay": settings.weight_decay,
        "speed": augmentation.speed,
        "amplitude": augmentation.amplitude,
        "shift": augmentation.shift,
    }
