"""What a network of some shape will cost, before it is trained: an untrained one costs the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

from gesture_tools.build import build_core_image
from gesture_tools.c_array import recognizer_arena_size
from gesture_tools.contract import Contract
from gesture_tools.cost import measure, random_inputs
from gesture_tools.runtime import Model
from gesture_tools.runtime.emulated import EmulatedMachine
from gesture_training.config import Network
from gesture_training.network import build
from gesture_training.pipeline import emit
from gesture_training.quantize import quantize

INPUTS = 1
"""Inferences counted: work hardly depends on the values."""

REPRESENTATIVE = 4


@dataclass(frozen=True)
class ShapeCost:
    """What one shape costs on the target."""

    flash: int
    """Bytes of the .tflite file; the core's code is the same for all."""
    ram: int
    """Bytes of the recognizer: its object, the arena of model and window, and stack."""
    instructions: int
    """Of one hop, counted in the emulator: what the device executes each time it decides."""
    window_instructions: int
    """Of a whole window, with nothing kept from before; for information."""


@dataclass(frozen=True)
class Budget:
    """The most that a model may cost."""

    flash: int
    ram: int
    instructions: int

    def excess(self, cost: ShapeCost) -> tuple[float, ...]:
        """Return for each limit by which share it is exceeded; 0 or below: it is kept."""
        limits, costs = asdict(self), asdict(cost)
        return tuple(costs[name] / limits[name] - 1 for name in limits)


def most(costs: Sequence[ShapeCost]) -> ShapeCost:
    """Return the largest of each cost."""
    return ShapeCost(
        max(cost.flash for cost in costs),
        max(cost.ram for cost in costs),
        max(cost.instructions for cost in costs),
        max(cost.window_instructions for cost in costs),
    )


@lru_cache(maxsize=256)
def shape_cost(network: Network, contract: Contract, cpu: str) -> ShapeCost:
    """Build, quantise and count an untrained network on a processor; raise UserError where none can.

    network: at the contract's rate.
    """
    size, channels, labels = contract.window, len(contract.profile.channels), len(contract.labels)
    rng = np.random.default_rng(1)
    windows = rng.integers(-128, 128, (REPRESENTATIVE, size, channels)).astype(np.int8)
    untrained = build(size, channels, labels, network)
    for weights in untrained.weights:  # equal ones, as before a training, would share bytes in the file
        weights.assign(weights + rng.uniform(0.01, 0.1, weights.shape))
    model = Model(emit(quantize(untrained, windows), contract, windows))
    counted = measure(model, cpu, random_inputs(model, INPUTS))
    own = EmulatedMachine(cpu, build_core_image(cpu)).call("tg_bind_recognizer_size")
    return ShapeCost(
        len(model.data),
        own + recognizer_arena_size(model) + max(counted.stack, counted.hop_stack),
        counted.hop_instructions,
        counted.instructions,
    )
