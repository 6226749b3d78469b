"""The study: Optuna's storage, one trial after the other, and what has been found.

Any number of processes, on one machine or several, work on one study: they share nothing but its storage.
Without another one named, that is a journal file in the output folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.files import read_bytes
from gesture_training.backend import quiet
from gesture_training.config import TrainConfig
from gesture_training.settings import settings_of
from gesture_training.tuning.shape_cost import Budget, ShapeCost, most
from gesture_training.tuning.task import Task

JOURNAL = "study.journal"
STARTUP_TRIALS = 12
"""Trials by chance before the sampler learns from them."""

HOPELESS = 0.05
"""A trial ends early when one that costs no more was so much more accurate on the same folds."""

Progress = Callable[[int, str], None]
"""Called with a trial's number and what it is doing."""


@dataclass(frozen=True)
class Found:
    """A finished trial."""

    number: int
    accuracy: float
    cost: ShapeCost
    config: dict[str, Any]
    """Network, fit and augmentation, as 'gesture train --config' takes them."""


def optuna() -> Any:
    """Import Optuna quietly; raise UserError when it is not installed."""
    try:
        with quiet():
            import optuna as module
    except ImportError as error:
        raise UserError("the search needs Optuna: python -m pip install 'tinygesture[tune]'") from error
    module.logging.set_verbosity(module.logging.ERROR)
    return module


def open_study(storage: str, name: str, identity: dict[str, Any], first: dict[str, Any], seed: int) -> Any:
    """Open a study or begin it; raise UserError when its storage cannot be, or it is of something else.

    storage: a journal file, or a database's URL (sqlite:///file, ...). first: what is tried first.
    """
    module = optuna()
    wanted = json.dumps(identity, sort_keys=True)
    if "://" not in storage and Path(storage).exists():
        _check_journal(Path(storage))
    try:
        with quiet():
            backend = storage if "://" in storage else _journal(module, Path(storage))
            study = module.create_study(
                study_name=name, storage=backend, directions=["maximize", "minimize"], load_if_exists=True
            )
            known = study.user_attrs.get("identity", wanted)
            if known == wanted:
                study.set_user_attr("identity", wanted)
                if all(one.state.name == "FAIL" for one in study.get_trials(deepcopy=False)):
                    study.enqueue_trial(first)
            with_others = len(study.get_trials(deepcopy=False))
    except KeyboardInterrupt:
        raise
    except Exception as error:  # a database's driver raises what it likes
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"--storage {storage} cannot be opened as a study: expected a journal file, or the URL of a "
            f"database that runs, with its Python driver installed; found: {reason}"
        ) from error
    if known != wanted:
        names = [key for key, value in json.loads(known).items() if identity.get(key) != value]
        raise UserError(
            f"the study {name!r} in {storage} was begun with another {', '.join(names)}: give the same, or "
            "another --out or --study"
        )
    study.sampler = _sampler(module, seed + with_others)
    return study


def work(
    study: Any,
    tasks: Sequence[Task],
    choose: Callable[[Any], TrainConfig],
    budget: Budget,
    cpu: str,
    trials: int,
    until: float | None,
    progress: Progress,
) -> None:
    """Run trials until the study, with all who work on it, has as many as wanted, or the time is up.

    choose: the config of a trial. until: by time.monotonic(). An interrupted trial counts as failed, and its
    place is taken by another.
    """
    module = optuna()
    states = module.trial.TrialState
    while ended(study) < trials and (until is None or time.monotonic() < until):
        trial = study.ask()
        try:
            values = _run(study, trial, tasks, choose(trial), budget, cpu, progress)
        except module.TrialPruned:
            study.tell(trial, state=states.PRUNED)
        except BaseException:
            study.tell(trial, state=states.FAIL)
            raise
        else:
            study.tell(trial, values)
        progress(trial.number, "")


def ended(study: Any) -> int:
    """Return how many trials are done: complete, or ended early for good reasons."""
    return sum(trial.state.name in ("COMPLETE", "PRUNED") for trial in study.get_trials(deepcopy=False))


