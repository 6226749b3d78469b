"""The core's detector by itself: hops that were run once, played again under other thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.runtime.machine import Machine
from gesture_tools.runtime.native import native_machine
from gesture_tools.runtime.stream import Event, events_of
from gesture_tools.runtime.window import refuse


def detect(
    contract: Contract,
    outputs: NDArray[np.int8],
    ends: NDArray[np.uint32],
    machine: Machine | None = None,
) -> list[Event]:
    """Return the events that a device with the contract reports of a stream's hops, from a reset.

    outputs: int8 (hops, labels) and ends (hops,): what Stream.outputs() and Stream.hop_ends() give.
    """
    machine = machine or native_machine()
    if outputs.shape != (len(ends), len(contract.labels)):
        raise ValueError(
            f"expected outputs of shape {(len(ends), len(contract.labels))}, got {outputs.shape}"
        )
    encoded = contract.encode()
    events, found = machine.alloc(16 * max(1, len(ends))), machine.alloc(4)
    placed = machine.place(np.ascontiguousarray(outputs, np.int8))
    times = machine.place(np.ascontiguousarray(ends, np.uint32))
    arguments = (machine.place(encoded), len(encoded), placed, times, len(ends), events, found)
    refuse(machine, machine.call("tg_bind_detect", *arguments), "the contract")
    return events_of(contract, events, int(found.array(np.uint32, 1)[0]))
