"""An evaluation from data to figures: by cross-validation, or of one model."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.files import make_folder
from gesture_tools.record import read_record
from gesture_tools.recordings import BACKGROUND, Recording
from gesture_tools.runtime import Model
from gesture_tools.simulation import gesture_labels
from gesture_training.backend import quiet, tensorflow
from gesture_training.dataset import Piece, cut, digest, labels_of, outline
from gesture_training.evaluation.folds import deal
from gesture_training.evaluation.judged import Judged, judge
from gesture_training.evaluation.store import FOLDER, fold_key, kept
from gesture_training.evaluation.workers import Fold, Progress, compute
from gesture_training.forest.model import everywhereml
from gesture_training.labels import Labels, choose_labels, means_no_gesture
from gesture_training.prepare import Request, read
from gesture_training.streams import continuous

ENOUGH_OF_THE_RATE = 0.9
"""Share of the model's rate below which recordings lack some of what a device measures."""

Say = Callable[[str], None]


def cross_validate(
    request: Request,
    folds: int | None,
    jobs: int,
    out: Path | None,
    require: bool,
    say: Say,
    progress: Progress,
) -> tuple[list[Judged], str]:
    """Train and judge one model a fold; return what they said, in the folds' order, and the data's digest.

    Every person is judged once, by a model for which nothing was chosen or trained on that person's
    recordings. out: finished folds are kept there and taken up again; None: nowhere. require:
    refuse data without continuous recordings. Raises UserError.
    """
    if request.baseline:
        everywhereml()
    recordings = read(request.data)
    labels = choose_labels(labels_of(recordings), request.labels, request.background)
    if require:
        require_continuous(
            recordings, [name for i, name in enumerate(labels.names) if i != labels.background]
        )
    parts = outline(recordings, labels)
    dealt = deal(parts, labels.names, folds, request.config.seed)
    say(f"labels: {', '.join(labels.names)}")
    say(f"{len(parts)} recordings of {sum(map(len, dealt))} people in {len(dealt)} folds")
    data_sha256 = digest(recordings)
    with tempfile.TemporaryDirectory(prefix="gesture-evaluate-") as temporary:
        folder = Path(temporary) if out is None else out / FOLDER
        make_folder(folder)
        tasks = []
        for number, people in enumerate(dealt):
            own = replace(request, test_subjects=people)
            tasks.append(Fold(number, own, folder, fold_key(own, people, data_sha256)))
        results = {task.number: kept(folder, task.key) for task in tasks}
        waiting = [task for task in tasks if results[task.number] is None]
        for number, found in results.items():
            if found is not None:
                say(_line(number, len(tasks), found, " (kept from before)"))
        for number in compute(waiting, recordings, jobs, progress):
            done = results[number] = kept(folder, tasks[number].key)
            if done is None:
                raise UserError(
                    f"cannot read back fold {number + 1} from {folder}: is something removing files?"
                )
            say(_line(number, len(tasks), done, ""))
    return [result for result in results.values() if result is not None], data_sha256


@dataclass(frozen=True)
class Gathered:
    """A model that is there, and what it is to be judged on."""

    model: Model
    record: dict[str, Any]
    """Empty when its record is not beside it."""
    pieces: list[Piece]
    recordings: list[Recording]


def evaluate_model(
    path: Path, data: Sequence[Path], subjects: Sequence[str], require: bool, say: Say
) -> tuple[list[Judged], str]:
    """Judge recordings with a model that is there; as gather(), and return the data's digest too."""
    found = gather(path, data, subjects, require, say)
    network = _network(path, found.record)
    return [judge(found.model, network, found.pieces, found.recordings)], digest(found.recordings)


def gather(path: Path, data: Sequence[Path], subjects: Sequence[str], require: bool, say: Say) -> Gathered:
    """Load a model and recordings to judge, and say when it was trained on some of their people.

    subjects: whom to judge, empty for everyone. require: refuse data without continuous recordings. Raises
    UserError for unknown people, other channels, and data that holds nothing to judge.
    """
    model = Model.load(path)
    contract = model.require_contract()
    recordings = of_people(read(data), subjects)
    if require:
        require_continuous(recordings, gesture_labels(contract))
    record = read_record(path, model.model_id)
    labels = labels_for(model, labels_of(recordings), record.get("label_of", {}))
    pieces = cut(recordings, labels, contract.profile.rate_hz, contract.profile.rate_tolerance)
    if not pieces and not continuous(recordings, gesture_labels(contract)):
        raise UserError(
            f"nothing to judge: the data has the labels {', '.join(sorted(labels_of(recordings)))}, the "
            f"model knows {', '.join(contract.labels)}; expected some of them, or continuous recordings"
        )
    known = {recording.subject for recording in recordings} & set(record.get("people", {}).get("train", ()))
    if known:
        say(f"warning: the model was trained on {', '.join(sorted(known))}, so the figures are too good")
    slow = [one.rate_hz for one in recordings if one.rate_hz < ENOUGH_OF_THE_RATE * contract.profile.rate_hz]
    if slow:
        say(
            f"note: {len(slow)} of {len(recordings)} recordings were measured at less than the model's "
            f"{contract.profile.rate_hz:g} Hz (the slowest at {min(slow):.3g}): fast motion is missing there"
        )
    unknown = sorted(set(labels_of(recordings)) - set(labels.index))
    if unknown:
        say(f"note: labels that the model does not know count as no gesture: {', '.join(unknown)}")
    return Gathered(model, record, pieces, recordings)


def of_people(recordings: Sequence[Recording], subjects: Sequence[str]) -> list[Recording]:
    """Return the recordings of some people, of everyone without names; raise UserError for unknown names."""
    people = sorted({recording.subject for recording in recordings})
    for name in subjects:
        if name not in people:
            raise UserError(f"no recordings of {name!r}: the data has {', '.join(people)}")
    return [recording for recording in recordings if not subjects or recording.subject in subjects]


def labels_for(model: Model, found: Iterable[str], learnt: dict[str, str]) -> Labels:
    """Return the model's output for each label of the data that it knows.

    learnt: from record.json, the outputs of the labels it was trained on. Other labels of the data are known
    by their name, or mean no gesture by their name.
    """
    contract = model.require_contract()
    index: dict[str, int] = {}
    for label in found:
        name = learnt.get(label, label)
        if name in contract.labels:
            index[label] = contract.labels.index(name)
        elif contract.background is not None and (label == BACKGROUND or means_no_gesture(label)):
            index[label] = contract.background
    return Labels(contract.labels, contract.background, index)


def require_continuous(recordings: Sequence[Recording], gestures: Sequence[str]) -> None:
    """Raise UserError when there is no continuous recording."""
    if not continuous(recordings, gestures):
        raise UserError(
            "--continuous: the data has no continuous recording; expected a log with a .spans.csv, a table "
            "whose labels change from row to row, or 5 s and more without a gesture"
        )


def _line(number: int, count: int, judged: Judged, remark: str) -> str:
    right = sum(outcome.verdict == outcome.truth for outcome in judged.outcomes)
    return (
        f"fold {number + 1} of {count}: {right} of {len(judged.outcomes)} right, "
        f"{', '.join(judged.people)}{remark}"
    )


def _network(path: Path, record: dict[str, Any]) -> Any:
    """Return the keras.Model that the model was made from, None when it does not lie beside it."""
    beside = path.parent / "model.keras"
    if not record or not beside.is_file():
        return None
    tf = tensorflow()
    with quiet():
        return tf.keras.models.load_model(beside, compile=False)
