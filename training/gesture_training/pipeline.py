"""A whole training: recordings in, a folder with the model and everything known about it out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gesture_tools.c_array import recognizer_arena_size
from gesture_tools.contract import Contract, SelfTest
from gesture_tools.cost import recorded_costs
from gesture_tools.errors import UserError
from gesture_tools.extras import check_training
from gesture_tools.runtime import Model, self_test_outputs
from gesture_training.apart import apart, held_out
from gesture_training.emit import strip, with_contract
from gesture_training.evaluate import collapsed
from gesture_training.evaluation.judged import judge
from gesture_training.evaluation.summary import summarize
from gesture_training.fit import fit
from gesture_training.forest.model import everywhereml
from gesture_training.forest.train import train_forest
from gesture_training.hard import HardWindows
from gesture_training.network import multiply_accumulates
from gesture_training.operating import Operating, choose_operating
from gesture_training.outputs import check_kind, staged, write, write_forest
from gesture_training.passes import Progress
from gesture_training.prepare import Prepared, Request, decisions, prepare
from gesture_training.quantize import quantize
from gesture_training.streams import Played, play
from gesture_training.unlabelled import Stretch, lines, unlabelled, without
from gesture_training.windows import WindowSource

SELF_TEST_SEEDS = (1, 2, 3, 4)
REPRESENTATIVE_WINDOWS = 256


class Made(NamedTuple):
    """A trained model."""

    model: Model
    network: Any
    """The keras.Model that was quantized."""
    curve: list[float]
    """The mean loss of each pass."""
    operating: Operating | None
    """How its detector was chosen; None: by no budget."""
    unlabelled: list[Stretch]
    """Background that looks like gestures and was not trained on."""


def train(request: Request, say: Callable[[str], None], progress: Progress) -> dict[str, Any]:
    """Train a model and write its folder; return what metrics.json holds.

    say: takes one line about each decision and warning. Raises UserError for data or wishes that cannot
    be served; then, and when interrupted, the output folder is as it was.
    """
    if "forest" in (request.model, request.baseline):
        everywhereml()
    if request.model == "network":
        check_training()
    if os.path.realpath(request.out) in map(os.path.realpath, request.data):
        raise UserError(f"--out {request.out} is the folder of the recordings: choose another one")
    with staged(request.out) as folder:
        check_kind(request.out, request.model)
        prepared = prepare(request)
        for line in [*decisions(prepared), *prepared.warnings]:
            say(line)
        if request.model == "forest":
            trained = train_forest(prepared, request.command)
            measured = trained.measured
            write_forest(folder, request, prepared, trained)
        else:
            say(effort(prepared))
            model, network, curve, operating, stretches = make(prepared, progress)
            prepared = replace(prepared, contract=model.require_contract())
            for line in [*lines(stretches), *(operating.lines() if operating else ())]:
                say(line)
            measured = measure(model, network, prepared)
            measured["unlabelled"] = [asdict(one) for one in stretches]
            measured["operating"] = operating and operating.fields()
            if request.baseline:
                measured["baseline"] = train_forest(prepared, request.command).measured
            write(folder, request, prepared, model, network, curve, measured)
        for line in collapsed(measured):
            say(line)
        if reason := measured["cost_unknown"]:
            say(f"note: instructions, flash and RAM are not counted: {reason}")
    return measured


def measure(model: Model, network: Any, prepared: Prepared) -> dict[str, Any]:
    """Return what metrics.json holds: accuracy and detection on the people of the test, size and cost."""
    judged = judge(model, network, prepared.test, prepared.unseen)
    costs, reason = recorded_costs(model)
    return {
        "model_id": model.model_id,
        "kind": "network",
        **summarize([judged], prepared.config.seed),
        "model_bytes": len(model.data),
        "arena_bytes": recognizer_arena_size(model),
        "parameters": int(network.count_params()),
        "multiply_accumulates": multiply_accumulates(network),
        "cost": costs,
        "cost_unknown": reason,
    }


def effort(prepared: Prepared) -> str:
    """Say how many passes make() takes, and what for."""
    fitted, parts = prepared.config.fit, apart(prepared)
    others = sum(part.config.fit.passes for part in parts)
    words = [f"{fitted.epochs} of the network"]
    if fitted.teacher_epochs:
        words.append(f"{fitted.teacher_epochs} of a wider one that teaches it")
    if parts:
        words.append(f"{others} of {len(parts)} more models, which thresholds are chosen with")
    return f"{fitted.passes + others} passes: {', '.join(words)}"


def make(prepared: Prepared, progress: Progress) -> Made:
    """Choose the detector on people apart, then fit and quantize; progress counts the passes of all fits.

    What looks like unlabelled gestures to the models of people apart is not trained on in the last fit.
    """
    config = prepared.config
    parts = apart(prepared)
    of = sum(part.config.fit.passes for part in parts) + config.fit.passes
    done, name = 0, ""

    def counted(epoch: int, _: int, remark: str) -> None:
        progress(done + epoch, of, f"{name}{remark}")

    played: list[Played] = []
    for number, part in enumerate(parts, 1):
        name = f"model {number} of {len(parts)} for thresholds: "
        model, _, _ = fit_and_quantize(part, counted)
        done += part.config.fit.passes
        streams, takes = held_out(prepared, part)
        played += [*play(model, streams), *play(model, takes, takes=True)]
    name = ""
    contract, operating = prepared.contract, None
    if config.false_activations is not None and any(one.hours for one in played):
        operating = choose_operating(played, contract, config.false_activations, config.least_recall)
        contract = operating.applied(contract)
    stretches = unlabelled(played, contract)
    cleared = without(replace(prepared, contract=contract), stretches)
    return Made(*fit_and_quantize(cleared, counted), operating, stretches)


def fit_and_quantize(prepared: Prepared, progress: Progress) -> tuple[Model, Any, list[float]]:
    """Fit and quantize; return the model, its keras.Model and the mean loss of each pass."""
    source = WindowSource(prepared.train, prepared.contract)
    hard = HardWindows(prepared.streams, prepared.labels, prepared.contract)
    rng = np.random.default_rng(prepared.config.seed)
    windows, _ = source.draw(REPRESENTATIVE_WINDOWS, prepared.config.augmentation, rng)
    network, curve = fit(source, hard, windows, prepared.contract, prepared.config, progress)
    return Model(emit(quantize(network, windows), prepared.contract, windows)), network, curve


def emit(data: bytes, contract: Contract, windows: NDArray[np.int8]) -> bytes:
    """Return the stripped .tflite with contract and self-test; check that stripping changed no output.

    windows: columns (k, window, channels) to compare on. Raises RuntimeError when an output differs.
    """
    stripped = strip(data)
    inputs = windows[:, None]
    if not np.array_equal(Model(data).invoke(inputs), Model(stripped).invoke(inputs)):
        raise RuntimeError("the stripped model gives other outputs than the converted one")
    bare = with_contract(stripped, contract.encode())
    cases = tuple(SelfTest(seed, self_test_outputs(bare, seed)) for seed in SELF_TEST_SEEDS)
    return with_contract(stripped, replace(contract, self_tests=cases).encode())