def found(study: Any) -> list[Found]:
    """Return the finished trials within the budget."""
    return [
        Found(
            trial.number,
            trial.values[0],
            ShapeCost(**trial.user_attrs["cost"]),
            trial.user_attrs["config"],
        )
        for trial in study.get_trials(deepcopy=False)
        if trial.state.name == "COMPLETE"
    ]


def front(trials: Sequence[Found]) -> list[Found]:
    """Return the trials than which none is more accurate for as few instructions, by instructions."""
    chosen: list[Found] = []
    for trial in sorted(trials, key=lambda one: (one.cost.instructions, -one.accuracy)):
        if not chosen or trial.accuracy > chosen[-1].accuracy:
            chosen.append(trial)
    return chosen


def _run(
    study: Any,
    trial: Any,
    tasks: Sequence[Task],
    config: TrainConfig,
    budget: Budget,
    cpu: str,
    progress: Progress,
) -> tuple[float, float]:
    """Count, then train on fold after fold of every task; return accuracy and instructions."""
    progress(trial.number, "counting")
    try:
        costs = [task.cost(config, cpu) for task in tasks]
    except UserError as error:  # the usual network did: this one's strides or field do not fit the windows
        raise optuna().TrialPruned from error
    cost = most(costs)
    trial.set_user_attr("cost", asdict(cost))
    trial.set_user_attr("excess", budget.excess(cost))
    trial.set_user_attr("config", settings_of(config))
    if max(budget.excess(cost)) > 0:
        raise optuna().TrialPruned
    by_fold: list[float] = []
    for fold in range(max(len(task.folds) for task in tasks)):
        parts = []
        for task in tasks:
            if fold < len(task.folds):
                name = f"{task.request.data[0].name}, fold {fold + 1}"
                parts.append(task.accuracy(fold, config, partial(_passes, progress, trial.number, name)))
        by_fold.append(float(np.mean(parts)))
        trial.set_user_attr("by_fold", by_fold)
        if _hopeless(study, cost, by_fold):
            raise optuna().TrialPruned
    return round(float(np.mean(by_fold)), 5), float(cost.instructions)


def _passes(progress: Progress, number: int, what: str, done: int, of: int) -> None:
    progress(number, f"{what}, pass {done} of {of}")


def _hopeless(study: Any, cost: ShapeCost, by_fold: list[float]) -> bool:
    """Say whether a finished trial that costs no more was clearly better on the folds done so far."""
    mine = np.mean(by_fold)
    return any(
        trial.state.name == "COMPLETE"
        and trial.user_attrs["cost"]["instructions"] <= cost.instructions
        and np.mean(trial.user_attrs["by_fold"][: len(by_fold)]) > mine + HOPELESS
        for trial in study.get_trials(deepcopy=False)
    )


def _check_journal(path: Path) -> None:
    """Raise UserError for a file that is no journal, to which Optuna would append before it finds out.

    A last line without its end is left alone: another process may be writing it.
    """
    for number, line in enumerate(read_bytes(path).splitlines(keepends=True), 1):
        try:
            good = "op_code" in json.loads(line) if line.endswith(b"\n") else line.startswith(b"{")
        except (ValueError, TypeError, RecursionError):
            good = False
        if not good:
            raise UserError(
                f"--storage {path} is no journal of a search (line {number}): expected one that 'gesture "
                "tune' began, or the name of a new file; choose another"
            )


def _journal(module: Any, path: Path) -> Any:
    from optuna.storages.journal import JournalFileBackend

    return module.storages.JournalStorage(JournalFileBackend(str(path)))


def _sampler(module: Any, seed: int) -> Any:
    """Return the sampler; it learns from trials that did not fit, too."""
    with quiet():
        return module.samplers.TPESampler(
            seed=seed,
            n_startup_trials=STARTUP_TRIALS,
            multivariate=True,
            group=True,
            constant_liar=True,
            constraints_func=lambda trial: trial.user_attrs.get("excess", (1.0, 1.0, 1.0)),
        )
