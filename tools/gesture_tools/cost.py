"""What a model costs on a Cortex-M: instructions, flash and RAM, counted in an instruction-set emulator."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.build import build_call_graph, build_core_image, build_probe_image
from gesture_tools.elf import Sizes, read_image
from gesture_tools.errors import UserError
from gesture_tools.graph import layers
from gesture_tools.hopping import HopFacts, hop_facts
from gesture_tools.reference import NAME, reference
from gesture_tools.runtime import HopModel, Model
from gesture_tools.runtime.emulated import CPUS, Count, EmulatedMachine
from gesture_tools.runtime.native import operator_names
from gesture_tools.stack import CallGraph
from gesture_tools.toolchain import find_toolchain

COUNTED_HOPS = 5
INPUTS = 20
"""Inputs that a count is the mean over; it depends on them a little."""


@dataclass(frozen=True)
class Cost:
    """Counted figures: absolute, repeatable, the same on every machine with this compiler."""

    cpu: str
    compiler: str
    instructions: int
    """Of one inference, mean over the inputs."""
    open_instructions: int
    """Of verifying and planning the model, once at start."""
    flash: int
    """Bytes of the core with the operators of this model, without the model: text, rodata, data."""
    flash_all_operators: int
    """Bytes of the core with every operator it has."""
    ram: int
    """Bytes for the model: arena (tensors, parameters), the tg_model object, data and bss; without stack."""
    stack: int
    """Bytes of stack used below the call, the deeper of opening and inference."""
    stack_bound: int | None
    """Bytes that no model can exceed there, from the compiler's frames and calls; None: not GCC."""
    macs: int
    """Multiply-accumulates of one inference, those on padding included."""
    model_bytes: int
    window: int
    """Columns of the input."""
    hop: int
    """New columns of a hop."""
    streams: bool
    """Whether a hop computes only what is new, in all layers."""
    hop_instructions: int
    """Of one hop, mean over hops of a random stream."""
    hop_macs: int
    hop_stack: int
    stream_open_instructions: int
    """Of verifying and planning the model for hops."""
    stream_ram: int
    """Bytes for the model run by hops: arena with all that is kept, tg_model and tg_stream, data and bss."""
    matches_reference: bool
    """Whether the outputs for all inputs and of all hops equal the reference's, byte for byte."""
    reference: str
    """tflite-micro, or the core on the host where its wheel is not there."""


def measure(
    model: Model,
    cpu: str,
    inputs: NDArray[np.int8],
    compiler: str | None = None,
    hop: int | None = None,
) -> Cost:
    """Count what a model costs on a processor, for whole windows and by hops.

    inputs: int8 (k, *input_shape[1:]). hop: as hop_facts() takes it. Raises UserError without emulator or
    cross compiler.
    """
    facts = hop_facts(model, hop)
    machine = EmulatedMachine(cpu, build_core_image(cpu, compiler))
    opened = Model(model.data, machine=machine)
    outputs, counts = [], []
    for x in inputs:
        outputs.append(opened.invoke(x[None])[0])
        counts.append(_count_inference(opened, machine, x))
    opening = _count_opening(opened, machine)
    judge = reference(model)
    expected = model.invoke(inputs) if judge is None else judge(inputs)
    stream = _count_hops(model, machine, facts)
    columns = stream.columns.reshape(1, -1)
    windows = [columns[:, at : at + prod(model.input_shape)] for at in stream.starts]
    judged = np.concatenate(windows).reshape(-1, *model.input_shape[1:])
    by_window = model.invoke(judged) if judge is None else judge(judged)
    own = _flash(cpu, [layer.name for layer in layers(model.data)], compiler)
    return Cost(
        cpu=cpu,
        compiler=find_toolchain(compiler).name,
        instructions=round(sum(c.instructions for c in counts) / len(counts)),
        open_instructions=opening.instructions,
        flash=own.flash,
        flash_all_operators=_flash(cpu, list(operator_names().values()), compiler).flash,
        ram=opened.arena_size + machine.call("tg_bind_model_size") + own.ram,
        stack=max(opening.stack, *(c.stack for c in counts)),
        stack_bound=stack_bound(cpu, compiler),
        macs=sum(layer.macs for layer in layers(model.data)),
        model_bytes=len(model.data),
        window=facts.window,
        hop=facts.hop,
        streams=facts.streams,
        hop_instructions=round(sum(c.instructions for c in stream.counts) / len(stream.counts)),
        hop_macs=facts.macs,
        hop_stack=max(c.stack for c in stream.counts),
        stream_open_instructions=stream.opening,
        stream_ram=stream.ram + own.ram,
        matches_reference=bool(
            np.array_equal(np.array(outputs).ravel(), expected.ravel())
            and np.array_equal(stream.outputs.ravel(), by_window.ravel())
        ),
        reference="core on the host" if judge is None else NAME,
    )


