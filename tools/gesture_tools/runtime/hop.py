"""One int8 model run by the C core every hop, computing only what the hop adds."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from gesture_tools.runtime.machine import Machine
from gesture_tools.runtime.model import Model
from gesture_tools.runtime.opening import open_with_arena

Int8Array = NDArray[np.int8]


class HopModel:
    """A model whose input is a window of columns, opened to run every ``hop`` of them.

    Works with any model that the core accepts: layers that cannot stream compute their whole window.
    """

    def __init__(
        self, model: Model, hop: int, *, window: int | None = None, machine: Machine | None = None
    ) -> None:
        """Open a model's stream on its machine or another; window: columns of its input."""
        self.machine = machine or model.machine
        self.window = window or window_of(model.input_shape)
        self.hop = hop
        self.column = prod(model.input_shape) // self.window
        self._outputs = prod(model.output_shape)
        self._data = self.machine.place(model.data)
        size = self.machine.call("tg_bind_stream_size")
        self.handle, self._arena = open_with_arena(
            self.machine, "tg_bind_stream_open", size, self._data, "the model", self.window, hop
        )
        facts = self.machine.alloc(16)
        self.machine.call("tg_bind_stream_facts", self.handle, facts)
        arena, reason, op, kept = (int(v) for v in facts.array(np.int32, 4))
        self.arena_size = arena
        """Bytes of arena."""
        self.kept = kept
        """Bytes of it that are kept from hop to hop."""
        self.reason: str | None = (
            None if reason == 0 else self.machine.call_text("tg_bind_stream_text", reason)
        )
        """Why some layer computes whole windows; None when none has to."""
        self.first_whole: int | None = op if op >= 0 else None
        """Index in the graph of the first such layer."""

    def feed(self, columns: Int8Array) -> Int8Array:
        """Run a stream from its start; return the outputs of every full window, int8 (windows, outputs).

        columns: int8 (n, values of a column).
        """
        count = len(columns)
        windows = 0 if count < self.window else (count - self.window) // self.hop + 1
        outputs = self.machine.alloc(max(1, windows * self._outputs))
        placed = self.machine.place(np.ascontiguousarray(columns, np.int8))
        self.machine.call("tg_bind_stream_feed", self.handle, placed, outputs, count)
        return outputs.array(np.int8, windows * self._outputs).reshape(windows, self._outputs)


def window_of(shape: tuple[int, ...]) -> int:
    """Columns of an input without a contract: its first dimension of more than one."""
    return next((size for size in shape if size > 1), 1)
