"""The figures that the project promises on public recordings, measured anew.

    python -m gesture_training.targets FOLDER [--only makeability] [--out build/targets] [--json]

FOLDER holds the tables (docs/training.md names them). Every figure is one of the int8 model, run by the C
core, on people whom it has never met; finished folds in --out are taken up again. Exit code 1 when a figure
is short of what is promised.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from gesture_tools.cli import run
from gesture_tools.errors import UserError
from gesture_tools.files import make_folder, write_atomic
from gesture_training.dataset import labels_of
from gesture_training.evaluation.run import cross_validate, evaluate_model
from gesture_training.evaluation.summary import summarize
from gesture_training.evaluation.workers import default_jobs
from gesture_training.pipeline import train
from gesture_training.prepare import Request, read

GESTURE = "Shake"
QUIET = {"stress_predict_e4": 0.5, "geotec_watch": 2.0, "emlearn_exercise": 6.0}
"""Tables without the gesture, and most false activations per hour: calm wrist, daily movement, exercise."""


@dataclass(frozen=True)
class Figure:
    """A measured figure and what is promised of it."""

    name: str
    value: float | None
    least: float | None = None
    most: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        if self.value is None:
            return False
        low = -float("inf") if self.least is None else self.least
        high = float("inf") if self.most is None else self.most
        return low <= self.value <= high


@dataclass(frozen=True)
class Place:
    """Where tables are read from and results are kept."""

    tables: Path
    out: Path

    def table(self, name: str) -> Path:
        """Return a table's path; raise UserError when it is not there."""
        path = self.tables / f"{name}.csv.gz"
        if not path.is_file():
            raise UserError(f"{path} does not exist: expected the table {name}, see docs/training.md")
        return path

    def across(self, name: str, request: Request) -> dict[str, Any]:
        """Return the summary of a cross-validation by person in five folds."""
        out = self.out / name
        make_folder(out)
        judged, _ = cross_validate(request, 5, default_jobs(), out, False, _say, lambda *_: None)
        return summarize(judged, request.config.seed)


def makeability(place: Place) -> list[Figure]:
    """Ten gestures of 26 people; the eleventh, each person's own, is left out."""
    data = (place.table("makeability"),)
    labels = tuple(sorted(set(labels_of(read(data))) - {"Custom"}))
    found = place.across("makeability", Request(data, Path(), labels=labels))
    return [*_accuracies("10 gestures, new people", found, 0.78), *_sizes(found)]


def magic_wand(place: Place) -> list[Figure]:
    """Three gestures and negatives: the official split, whose test people made no negatives, and folds."""
    data = (place.table("magic_wand"),)
    out = place.out / "magic_wand-official"
    official = train(Request(data, out, test_subjects=("test1", "test2")), _say, lambda *_: None)
    found = place.across("magic_wand", Request(data, Path()))
    return [
        *_accuracies("official split", official, 0.97),
        *_accuracies("with negatives, new people", found, 0.97),
        Figure("model bytes", official["model_bytes"], most=16384),
    ]


def shake(place: Place) -> list[Figure]:
    """One gesture against everything: found in new people's sessions, and not where nobody made it.

    Thresholds stay: the sessions' unlabelled time holds practised gestures, so it measures no budget.
    """
    data = (place.table("makeability"), place.table("makeability_stream"))
    others = tuple(sorted(set(labels_of(read(data))) - {GESTURE}))
    request = Request(data, Path(), background=others, false_activations=math.inf)
    found = place.across("shake", request)
    out = place.out / "shake-all"
    train(replace(request, out=out, test=False), _say, lambda *_: None)
    figures = [
        Figure("recall, sessions of new people", found["recall"], least=0.90),
        Figure("latency ms, median", found["latency_ms"], most=300),
        *_sizes(found),
    ]
    for name, most in QUIET.items():
        judged, _ = evaluate_model(out / "gesture.tflite", (place.table(name),), (), True, _say)
        rate = summarize(judged, request.config.seed)["false_activations_per_hour"]
        figures.append(Figure(f"false activations per hour, {name}", rate, most=most))
    return figures


TARGETS: dict[str, Callable[[Place], list[Figure]]] = {
    "makeability": makeability,
    "magic_wand": magic_wand,
    "shake": shake,
}


def _accuracies(name: str, found: dict[str, Any], least: float) -> list[Figure]:
    lost = 100 * (found["accuracy_float"] - found["accuracy"])
    return [
        Figure(f"accuracy, {name}", found["accuracy"], least=least),
        Figure(f"points lost to int8, {name}", round(lost, 2), most=0.5),
    ]


def _sizes(found: dict[str, Any]) -> list[Figure]:
    return [
        Figure("model bytes", max(model["model_bytes"] for model in found["models"]), most=16384),
        Figure("arena bytes", max(model["arena_bytes"] for model in found["models"]), most=4096),
    ]


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--only", type=click.Choice(list(TARGETS)), help="Measure this one alone.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/targets"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def main(folder: Path, only: str | None, out: Path, as_json: bool) -> None:
    """Measure and print the figures; see the module's text."""
    place = Place(folder, out)
    make_folder(out)
    measured = {name: measure(place) for name, measure in TARGETS.items() if only in (None, name)}
    table = {
        name: [{**vars(figure), "kept": figure.kept} for figure in figures]
        for name, figures in measured.items()
    }
    write_atomic(out / "targets.json", json.dumps(table, indent=2) + "\n")
    if as_json:
        click.echo(json.dumps(table, indent=2))
    else:
        for name, figures in measured.items():
            for figure in figures:
                wanted = f"at least {figure.least:g}" if figure.least else f"at most {figure.most:g}"
                value = "-" if figure.value is None else f"{figure.value:g}"
                word = "kept" if figure.kept else "SHORT"
                click.echo(f"{name:12} {figure.name:44} {value:>9}  {wanted:16} {word}")
    sys.exit(0 if all(figure.kept for figures in measured.values() for figure in figures) else 1)


if __name__ == "__main__":
    run(main)
