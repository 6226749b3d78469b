"""Parity: one log through every implementation of a model; the int8 outputs must be the same bytes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording
from gesture_tools.reference import NAME, reference
from gesture_tools.resample import at_rate
from gesture_tools.runtime import Machine, Model, Stream, columns
from gesture_tools.verdict import check_channels, extend, frames

Outputs = NDArray[np.int8]
Runner = Callable[[NDArray[np.int16]], Outputs]

HOST = "core, host, by hops"
BOARD = "firmware, qemu_mps2, by hops"
FLOAT_STAGE = "tinygesture.float"
"""Entry-point group: who runs a float network, called with its path and inputs (k, ...), returning scores."""


class Missing(Exception):
    """A stage cannot run here; the message says what it lacks."""


@dataclass(frozen=True)
class Difference:
    """The first byte that differs from the host core's outputs."""

    stage: str
    log: str
    window: int
    byte: int
    expected: int
    found: int

    def __str__(self) -> str:
        """Say where it is in one line."""
        return (
            f"{self.stage} differs in {self.log}, window {self.window}, byte {self.byte}: "
            f"expected {self.expected}, found {self.found}"
        )


@dataclass(frozen=True)
class StageResult:
    """What one stage came to."""

    stage: str
    windows: int
    missing: str | None = None
    difference: Difference | None = None


@dataclass(frozen=True)
class FloatResult:
    """The float network beside the int8 model, for information."""

    windows: int
    same_label: float
    """Share of windows with the same best label."""
    largest_difference: float
    """Largest difference of a score, 0 to 1."""


def ready_samples(model: Model, recording: Recording) -> NDArray[np.int16]:
    """Bring a recording to the model's rate and to at least one window, int16 (n, channels)."""
    contract = model.require_contract()
    check_channels(contract, recording)
    profile = contract.profile
    samples = at_rate(recording, profile.rate_hz, profile.rate_tolerance).samples
    return extend(samples, contract.window)


def windows_of(model: Model, samples: NDArray[np.int16]) -> NDArray[np.int8]:
    """Preprocessed windows at every hop, (k, *input_shape[1:])."""
    contract = model.require_contract()
    cut = frames(columns(contract, samples), contract.window, contract.hop)
    return np.ascontiguousarray(cut).reshape(-1, *model.input_shape[1:])


