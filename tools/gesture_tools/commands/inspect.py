"""``gesture inspect``: what a model is and needs, or why it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.following import on_log, say_next
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.contract import Contract
    from gesture_tools.inspection import Inspection


@click.command("inspect", short_help="Say what a model is and needs, or why it is refused.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--hop", type=click.IntRange(min=1), help="Samples of a hop; default: the contract's.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(model: Path, hop: int | None, as_json: bool) -> None:
    """Say what MODEL recognises, on what samples, which layers it is made of and what it needs on a device.

    Tells too whether it streams: computes at every hop only what the new samples add, or why not. Any int8
    .tflite file will do; one without a contract has no labels and no sensing profile. A file that
    the core refuses is an error (exit code 2) that says why and what to do.

    \b
    Example: gesture inspect build/model/gesture.tflite
    """
    from gesture_tools.inspection import inspect
    from gesture_tools.record import read_record

    found = inspect(model, hop)
    if as_json:
        click.echo(json.dumps(_as_json(model, found), indent=2))
        return
    for line in _as_text(model, found):
        click.echo(line)
    if found.contract is None:
        say_next("bench", model)
    else:
        log, pattern = on_log(read_record(model, found.model_id))
        say_next("simulate", model, log, pattern=pattern)


def _as_json(path: Path, found: Inspection) -> dict[str, Any]:
    contract = found.contract
    return {
        "model": str(path),
        "size": found.size,
        "model_id": found.model_id,
        "interface_id": None if contract is None else contract.interface_id,
        "input": _tensor(found.input_shape, found.input_scale, found.input_zero_point),
        "output": _tensor(found.output_shape, found.output_scale, found.output_zero_point),
        "macs": found.macs,
        "arena": found.arena,
        "stream_arena": found.stream_arena,
        "hop": {**asdict(found.hop), "streams": found.hop.streams},
        "operators": found.operators,
        "layers": [{**asdict(layer), "macs": layer.macs} for layer in found.layers],
        "contract": None if contract is None else asdict(contract),
    }


def _tensor(shape: tuple[int, ...], scale: float, zero_point: int) -> dict[str, Any]:
    return {"shape": shape, "scale": scale, "zero_point": zero_point}


def _as_text(path: Path, found: Inspection) -> Iterator[str]:
    yield f"{path}: an int8 model of {len(found.layers)} layers, accepted by the core"
    yield ""
    if found.contract is None:
        yield "It carries no tinygesture contract: labels, rate and preprocessing are not known, so it can be"
        yield "run and measured, but not fed with samples. 'gesture train' makes models with one."
    else:
        yield from _table(_contract_rows(found.contract))
    yield ""
    yield from _table(_tensor_rows(found))
    yield ""
    yield from _layer_table(found)
    yield ""
    yield from _table(_need_rows(found))
    yield from _table(_hop_rows(found))
    yield from _table(_identity_rows(found))


def _contract_rows(contract: Contract) -> Iterator[tuple[str, str]]:
    profile, rate = contract.profile, contract.profile.rate_hz
    gestures = [label for i, label in enumerate(contract.labels) if i != contract.background]
    yield "recognises", ", ".join(gestures)
    if contract.background is not None:
        yield "no gesture", f"label {contract.labels[contract.background]!r}, never reported"
    channels = ", ".join(profile.channels)
    yield "samples", f"{channels}, in milli-g up to ±{profile.full_scale_mg}"
    yield "rate", f"{rate:g} Hz, within {profile.rate_tolerance:.1%}"
    yield "axes", _frame(profile.frame)
    yield "window", f"{contract.window} samples ({contract.window / rate:.2f} s)"
    yield "hop", f"every {contract.hop} samples ({contract.hop / rate:.2f} s)"
    largest = 127 * 65536 / contract.gain
    if contract.level_shift is not None:
        settling = 2**contract.level_shift / rate
        yield "frame", f"levelled: turned so that gravity, as it was over {settling:.2g} s, lies along z"
    yield (
        "preprocessing",
        f"value = round(sample x {contract.gain} / 65536), saturating beyond ±{largest:.0f} milli-g",
    )
    scores = [f"{label} {contract.thresholds[contract.labels.index(label)] / 256:.2f}" for label in gestures]
    yield "thresholds", ", ".join(scores)
    windows = "1 window" if contract.hits == 1 else f"{contract.hits} windows in a row"
    pause = f"none within {contract.refractory_ms / 1000:g} s of the last"
    yield "an event", f"{windows} of one gesture over its threshold; {pause}"
    if contract.statistics:
        pairs = [f"{mean} ± {deviation}" for mean, deviation in contract.statistics]
        yield "training data", f"mean ± deviation {', '.join(pairs)} milli-g"
    cases = len(contract.self_tests)
    yield "self-test", counted(cases, "case") if cases else "none"


def _frame(name: str) -> str:
    from gesture_tools.profile import FRAMES

    return f"{name}: {FRAMES[name]} milli-g"


def _tensor_rows(found: Inspection) -> Iterator[tuple[str, str]]:
    for name, shape, scale, zero_point in (
        ("input", found.input_shape, found.input_scale, found.input_zero_point),
        ("output", found.output_shape, found.output_scale, found.output_zero_point),
    ):
        byte = "byte" if zero_point == 0 else f"(byte {-zero_point:+d})"
        yield name, f"int8 {_shape(shape)}, value = {scale:g} x {byte}"


def _need_rows(found: Inspection) -> Iterator[tuple[str, str]]:
    yield "flash", f"{found.size:,} B for the file; the core's code: gesture bench"
    if found.stream_arena is None:
        yield "RAM", f"{found.arena:,} B of arena"
    else:
        yield (
            "RAM",
            f"{found.stream_arena:,} B of arena by hops ({found.arena:,} B for whole windows)",
        )
    yield "work", f"{found.macs:,} multiply-accumulates per inference"
    yield "operators", ", ".join(found.operators)


def _hop_rows(found: Inspection) -> Iterator[tuple[str, str]]:
    hop = found.hop
    share = hop.macs / max(found.macs, 1)
    work = f"{hop.macs:,} of {found.macs:,} multiply-accumulates every {hop.hop} samples ({share:.0%})"
    if hop.streams:
        yield "streams", f"yes: {work}"
    elif hop.whole_from == 0:
        yield "streams", f"no: every hop of {hop.hop} samples computes a whole window: {hop.reason}"
    else:
        where = f"layer {hop.whole_from} ({found.layers[hop.whole_from or 0].name})"
        yield "streams", f"in part: {work}"
        yield "", f"from {where} on whole windows: {hop.reason}"
    yield "", f"{hop.arena:,} B of arena, {hop.kept:,} B of it kept from hop to hop"


def _identity_rows(found: Inspection) -> Iterator[tuple[str, str]]:
    yield "model_id", found.model_id
    if found.contract is not None:
        yield "interface_id", found.contract.interface_id


def _layer_table(found: Inspection) -> Iterator[str]:
    rows = [("layer", "output", "weights", "multiply-accumulates")]
    for layer in found.layers:
        weights = "" if layer.weights_shape is None else _shape(layer.weights_shape)
        rows.append(
            (layer.name, _shape(layer.output_shape), weights, f"{layer.macs:,}" if layer.macs else "")
        )
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        left = "  ".join(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=False))
        yield f"  {left}  {row[3]:>{widths[3]}}".rstrip()


def _table(rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    for name, text in rows:
        yield f"  {name:<14} {text}"


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) if shape else "scalar"
