"""How much of what logs hold was found in a simulation: counts, and a line that says them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gesture_tools.simulation import Simulation, gesture_labels
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.contract import Contract

SHORT_S = 10.0
"""Labelled recordings up to this long are judged by their verdict."""


@dataclass(frozen=True)
class Tally:
    """Counts over the recordings simulated."""

    recordings: int
    judged: int
    """Short recordings of a label that the model knows."""
    right: int
    """Those of them whose verdict is that label."""
    gestures: int
    """Gestures in spans."""
    found: int
    false_activations: int
    """Events outside every gesture of their label. Those of takes do not count: a take marks no gesture."""

    def __str__(self) -> str:
        """Say it in a line."""
        parts = [counted(self.recordings, "recording")]
        if self.judged:
            parts.append(f"{self.right} of {counted(self.judged, 'verdict')} right")
        if self.gestures:
            parts.append(f"{self.found} of {counted(self.gestures, 'gesture')} found")
        return ", ".join([*parts, counted(self.false_activations, "false activation")])


def tally(contract: Contract, simulations: Sequence[Simulation]) -> Tally:
    """Count over simulations of a model with this contract."""
    judged = [
        one
        for one in simulations
        if one.recording.label in contract.labels and one.recording.duration_s <= SHORT_S
    ]
    return Tally(
        recordings=len(simulations),
        judged=len(judged),
        right=sum(one.verdict.label == one.recording.label for one in judged),
        gestures=sum(len(one.gestures) for one in simulations),
        found=sum(len(one.gestures) - len(_missed(one)) for one in simulations),
        false_activations=sum(_false(contract, one) for one in simulations),
    )


def found_in(simulation: Simulation) -> str:
    """Say which of a log's marked gestures were found, and how many events were none of them."""
    missed = _missed(simulation)
    count = len(simulation.gestures)
    line = f"{count - len(missed)} of {counted(count, 'gesture')} found"
    if missed:
        line += f", missed: {', '.join(missed)}"
    return f"{line}; {counted(_outside(simulation), 'false activation')}"


def _missed(simulation: Simulation) -> list[str]:
    found = {d.gesture for d in simulation.detections}
    return [
        f"{span.label} at {span.start_us / 1e6:.1f} s"
        for index, span in enumerate(simulation.gestures)
        if index not in found
    ]


def _outside(simulation: Simulation) -> int:
    return sum(d.gesture is None for d in simulation.detections)


def _false(contract: Contract, simulation: Simulation) -> int:
    """Return the false activations; a take of a gesture marks none, so that its events are not judged."""
    return 0 if simulation.recording.label in gesture_labels(contract) else _outside(simulation)
