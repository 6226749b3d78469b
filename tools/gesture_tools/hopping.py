"""What a model computes at every hop, when only what is new is computed, and where it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from gesture_tools.errors import UserError
from gesture_tools.graph import Layer, layers
from gesture_tools.runtime import HopModel, Model
from gesture_tools.runtime.flatbuffer import strides
from gesture_tools.runtime.hop import window_of

SLIDING = ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D")
USUAL_SHARE = 10  # of a window that a hop is long where no contract says


@dataclass(frozen=True)
class HopFacts:
    """A model run by hops, as the core plans it."""

    window: int
    hop: int
    """Samples, or columns of the input."""
    macs: int
    """Multiply-accumulates of a hop."""
    layer_macs: tuple[int, ...]
    arena: int
    """Bytes of arena, everything in it counted."""
    kept: int
    """Bytes of it that are kept from hop to hop."""
    whole_from: int | None
    """Index of the first layer that computes whole windows though it might not have to; None: none does."""
    reason: str | None
    """Why it does."""

    @property
    def streams(self) -> bool:
        """Whether a hop computes only what is new."""
        return self.reason is None


def hop_facts(model: Model, hop: int | None = None) -> HopFacts:
    """Return what a model does at every hop; hop: the contract's, or else about a tenth of its window.

    Raises UserError for a hop that the window does not have.
    """
    window = window_of(model.input_shape) if model.contract is None else model.contract.window
    hop = hop or (usual_hop(model) if model.contract is None else model.contract.hop)
    if not 1 <= hop <= window:
        raise UserError(f"a hop of {hop} is not possible: expected 1 to {window}, the length of a window")
    opened = HopModel(model, hop, window=window)
    each = _layer_macs(layers(model.data), strides(model.data), window, hop, opened.first_whole)
    return HopFacts(
        window=window,
        hop=hop,
        macs=sum(each),
        layer_macs=tuple(each),
        arena=opened.arena_size,
        kept=opened.kept,
        whole_from=opened.first_whole,
        reason=opened.reason,
    )


def usual_hop(model: Model) -> int:
    """Return about a tenth of a window, a multiple of the strides along time where there are any."""
    window = window_of(model.input_shape)
    columns, total = window, 1
    for layer, steps in zip(layers(model.data), strides(model.data), strict=True):
        if layer.name in SLIDING and (axis := _time_axis(layer, columns)) is not None:
            total *= steps[axis - 1]
            columns = layer.output_shape[axis]
    return max(total, round(window / USUAL_SHARE / total) * total) if total <= window else window


def _time_axis(layer: Layer, columns: int) -> int | None:
    """Return the dimension of a layer's input that time runs along, as the core finds it."""
    shape = layer.input_shape
    if len(shape) != 4:
        return None
    return 2 if shape[1] == 1 and shape[2] == columns else 1 if shape[1] == columns else None


def _layer_macs(
    graph: list[Layer], steps: list[tuple[int, int]], window: int, hop: int, first_whole: int | None
) -> list[int]:
    """Return the multiply-accumulates of every layer at a hop, following time as the core does."""
    columns, fresh, streaming = window, hop, True
    found = []
    for index, (layer, stride) in enumerate(zip(graph, steps, strict=True)):
        if first_whole is not None and index >= first_whole:
            streaming = False
        share = 1.0
        if streaming and layer.name in SLIDING:
            axis = _time_axis(layer, columns)
            streaming = axis is not None and fresh // stride[axis - 1] <= layer.output_shape[axis]
            if axis is not None and streaming:
                columns, fresh = layer.output_shape[axis], fresh // stride[axis - 1]
                share = fresh / columns
        elif streaming and layer.name == "FULLY_CONNECTED":
            rows = prod(layer.output_shape) // layer.output_shape[-1]
            streaming = rows % columns == 0
            share = fresh / columns if streaming else 1.0
        found.append(round(layer.macs * share))
    return found
