"""Folds in processes of their own: each trains, judges and keeps its result; only progress comes back."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording
from gesture_training.prepare import Request

POLL_S = 0.2

THREADS = 2
"""TensorFlow's threads in one of several processes."""

Progress = Callable[[int, int, int], None]
"""Called with the number of a fold from 0, the passes done, and the passes to do."""


@dataclass(frozen=True)
class Fold:
    """A fold that is still to be computed."""

    number: int
    request: Request
    """Trains on everyone but the people of this fold."""
    folder: Path
    key: str


def default_jobs() -> int:
    """Return the processes used unless told otherwise: one for two processors, one on fewer than four."""
    count = os.cpu_count() or 1
    return count // 2 if count >= 4 else 1


def compute(
    folds: Sequence[Fold], recordings: Sequence[Recording], jobs: int, progress: Progress
) -> Iterator[int]:
    """Compute folds, at most jobs at a time, and yield the number of each when its result is kept.

    One job runs in this process, on the recordings given; others load the data themselves. When the caller
    stops, running folds are ended. Raises UserError as training does, and when a process dies.
    """
    if jobs == 1 or len(folds) < 2:
        for fold in folds:
            compute_fold(fold, recordings, progress)
            yield fold.number
        return
    context = multiprocessing.get_context("spawn")
    messages: Any = context.Queue()
    waiting = list(folds)
    running: dict[int, BaseProcess] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                fold = waiting.pop(0)
                process: BaseProcess = context.Process(target=_work, args=(fold, messages), daemon=True)
                process.start()
                running[fold.number] = process
            number, done, of = _next(messages, running)
            if isinstance(done, str):
                raise UserError(done)
            if done is None:
                running.pop(number).join()
                yield number
            else:
                progress(number, done, of)
    finally:
        for process in running.values():
            process.terminate()
            process.join()


def compute_fold(fold: Fold, recordings: Sequence[Recording] | None, progress: Progress) -> None:
    """Train one fold, judge its people, and keep the result."""
    from gesture_training.evaluation.judged import judge
    from gesture_training.evaluation.store import keep
    from gesture_training.forest.train import baseline
    from gesture_training.pipeline import make
    from gesture_training.prepare import prepare

    prepared = prepare(fold.request, recordings)
    model, network, *_ = make(prepared, lambda done, of, _: progress(fold.number, done, of))
    judged = judge(model, network, prepared.test, prepared.unseen)
    if fold.request.baseline:
        judged = replace(judged, baseline=baseline(prepared, model, counted=fold.number == 0))
    keep(fold.folder, fold.key, judged)


def _next(messages: Any, running: dict[int, BaseProcess]) -> tuple[int, int | str | None, int]:
    """Return the next message; raise UserError when a process ended without its last one."""
    while True:
        ended = {number: process.exitcode for number, process in running.items() if not process.is_alive()}
        try:
            message: tuple[int, int | str | None, int] = messages.get(timeout=POLL_S)
            return message
        except queue.Empty:
            for number, code in ended.items():
                raise UserError(
                    f"the process of fold {number + 1} died (exit code {code}), perhaps for lack of memory: "
                    "run the same command with fewer --jobs; finished folds are kept with --out"
                ) from None


def _work(fold: Fold, messages: Any) -> None:
    """Compute a fold in a process: send its passes, then None when it is kept, or what is wrong in a line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(THREADS))
    try:
        compute_fold(fold, None, lambda number, done, of: messages.put((number, done, of)))
        messages.put((fold.number, None, 0))
    except UserError as error:
        messages.put((fold.number, error.message, 0))
