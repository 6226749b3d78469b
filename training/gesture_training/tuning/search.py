"""A whole search: data sets, a study, one process or several, and the files that tell of it."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.files import write_atomic
from gesture_training.config import Network, TrainConfig
from gesture_training.prepare import Request
from gesture_training.record import versions
from gesture_training.settings import settings_of
from gesture_training.tuning.picture import draw
from gesture_training.tuning.shape_cost import Budget, ShapeCost, most
from gesture_training.tuning.space import parameters, suggest
from gesture_training.tuning.study import Found, Progress, ended, found, front, open_study, work
from gesture_training.tuning.task import Task, check_names, open_task

POLL_S = 0.5

SMALLEST = Network(filters=(8, 16, 16), strides=(4, 1, 1), first_kernel=3, longest_kernel=5)
"""The cheapest network of the space: a budget that it exceeds cannot be met."""


@dataclass(frozen=True)
class Search:
    """What is searched, and by how much work."""

    requests: tuple[Request, ...]
    """One for each data set; the first is the user's own, the others have their own labels."""
    budget: Budget
    cpu: str
    folds: int
    storage: str
    name: str
    seed: int
    network_only: bool = False
    """Whether the training stays as it is."""

    def choose(self, trial: Any) -> TrainConfig:
        """Return what a trial chooses."""
        return suggest(trial, self.base, self.network_only)

    @property
    def base(self) -> TrainConfig:
        """Return the training that the search varies."""
        return self.requests[0].config


def begin(search: Search) -> tuple[list[Task], Any]:
    """Load the data sets, open the study; raise UserError for data, budgets or a storage that cannot be."""
    tasks = [open_task(request, search.folds) for request in search.requests]
    check_names(tasks, search.requests[0].test_subjects)
    smallest = replace(search.base, network=SMALLEST)
    least = [task.cost(smallest, search.cpu) for task in tasks]
    _check_budget(search.budget, most(least))
    identity = {
        "data": [task.data_sha256 for task in tasks],
        "labels": [[*task.request.labels, *task.request.background] for task in tasks],
        "sampling": [[task.request.rate_hz, task.request.window, task.request.hop] for task in tasks],
        "settings": settings_of(search.base),
        "folds": search.folds,
        "budget": asdict(search.budget),
        "cpu": search.cpu,
        "epochs": search.base.fit.epochs,
        "seed": search.seed,
        "network only": search.network_only,
    }
    first = parameters(search.base, search.network_only)
    return tasks, open_study(search.storage, search.name, identity, first, search.seed)


def run(
    search: Search,
    tasks: list[Task],
    study: Any,
    trials: int,
    minutes: float | None,
    jobs: int,
    progress: Progress,
) -> None:
    """Work on the study in this process, or in several that each load the data themselves."""
    until = None if minutes is None else time.monotonic() + 60 * minutes
    if jobs == 1:
        work(study, tasks, search.choose, search.budget, search.cpu, trials, until, progress)
        return
    context = multiprocessing.get_context("spawn")
    processes: list[BaseProcess] = [
        context.Process(target=_work, args=(search, trials, minutes, place), daemon=True)
        for place in range(jobs)
    ]
    try:
        for process in processes:
            process.start()
        told = ended(study)
        while any(process.is_alive() for process in processes):
            time.sleep(POLL_S)
            if (now := ended(study)) != told:
                progress(told := now, "")
    finally:
        for process in processes:
            process.terminate()
            process.join()
    if failed := [process.exitcode for process in processes if process.exitcode]:
        raise UserError(f"a process of the search ended with code {failed[0]}; finished trials are kept")


def _work(search: Search, trials: int, minutes: float | None, place: int) -> None:
    """Work as one of several processes."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children
    until = None if minutes is None else time.monotonic() + 60 * minutes
    tasks, study = begin(search)
    study.sampler.reseed_rng()
    work(study, tasks, search.choose, search.budget, search.cpu, trials, until, lambda *_: None)


def write_results(
    out: Path, search: Search, tasks: Sequence[Task], study: Any, command: str
) -> dict[str, Any]:
    """Write tune.json, pareto.png and best.json; return what tune.json holds. Without a trial: no best."""
    trials = found(study)
    best = front(trials)
    summary = {
        "command": command,
        "trials": ended(study),
        "finished": len(trials),
        "budget": asdict(search.budget),
        "cpu": search.cpu,
        "folds": search.folds,
        "epochs": search.base.fit.epochs,
        "seed": search.seed,
        "network_only": search.network_only,
        "storage": search.storage,
        "study": search.name,
        "data": [
            {
                "data": [str(path) for path in task.request.data],
                "data_sha256": task.data_sha256,
                "people": sorted({recording.subject for recording in task.recordings}),
                "left_out": sorted(task.left_out),
            }
            for task in tasks
        ],
        "front": [_row(one) for one in best],
        "best": _row(best[-1]) if best else None,
        "all": [_row(one) for one in trials],
        "versions": versions("optuna"),
    }
    write_atomic(out / "tune.json", json.dumps(summary, indent=2) + "\n")
    if best:
        write_atomic(out / "pareto.png", draw(trials, best, search.budget, search.cpu))
        write_atomic(out / "best.json", json.dumps(best[-1].config, indent=2) + "\n")
    return summary


def _row(one: Found) -> dict[str, Any]:
    return {"trial": one.number, "accuracy": one.accuracy, **asdict(one.cost), "config": one.config}


def _check_budget(budget: Budget, least: ShapeCost) -> None:
    for name, limit in asdict(budget).items():
        needed = asdict(least)[name]
        if needed > limit:
            meant = f" ({limit}k, perhaps?)" if limit < 1000 and 1000 * limit >= needed else ""
            raise UserError(
                f"--{name} {limit}{meant} cannot be met: the smallest network of the search needs {needed}; "
                "allow more, or choose a shorter --window or a lower --rate"
            )
