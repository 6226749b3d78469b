"""The figures that the project promises on public recordings, measured anew.

    python -m gesture_training.targets FOLDER [--only makeability] [--deal 2] [--out build/targets] [--json]

FOLDER holds the tables (docs/training.md names them). Every figure is one of the int8 model, run by the C
core, on people whom it has never met; finished folds in --out are taken up again. Exit code 1 when a figure
is short of what is promised.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from gesture_tools.cli import run
from gesture_tools.errors import UserError
from gesture_tools.files import make_folder, write_atomic
from gesture_tools.recordings import Recording
from gesture_tools.runtime import Model
from gesture_training.dataset import digest, labels_of, outline
from gesture_training.evaluation.folds import deal as deal_people
from gesture_training.evaluation.judged import Judged
from gesture_training.evaluation.run import cross_validate, evaluate_model
from gesture_training.evaluation.store import fold_key, keep, kept
from gesture_training.evaluation.summary import summarize
from gesture_training.evaluation.workers import default_jobs
from gesture_training.labels import choose_labels
from gesture_training.pipeline import train
from gesture_training.prepare import Request, read

GESTURE = "Shake"
FOLDS = 5
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
    def wanted(self) -> str:
        """Return what is promised in words, nothing without a promise."""
        if self.least is not None:
            return f"at least {self.least:g}"
        return "" if self.most is None else f"at most {self.most:g}"

    @property
    def kept(self) -> bool:
        """Whether the promise holds; without one, it does."""
        if self.least is None and self.most is None:
            return True
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
    deal: int = 1
    """Seed by which the people of `Shake` are dealt into folds."""

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
        own = replace(request, out=Path())
        judged, _ = cross_validate(own, FOLDS, default_jobs(), out, False, _say, lambda *_: None)
        return summarize(judged, request.config.seed)


def makeability(place: Place) -> list[Figure]:
    """Ten gestures of 26 people, in folds; the eleventh, each person's own, is left out."""
    data = (place.table("makeability"),)
    recordings = read(data)
    labels = tuple(sorted(set(labels_of(recordings)) - {"Custom"}))
    request = Request(data, place.out / "makeability-usual", labels=labels)
    found = place.across("makeability", request)
    return [
        *_accuracies("10 gestures, new people", found, 0.78),
        *_sizes([_trained(request, recordings)]),
    ]


def magic_wand(place: Place) -> list[Figure]:
    """Three gestures and negatives: the official split, whose test people made no negatives, and folds."""
    data = (place.table("magic_wand"),)
    out, people = place.out / "magic_wand-official", ("test1", "test2")
    # A recording's verdict does not depend on thresholds, so none are chosen.
    request = Request(data, out, test_subjects=people, false_activations=math.inf)
    official = _trained(request, read(data))
    found = place.across("magic_wand", replace(request, test_subjects=()))
    return [
        *_accuracies("official split", official, 0.97),
        *_accuracies("with negatives, new people", found, 0.97),
        *_sizes([official]),
    ]


def shake(place: Place) -> list[Figure]:
    """One gesture against everything: found in new people's sessions, and not where nobody made it.

    One model a fold, its detector chosen on its own training people as `gesture train` does by default. Each
    plays the sessions of its fold's people, and all of the tables where nobody made the gesture.
    """
    sessions = place.table("makeability_stream")
    data = (place.table("makeability"), sessions)
    recordings = read(data)
    labels = labels_of(recordings)
    request = Request(data, Path(), background=tuple(sorted(set(labels) - {GESTURE})))
    parts = outline(recordings, choose_labels(labels, (), request.background))
    recorded = {one.subject for one in recordings if one.source == sessions}
    measured, found = [], []
    quiet: dict[str, list[Judged]] = {name: [] for name in QUIET}
    for number, people in enumerate(deal_people(parts, (GESTURE,), FOLDS, place.deal), 1):
        _say(f"{GESTURE}: fold {number} of {FOLDS}, tested on {', '.join(people)}")
        out = place.out / (f"shake-{number}" if place.deal == 1 else f"shake-deal-{place.deal}-{number}")
        measured.append(_trained(replace(request, out=out, test_subjects=people), recordings))
        found.append(_judged(out, sessions, [name for name in people if name in recorded]))
        for name in QUIET:
            quiet[name].append(_judged(out, place.table(name), ()))
    seed = request.config.seed
    together = summarize(found, seed)
    low, high = together["recall_interval"] or (None, None)
    return [
        Figure("recall, sessions of new people", together["recall"], least=0.90),
        Figure("  its 95 % interval over people, from", low),
        Figure("  to", high),
        Figure("  gestures", together["gestures"]),
        Figure("latency ms, median", together["latency_ms"], most=300),
        *(
            Figure(
                f"false activations per hour, {name}",
                summarize(quiet[name], seed)["false_activations_per_hour"],
                most=most,
            )
            for name, most in QUIET.items()
        ),
        *_sizes(measured),
    ]


def _trained(request: Request, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Train into request.out, unless the same training ended there before; return its metrics."""
    key, metrics = request.out / "targets.key", request.out / "metrics.json"
    wanted = fold_key(request, request.test_subjects, digest(recordings))
    if not (key.is_file() and metrics.is_file() and key.read_text("utf-8") == wanted):
        train(request, _say, lambda *_: None)
        write_atomic(key, wanted)
    return dict(json.loads(metrics.read_text("utf-8")))


def _judged(out: Path, table: Path, people: Sequence[str]) -> Judged:
    """Judge a table's people, empty for everyone, by the model in a folder, unless it was done before."""
    path = out / "gesture.tflite"
    key = f"{Model.load(path).model_id[:24]}-{table.name.split('.')[0]}"
    found = kept(out, key)
    if found is None:
        judged, _ = evaluate_model(path, (table,), people, True, _say)
        keep(out, key, found := judged[0])
    return found


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


def _sizes(models: Sequence[dict[str, Any]]) -> list[Figure]:
    """Return the largest model and RAM of models by their metrics; RAM is arena and stack."""
    stacks = [max((cost["stack"] for cost in model["cost"]), default=math.inf) for model in models]
    ram = max(model["arena_bytes"] + stack for model, stack in zip(models, stacks, strict=True))
    return [
        Figure("model bytes", max(model["model_bytes"] for model in models), most=16384),
        Figure("RAM with stack, bytes", ram if math.isfinite(ram) else None, most=4096),
    ]


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--only", type=click.Choice(list(TARGETS)), help="Measure this one alone.")
@click.option("--deal", type=click.IntRange(1), default=1, show_default=True, help="Other folds for Shake.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/targets"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def main(folder: Path, only: str | None, deal: int, out: Path, as_json: bool) -> None:
    """Measure and print the figures; see the module's text."""
    place = Place(folder, out, deal)
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
                value = "-" if figure.value is None else f"{figure.value:g}"
                word = "" if not figure.wanted else "kept" if figure.kept else "SHORT"
                click.echo(f"{name:12} {figure.name:44} {value:>9}  {figure.wanted:16} {word}")
    sys.exit(0 if all(figure.kept for figures in measured.values() for figure in figures) else 1)


if __name__ == "__main__":
    run(main)
