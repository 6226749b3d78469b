"""The files of a training, written to a temporary folder and moved into theirs at the end."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gesture_tools.c_array import c_array
from gesture_tools.errors import UserError
from gesture_tools.files import held, is_held, make_folder, why, write_atomic
from gesture_tools.runtime import Model
from gesture_tools.verdict import extend, strongest
from gesture_training import pictures
from gesture_training.forest.train import TrainedForest
from gesture_training.prepare import Prepared, Request
from gesture_training.record import record_of, write_record
from gesture_training.report import render

FILES = (
    "gesture.tflite", "gesture_forest.h", "gesture_model.c", "gesture_model.h", "model.keras", "metrics.json",
    "record.json", "MODEL_CARD.md", "confusion.png", "windows.png", "report.html",
)  # fmt: skip
"""Names of all files that a training may write."""


@contextlib.contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a temporary folder; move its files, some of FILES, into out when the block ends without an error.

    The others of FILES, which an earlier training left there, go.

    The temporary folder lies on out's file system: in out, or beside it while there is none. Files of
    other names in out stay. What a training that was killed left there goes. Raises UserError at once when
    out cannot be written.
    """
    if out.exists() and not (out.is_dir() and os.access(out, os.W_OK | os.X_OK)):
        raise UserError(
            f"cannot write into {out}: expected a folder that you may write to; choose another --out"
        )
    try:
        target = Path(os.path.realpath(out))
    except OSError as error:
        raise UserError(f"cannot write {out}: {why(error)}") from error
    if target.is_symlink():
        raise UserError(f"{out} is a link that leads in a circle: expected a folder; choose another --out")
    for path in (target / name for name in FILES):
        if os.path.lexists(path) and not (path.is_file() or path.is_symlink()):
            raise UserError(f"{out / path.name} is in the way of a file: move it, or choose another --out")
    place, prefix = target if target.exists() else target.parent, f".{target.name}.partial-"
    make_folder(place)
    for left in place.glob(f"{glob.escape(prefix)}*"):
        if is_held(left) is False:  # of a training that was killed
            shutil.rmtree(left, ignore_errors=True)
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    except OSError as error:
        raise UserError(f"cannot write in {place}: {why(error)}") from error
    try:
        with held(folder):
            yield folder
        make_folder(target)
        written = sorted(folder.iterdir())
        for file in written:
            os.replace(file, target / file.name)
        for name in set(FILES) - {file.name for file in written}:  # of an earlier training
            (target / name).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {out}: {why(error)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_kind(out: Path, kind: str) -> None:
    """Raise UserError when a folder holds a model of the other kind, whose record would be replaced."""
    other = {"network": "gesture_forest.h", "forest": "gesture.tflite"}[kind]
    if (out / other).exists():
        raise UserError(f"{out} holds {other}, another kind of model: choose another --out")


def write_forest(folder: Path, request: Request, prepared: Prepared, trained: TrainedForest) -> None:
    """Write all files of a forest."""
    record = record_of(request, prepared, trained.measured, [])
    images = _pictures(prepared, trained.measured)
    write_atomic(folder / "gesture_forest.h", trained.header)
    _finish(folder, record, images)


def write(
    folder: Path,
    request: Request,
    prepared: Prepared,
    model: Model,
    network: Any,
    curve: list[float],
    measured: dict[str, Any],
) -> None:
    """Write all files of a trained model; measured: what metrics.json holds, curve: the loss of each pass."""
    record = record_of(request, prepared, measured, curve)
    images = _pictures(prepared, measured) | {
        "curve": pictures.training_curve(curve, prepared.config.fit.teacher_epochs)
    }
    write_atomic(folder / "gesture.tflite", model.data)
    source, header = c_array(model, request.command)
    write_atomic(folder / "gesture_model.c", source)
    write_atomic(folder / "gesture_model.h", header)
    network.save(folder / "model.keras")
    _finish(folder, record, images)


def _pictures(prepared: Prepared, measured: dict[str, Any]) -> dict[str, bytes]:
    images = {"windows": pictures.example_windows(_examples(prepared))}
    if prepared.test:
        images["confusion"] = pictures.confusion_matrix(measured["labels"], measured["confusion"])
        images["people"] = pictures.person_bars(measured["per_person"])
    return images


def _finish(folder: Path, record: dict[str, Any], images: dict[str, bytes]) -> None:
    """Write the pictures, the report, and the record with its card."""
    for name in ("windows", "confusion"):
        if name in images:
            write_atomic(folder / f"{name}.png", images[name])
    write_atomic(folder / "report.html", render(record["metrics"], record, images))
    write_record(folder, record)


def _examples(prepared: Prepared) -> list[pictures.Window]:
    """Return the window around the strongest motion of each label's middle training piece."""
    contract = prepared.contract
    examples = []
    for label, name in enumerate(prepared.labels.names):
        mine = [piece for piece in prepared.train if piece.label == label]
        samples = mine[len(mine) // 2].recording.samples
        start = strongest(samples, contract.window, 1)
        part = extend(samples, contract.window)[start : start + contract.window]
        examples.append(pictures.Window(name, part, contract.profile.rate_hz))
    return examples
