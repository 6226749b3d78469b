"""``gesture bench``: what a model costs on a processor, counted."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gesture_tools.errors import UserError
from gesture_tools.files import read_bytes
from gesture_tools.following import say_next
from gesture_tools.runtime.emulated import CPUS
from gesture_tools.toolchain import COMPILERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gesture_tools.cost import Cost
    from gesture_tools.runtime import Model


@click.command("bench", short_help="Count instructions, flash and RAM of a model.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--cpu", type=click.Choice(CPUS), help="Processor; default: each in turn.")
@click.option("--inputs", type=click.Path(path_type=Path), help="An .npz with an int8 array x of inputs.")
@click.option("--count", type=click.IntRange(1, 1000), help="Inputs to run, of the .npz or random.")
@click.option("--hop", type=click.IntRange(min=1), help="Samples of a hop; default: the contract's.")
@click.option("--compiler", type=click.Choice(COMPILERS), help="Cross compiler; default: what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    model: Path,
    cpu: str | None,
    inputs: Path | None,
    count: int | None,
    hop: int | None,
    compiler: str | None,
    as_json: bool,
) -> int:
    """Count what MODEL costs on a Cortex-M, in an emulator: the same figures on every machine.

    Counted are one inference of a whole window, and one hop of a stream, which computes only what its new
    samples add; without a contract a hop is about a tenth of the window. Inputs are 20 of seeded random bytes
    unless given: the figures are those that 'gesture train' keeps beside the model. Every output is compared
    with the reference; exits with 1 when one byte differs.

    \b
    Example: gesture bench build/model/gesture.tflite --cpu cortex-m4f
    """
    from gesture_tools.cost import INPUTS, measure, random_inputs
    from gesture_tools.runtime import Model

    opened = Model.load(model)
    x = random_inputs(opened, count or INPUTS) if inputs is None else _read_inputs(inputs, opened)[:count]
    costs = [measure(opened, name, x, compiler, hop) for name in ([cpu] if cpu else CPUS)]
    if as_json:
        tables = [asdict(cost) for cost in costs]
        click.echo(json.dumps(tables[0] if cpu else tables, indent=2))
    else:
        _show(costs)
        if opened.contract is None:
            say_next("inspect", model)
        else:
            say_next("build", "--model", model, "--out", "build/firmware")
    different = [cost for cost in costs if not cost.matches_reference]
    for cost in different:
        click.echo(f"FAIL: outputs on the {cost.cpu} differ from {cost.reference}", err=True)
    return 1 if different else 0


def _read_inputs(path: Path, model: Model) -> NDArray[np.int8]:
    import numpy as np

    data = read_bytes(path)
    try:
        with np.load(io.BytesIO(data)) as arrays:
            x = np.asarray(arrays["x"])
    except Exception as error:  # numpy raises a dozen kinds for what is no .npz file
        raise UserError(f"{path}: expected an .npz file with an array x ({type(error).__name__})") from error
    if x.dtype != np.int8 or x.shape[1:] != model.input_shape[1:] or len(x) == 0:
        raise UserError(f"{path}: x is {x.dtype} {x.shape}, expected int8 (k, {model.input_shape[1:]})")
    return np.asarray(x, np.int8)


def _bytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size:,} B"


def _show(costs: list[Cost]) -> None:
    rows = [
        ("instructions per inference", [f"{c.instructions:,}" for c in costs]),
        ("  per multiply-accumulate", [f"{c.instructions / max(c.macs, 1):.2f}" for c in costs]),
        ("instructions per hop", [f"{c.hop_instructions:,}" for c in costs]),
        ("  of the window's", [f"{c.hop_instructions / c.instructions:.1%}" for c in costs]),
        ("instructions to open", [f"{c.open_instructions:,}" for c in costs]),
        ("  for hops", [f"{c.stream_open_instructions:,}" for c in costs]),
        ("flash, this model's operators", [f"{c.flash:,} B" for c in costs]),
        ("flash, all operators", [f"{c.flash_all_operators:,} B" for c in costs]),
        ("RAM without stack", [f"{c.ram:,} B" for c in costs]),
        ("  run by hops", [f"{c.stream_ram:,} B" for c in costs]),
        ("stack", [f"{max(c.stack, c.hop_stack):,} B" for c in costs]),
        ("  at most, any model", [_bytes(c.stack_bound) for c in costs]),
        (f"equal to {costs[0].reference}", ["yes" if c.matches_reference else "NO" for c in costs]),
    ]
    cost = costs[0]
    click.echo(f"model {cost.model_bytes:,} B, {cost.macs:,} multiply-accumulates, {cost.compiler}")
    work = f"{cost.hop_macs:,} of them new" if cost.streams else f"{cost.hop_macs:,} computed"
    click.echo(f"at every hop of {cost.hop} in a window of {cost.window}: {work}")
    click.echo(f"{'':<32}" + "".join(f"{c.cpu:>16}" for c in costs))
    for name, values in rows:
        click.echo(f"{name:<32}" + "".join(f"{value:>16}" for value in values))
