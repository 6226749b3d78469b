"""Preprocessing of samples into columns, and checks of contracts, by the C core."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.runtime.machine import Machine
from gesture_tools.runtime.native import native_machine
from gesture_tools.runtime.opening import Refused


def check_contract(encoded: bytes, what: str, machine: Machine | None = None) -> None:
    """Raise UserError (Refused) when the core refuses a contract's bytes."""
    machine = machine or native_machine()
    refuse(machine, machine.call("tg_bind_contract_check", machine.place(encoded), len(encoded)), what)


def columns(
    contract: Contract, samples: NDArray[np.int16], machine: Machine | None = None
) -> NDArray[np.int8]:
    """Preprocess streams, each from its initial state.

    samples: int16 (n, channels), or several streams of one length (k, n, channels), in the contract's units
    and at its rate. Returns int8 of the same shape.
    """
    machine = machine or native_machine()
    samples = np.ascontiguousarray(samples, np.int16)
    if samples.ndim not in (2, 3) or samples.shape[-1] != len(contract.profile.channels):
        raise ValueError(
            f"expected samples of shape (n, {len(contract.profile.channels)}), got {samples.shape}"
        )
    streams = len(samples) if samples.ndim == 3 else 1
    encoded = contract.encode()
    out = machine.alloc(max(samples.size, 1))
    count = samples.shape[-2]
    arguments = (machine.place(encoded), len(encoded), machine.place(samples), out, streams, count)
    refuse(machine, machine.call("tg_bind_columns", *arguments), "the contract")
    return out.array(np.int8, samples.size).reshape(samples.shape)


def refuse(machine: Machine, err: int, what: str) -> None:
    """Raise UserError (Refused) when the core gave an error for a contract."""
    if err != 0:
        name = machine.error_name(err)
        raise Refused(f"{what}: the contract is refused: {machine.error_text(err)} ({name})", err, name)
