"""A stream: samples in, gesture events out, by the recognizer of the C core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_tools.errors import UserError
from gesture_tools.runtime.machine import Machine, Memory
from gesture_tools.runtime.model import Model
from gesture_tools.runtime.opening import open_with_arena

CHUNK = 16384  # samples passed to the core at once


@dataclass(frozen=True)
class Event:
    """A recognised gesture; start and end are sample numbers since the stream's start."""

    label: str
    score: float
    """Score of the hop that completed the event, 0 to 1."""
    start: int
    """First sample of the first window that hit."""
    end: int
    """One past the last sample of the window that completed the event: when it was reported."""


def events_of(contract: Contract, found: Memory, count: int) -> list[Event]:
    """Return the events that the binding stored."""
    rows = found.array(np.uint32, count * 4).reshape(count, 4).tolist()
    return [Event(contract.labels[label], score / 256, start, end) for label, score, start, end in rows]


class Stream:
    """Recognises gestures in samples pushed to it, as the board does."""

    def __init__(self, model: Model) -> None:
        """Open a recognizer on the model's machine and run its self-test.

        Raises UserError when contract and model disagree, or the self-test gives other outputs.
        """
        self.contract = model.require_contract()
        self._machine: Machine = model.machine
        self._data = self._machine.place(model.data)
        size = self._machine.call("tg_bind_recognizer_size")
        self._recognizer, self._arena = open_with_arena(
            self._machine, "tg_bind_recognizer_open", size, self._data, "the model"
        )
        self._hops: list[NDArray[np.int8]] = []
        self._ends: list[NDArray[np.uint32]] = []
        self.self_test()

    @property
    def arena_size(self) -> int:
        """Bytes of arena in use: model and window."""
        return self._machine.call("tg_bind_recognizer_arena_size", self._recognizer)

    def self_test(self) -> None:
        """Run the contract's self-test; raise UserError when the outputs differ. Resets the stream."""
        err = self._machine.call("tg_bind_recognizer_self_test", self._recognizer)
        self.reset()
        if err != 0:
            raise UserError(f"self-test on {self._machine.name}: {self._machine.error_text(err)}")

    def reset(self) -> None:
        """Forget all samples, outputs and pending hits: sample numbers start again at 0."""
        self._machine.call("tg_bind_recognizer_reset", self._recognizer)
        self._hops, self._ends = [], []

    def push(self, samples: NDArray[np.int16]) -> list[Event]:
        """Take samples, int16 (n, channels) in the contract's units and at its rate; return the events."""
        channels = len(self.contract.profile.channels)
        samples = np.ascontiguousarray(samples, np.int16)
        if samples.ndim != 2 or samples.shape[1] != channels:
            raise ValueError(f"expected samples of shape (n, {channels}), got {samples.shape}")
        events: list[Event] = []
        for start in range(0, len(samples), CHUNK):
            events += self._push(samples[start : start + CHUNK])
        return events

    def _push(self, samples: NDArray[np.int16]) -> list[Event]:
        machine, labels = self._machine, len(self.contract.labels)
        room = len(samples) // self.contract.hop + 1
        outputs, ends, found = machine.alloc(room * labels), machine.alloc(room * 4), machine.alloc(room * 16)
        counts: Memory = machine.alloc(8)
        machine.call(
            "tg_bind_recognizer_push",
            self._recognizer,
            machine.place(samples),
            len(samples),
            outputs,
            ends,
            found,
            counts,
        )
        hops, events = (int(v) for v in counts.array(np.uint32, 2))
        self._hops.append(outputs.array(np.int8, hops * labels).reshape(hops, labels))
        self._ends.append(ends.array(np.uint32, hops))
        return events_of(self.contract, found, events)

    def outputs(self) -> NDArray[np.int8]:
        """Return the outputs of every hop so far: int8 (hops, labels), scale 1/256, zero point -128."""
        return np.concatenate(self._hops) if self._hops else np.empty((0, len(self.contract.labels)), np.int8)

    def hop_ends(self) -> NDArray[np.uint32]:
        """Sample number one past the last sample of each hop's window."""
        return np.concatenate(self._ends) if self._ends else np.empty(0, np.uint32)

    def self_test_outputs(self, seed: int) -> tuple[int, ...]:
        """Return the outputs of the self-test case grown from seed. Resets the stream."""
        outputs = self._machine.alloc(len(self.contract.labels))
        self._machine.call("tg_bind_self_test_outputs", self._recognizer, seed, outputs)
        self.reset()
        return tuple(int(v) for v in outputs.array(np.int8, outputs.size))


def self_test_outputs(model: bytes, seed: int) -> tuple[int, ...]:
    """Return the outputs of a model (bytes, with its contract) on a self-test case."""
    return Stream(Model(model)).self_test_outputs(seed)
