"""A data set of the search: its training people dealt into folds, the people of the test left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording
from gesture_training.config import Network, TrainConfig
from gesture_training.dataset import digest, hold_out, labels_of, outline
from gesture_training.evaluate import evaluate
from gesture_training.evaluation.folds import deal
from gesture_training.labels import choose_labels
from gesture_training.pipeline import make
from gesture_training.prepare import Prepared, Request, prepare, read
from gesture_training.tuning.shape_cost import ShapeCost, shape_cost
from gesture_training.tuning.space import LEAST_AMPLITUDE


@dataclass
class Task:
    """One data set, and what is kept of it between trials."""

    request: Request
    recordings: list[Recording]
    """Of the training people."""
    folds: list[tuple[str, ...]]
    left_out: frozenset[str]
    """The people of the test, whom the search never sees."""
    data_sha256: str
    prepared: dict[int, tuple[Network, Prepared]] = field(default_factory=dict)
    """What was prepared last of each fold, and for which network."""
    frames: dict[int, str] = field(default_factory=dict)
    """The frame of each fold, found once: no trial changes what gestures mean."""

    def ready(self, fold: int, config: TrainConfig) -> Prepared:
        """Return a fold prepared for a config: once for a network, and with the fold's frame, found once."""
        network, found = self.prepared.get(fold, (None, None))
        if found is None or network != config.network:
            # A recording's verdict does not depend on thresholds, so none are chosen.
            settings = replace(
                config,
                false_activations=None,
                frame=self.frames.get(fold, config.frame),
                augmentation=replace(config.augmentation, amplitude=LEAST_AMPLITUDE),
            )
            request = replace(self.request, test_subjects=self.folds[fold], config=settings)
            found = prepare(request, self.recordings)
            self.prepared[fold] = config.network, found
            self.frames[fold] = "levelled" if found.frame.level else "own"
        own, wanted = found.config.augmentation, config.augmentation
        strength = max(own.amplitude, wanted.amplitude)  # as people differ, at least
        varied = replace(own, speed=wanted.speed, amplitude=strength, shift=wanted.shift)
        return replace(found, config=replace(found.config, fit=config.fit, augmentation=varied))

    def cost(self, config: TrainConfig, cpu: str) -> ShapeCost:
        """Return what a config's network will cost on a processor; raise UserError where none can be."""
        ready = self.ready(0, config)
        return shape_cost(ready.config.network, ready.contract, cpu)

    def accuracy(self, fold: int, config: TrainConfig, progress: Callable[[int, int], None]) -> float:
        """Train without the people of a fold and return the share of their recordings judged right."""
        prepared = self.ready(fold, config)
        made = make(prepared, lambda done, of, _: progress(done, of))
        outcomes = evaluate(made.model, None, prepared.test)
        return float(np.mean([outcome.verdict == outcome.truth for outcome in outcomes]))


def open_task(request: Request, folds: int) -> Task:
    """Load a data set and split its people; raise UserError for too few of them."""
    recordings = read(request.data)
    labels = choose_labels(labels_of(recordings), request.labels, request.background)
    people = {recording.subject for recording in recordings}
    named = tuple(name for name in request.test_subjects if name in people)
    parts = outline(recordings, labels)
    config = request.config
    left_out = hold_out(parts, named, config.test_share, config.seed)
    rest = [recording for recording in recordings if recording.subject not in left_out]
    dealt = deal(outline(rest, labels), labels.names, folds, config.seed)
    return Task(request, rest, dealt, left_out, digest(rest))


def check_names(tasks: Sequence[Task], names: Sequence[str]) -> None:
    """Raise UserError for people to leave out whom no data set has."""
    everyone = {name for task in tasks for name in task.left_out}
    known = sorted(everyone | {one.subject for task in tasks for one in task.recordings})
    for name in names:
        if name not in everyone:
            raise UserError(f"no recordings of {name!r} to leave out: the data has {', '.join(known)}")