def compare(
    model: Model,
    path: Path,
    recordings: Sequence[Recording],
    *,
    compiler: str | None = None,
    elf: Path | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> list[StageResult]:
    """Run every stage on every recording against the host core.

    Stages that cannot run say what they lack. path: the model's file. elf: the emulated board's firmware
    with this model, or None to build it. on_stage is called as each stage starts.
    """
    ready = [(recording.id, ready_samples(model, recording)) for recording in recordings]
    host = _stream_runner(model)
    expected = [host(samples) for _, samples in ready]
    stages: list[tuple[str, Callable[[], Runner]]] = [
        ("core, host, whole windows", lambda: _windows_runner(model)),
        (f"{NAME}, whole windows", lambda: tflm_runner(model)),
        *(
            (f"core, {cpu}, by hops", _cpu_stage(model, cpu, compiler))
            for cpu in ("cortex-m0plus", "cortex-m4f")
        ),
        (BOARD, lambda: _board_runner(model, path, elf, compiler)),
    ]
    results = [StageResult(HOST, sum(len(e) for e in expected))]
    for name, prepare in stages:
        on_stage(name)
        results.append(_run_stage(name, prepare, ready, expected))
    return results


def _run_stage(
    name: str,
    prepare: Callable[[], Runner],
    ready: list[tuple[str, NDArray[np.int16]]],
    expected: list[Outputs],
) -> StageResult:
    try:
        run = prepare()
    except Missing as missing:
        return StageResult(name, 0, missing=str(missing))
    windows = 0
    for (log, samples), want in zip(ready, expected, strict=True):
        outputs = run(samples)
        windows += len(outputs)
        if (difference := first_difference(name, log, want, outputs)) is not None:
            return StageResult(name, windows, difference=difference)
    return StageResult(name, windows)


def first_difference(stage: str, log: str, expected: Outputs, found: Outputs) -> Difference | None:
    """Return the first byte of (windows, labels) that differs, or None; a missing window differs too."""
    common = min(len(expected), len(found))
    places = np.argwhere(expected[:common] != found[:common])
    if len(places):
        window, byte = (int(v) for v in places[0])
        return Difference(stage, log, window, byte, int(expected[window, byte]), int(found[window, byte]))
    if len(expected) != len(found):
        return Difference(f"{stage} (number of windows)", log, common, 0, len(expected), len(found))
    return None


def compare_float(model: Model, network: Path, recordings: Sequence[Recording]) -> FloatResult:
    """Compare the float network's scores with the int8 model's; raise Missing without them."""
    if not network.is_file():
        raise Missing(f"no {network.name} beside the model")
    run_float = _float_stage()
    samples = [ready_samples(model, recording) for recording in recordings]
    inputs = np.concatenate([windows_of(model, s) for s in samples]).astype(np.float32)
    exact = _or_missing(lambda: run_float(network, (inputs - model.input_zero_point) * model.input_scale))
    run = _stream_runner(model)
    int8 = (np.concatenate([run(s) for s in samples]).astype(np.float32) + 128) / 256
    same = float((exact.argmax(1) == int8.argmax(1)).mean())
    return FloatResult(len(exact), same, float(np.abs(exact - int8).max()))


def _float_stage() -> Callable[[Path, NDArray[np.float32]], NDArray[np.float32]]:
    """Return the runner of float networks that the training package registers."""
    for point in metadata.entry_points(group=FLOAT_STAGE):
        if importlib.util.find_spec("tensorflow") is not None:
            return cast(Callable[[Path, NDArray[np.float32]], NDArray[np.float32]], point.load())
    raise Missing("TensorFlow is not installed: pip install 'tinygesture[train]'")


def tflm_runner(model: Model) -> Runner:
    """TensorFlow Lite Micro on the host, from its wheel; raise Missing where there is none."""
    invoke = reference(model)
    if invoke is None:
        raise Missing("not installed: pip install --pre tflite-micro (wheels for Linux x86-64 only)")
    return lambda samples: invoke(windows_of(model, samples))


def _windows_runner(model: Model) -> Runner:
    labels = len(model.require_contract().labels)
    return lambda samples: model.invoke(windows_of(model, samples)).reshape(-1, labels)


def _stream_runner(model: Model) -> Runner:
    stream = Stream(model)

    def run(samples: NDArray[np.int16]) -> Outputs:
        stream.reset()
        stream.push(samples)
        return stream.outputs()

    return run


def _cpu_stage(model: Model, cpu: str, compiler: str | None) -> Callable[[], Runner]:
    def prepare() -> Runner:
        from gesture_tools.runtime.emulated import emulated_machine

        if importlib.util.find_spec("unicorn") is None:
            raise Missing("the instruction-set emulator is not installed: pip install 'tinygesture[emulate]'")
        machine: Machine = _or_missing(lambda: emulated_machine(cpu, compiler))
        return _stream_runner(Model(model.data, machine=machine))

    return prepare


def _board_runner(model: Model, path: Path, elf: Path | None, compiler: str | None) -> Runner:
    from gesture_tools.emulation import firmware_for
    from gesture_tools.qemu import find_qemu, run_board

    _or_missing(find_qemu)
    firmware = elf or _or_missing(lambda: firmware_for(path, compiler))
    profile = model.require_contract().profile
    return lambda samples: run_board(firmware, samples, profile, want_outputs=True).outputs


def _or_missing(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except UserError as error:
        raise Missing(error.message) from error