def stack_bound(cpu: str, compiler: str | None = None) -> int | None:
    """Return the bytes of stack that opening and inference of any model take at most; None: unknown."""
    text = build_call_graph(cpu, compiler)
    if text is None:
        return None
    calls = CallGraph(text, read_image(build_core_image(cpu, compiler)))
    return max(calls.deepest("tg_model_open"), calls.deepest("tg_model_invoke"))


def recorded_costs(model: Model) -> tuple[list[dict[str, Any]], str | None]:
    """Count what a model costs on every processor, for its record; or nothing, and why that cannot be."""
    if importlib.util.find_spec("unicorn") is None:
        return [], "the instruction-set emulator is not installed: pip install 'tinygesture[emulate]'"
    try:
        inputs = random_inputs(model)
        return [asdict(measure(model, cpu, inputs)) for cpu in CPUS], None
    except UserError as error:
        return [], error.message


def random_inputs(model: Model, count: int = INPUTS, seed: int = 1) -> NDArray[np.int8]:
    """Seeded random inputs for a model, int8 (count, *input_shape[1:])."""
    rng = np.random.default_rng(seed)
    return rng.integers(-128, 128, (count, *model.input_shape[1:])).astype(np.int8)


def _count_inference(model: Model, machine: EmulatedMachine, x: NDArray[np.int8]) -> Count:
    machine.uc.mem_write(machine.call("tg_model_input", model.handle), x.tobytes())
    with machine.measured() as count:
        machine.call("tg_model_invoke", model.handle)
    return count


def _count_opening(model: Model, machine: EmulatedMachine) -> Count:
    """Open the model once more, in an arena of exactly its size."""
    handle = machine.alloc(machine.call("tg_bind_model_size"))
    arena = machine.alloc(model.arena_size)
    data = machine.place(model.data)
    ops = machine.symbol("tg_ops_all")
    with machine.measured() as count:
        err = machine.call("tg_model_open", handle, data, data.size, ops, arena, arena.size, 0)
    if err != 0:
        raise RuntimeError(f"the model opened before is refused now: {machine.error_name(err)}")
    return count


@dataclass(frozen=True)
class _Hops:
    """A random stream run by hops on a processor."""

    counts: list[Count]
    opening: int
    ram: int
    columns: NDArray[np.int8]
    starts: list[int]
    """Values before each window."""
    outputs: NDArray[np.int8]


def _count_hops(model: Model, machine: EmulatedMachine, facts: HopFacts) -> _Hops:
    """Fill a window, then count some hops."""
    with machine.measured() as opening:
        stream = HopModel(model, facts.hop, window=facts.window, machine=machine)
    rng = np.random.default_rng(1)
    columns = rng.integers(-128, 128, (facts.window + COUNTED_HOPS * facts.hop, stream.column)).astype(
        np.int8
    )
    stream.feed(columns[: facts.window])
    handle = machine.call("tg_bind_stream_model") + stream.handle.address
    counts, outputs = [], []
    ends = range(facts.window + facts.hop, len(columns) + 1, facts.hop)
    for end in ends:
        to = machine.call("tg_stream_columns", stream.handle)
        machine.uc.mem_write(to, columns[end - facts.hop : end].tobytes())
        with machine.measured() as count:
            machine.call("tg_stream_run", stream.handle, handle, 1)
        counts.append(count)
        at = machine.call("tg_model_output", handle)
        outputs.append(np.frombuffer(machine.uc.mem_read(at, prod(model.output_shape)), np.int8))
    return _Hops(
        counts=counts,
        opening=opening.instructions,
        ram=stream.arena_size + machine.call("tg_bind_stream_size") - 8,  # its window and hop are not needed
        columns=columns,
        starts=[(end - facts.window) * stream.column for end in ends],
        outputs=np.array(outputs),
    )


def _flash(cpu: str, operators: Sequence[str], compiler: str | None) -> Sizes:
    return read_image(build_probe_image(cpu, operators, compiler)).sizes
