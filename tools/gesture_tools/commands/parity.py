"""``gesture parity``: the same logs through every implementation of a model, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Names
from gesture_tools.errors import UserError
from gesture_tools.following import say_next
from gesture_tools.toolchain import COMPILERS
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.parity import FloatResult, StageResult


@click.command("parity", short_help="Compare every implementation of a model, byte for byte.")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), help="Use only this many recordings, spread over all.")
@click.option("--subjects", type=Names(), default=(), help="Use only these people's recordings.")
@click.option(
    "--elf", type=click.Path(path_type=Path), help="Firmware of the emulated board; default: built."
)
@click.option("--compiler", type=click.Choice(COMPILERS), help="Cross compiler; default: what is there.")
@click.option("--require-all", is_flag=True, help="Fail when a stage cannot run here.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def command(
    model: Path,
    logs: tuple[Path, ...],
    limit: int | None,
    subjects: tuple[str, ...],
    elf: Path | None,
    compiler: str | None,
    require_all: bool,
    as_json: bool,
) -> int:
    """Run LOGS through every implementation of MODEL and compare the int8 outputs of every window.

    The stages: the C core on the host as a device runs it, computing at every hop only what the new samples
    add (which the others are compared with), the same core and TensorFlow Lite Micro on each whole window,
    the C core cross-compiled for a Cortex-M0+ and a Cortex-M4F in an instruction-set emulator, and the whole
    firmware on the emulated board; the float network for information. Exits with 1 at the first differing
    byte, naming stage, log, window and byte.

    \b
    Example: gesture parity build/model/gesture.tflite data/starter/p01
    """
    from gesture_tools.loading import load
    from gesture_tools.parity import Missing, compare, compare_float
    from gesture_tools.qemu import check_elf
    from gesture_tools.runtime import Model

    if elf is not None:
        check_elf(elf)
    opened = Model.load(model)
    opened.require_contract()
    recordings = _choose(load(logs), limit, subjects)

    def on_stage(stage: str) -> None:
        if not as_json:
            click.echo(f"running {stage} ...", err=True)

    float_result: FloatResult | None = None
    why_no_float = ""
    try:
        float_result = compare_float(opened, model.parent / "model.keras", recordings)
    except Missing as missing:
        why_no_float = str(missing)
    results = compare(opened, model, recordings, compiler=compiler, elf=elf, on_stage=on_stage)
    different = [r for r in results if r.difference is not None]
    missing_stages = [r for r in results if r.missing is not None]
    failed = bool(different) or (require_all and bool(missing_stages))
    if as_json:
        click.echo(json.dumps(_as_json(opened.model_id, len(recordings), results, float_result), indent=2))
    else:
        _show(results, float_result, why_no_float, len(recordings))
        if not failed:
            say_next("bench", model)
    for result in different:
        click.echo(f"FAIL: {result.difference}", err=True)
    if require_all:
        for result in missing_stages:
            click.echo(f"FAIL: {result.stage} did not run: {result.missing}", err=True)
    return 1 if failed else 0


def _choose(recordings: Sequence[Any], limit: int | None, subjects: Sequence[str]) -> list[Any]:
    chosen = list(recordings)
    people = {r.subject for r in chosen}
    if unknown := [name for name in subjects if name not in people]:
        raise UserError(f"no recordings of {unknown[0]!r}: the data has {', '.join(sorted(people))}")
    if subjects:
        chosen = [r for r in chosen if r.subject in subjects]
    if limit is not None and limit < len(chosen):
        chosen = [chosen[i * len(chosen) // limit] for i in range(limit)]
    return chosen


def _show(results: list[StageResult], float_result: FloatResult | None, why: str, recordings: int) -> None:
    width = max(len(r.stage) for r in results) + 2
    click.echo(f"{counted(recordings, 'recording')}, outputs compared with the core on the host:")
    if float_result is None:
        click.echo(f"  {'Keras, float':<{width}}not run: {why}")
    else:
        click.echo(
            f"  {'Keras, float':<{width}}{float_result.windows:>6} windows  for information: same label in "
            f"{float_result.same_label:.1%}, scores differ by {float_result.largest_difference:.3f} at most"
        )
    for result in results:
        if result.missing is not None:
            text = f"not run: {result.missing}"
        else:
            verdict = "DIFFERENT" if result.difference is not None else "identical"
            text = f"{result.windows:>6} windows  {verdict}"
        click.echo(f"  {result.stage:<{width}}{text}")


def _as_json(
    model_id: str, recordings: int, results: list[StageResult], float_result: FloatResult | None
) -> dict[str, Any]:
    return {
        "model_id": model_id,
        "recordings": recordings,
        "identical": all(r.difference is None for r in results),
        "stages": [asdict(r) for r in results],
        "keras_float": None if float_result is None else asdict(float_result),
    }
