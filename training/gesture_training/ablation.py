"""What each part of the training is worth on some data: trainings with it and without, judged on new people.

    python -m gesture_training.ablation DATA... [--labels a,b] [--folds 3] [--only turn,gain] [--json]

People are dealt into folds as in `gesture evaluate`. A part earns its place where the figures get worse
without it by more than the standard error over people; where they get better, it is in the way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from gesture_tools.cli import run
from gesture_tools.errors import UserError
from gesture_tools.files import make_folder
from gesture_tools.recordings import Recording
from gesture_training.commands.options import Names, config_of
from gesture_training.config import TrainConfig
from gesture_training.dataset import Piece, digest, labels_of, outline
from gesture_training.evaluation.folds import deal
from gesture_training.evaluation.judged import Judged, judge
from gesture_training.evaluation.store import fold_key, keep, kept
from gesture_training.evaluation.summary import summarize
from gesture_training.labels import choose_labels
from gesture_training.other_hand import with_other_hand
from gesture_training.pipeline import fit_and_quantize
from gesture_training.prepare import Prepared, Request, prepare, read
from gesture_training.report import percent

THRESHOLD = 0.7
"""At which recall and false activations stand in the table."""


@dataclass(frozen=True)
class Change:
    """Something left out of the training, or put into it."""

    words: str
    config: Callable[[TrainConfig], TrainConfig] = lambda config: config
    """Makes another config of the one that the whole training has for these people."""
    pieces: Callable[[Prepared], list[Piece]] | None = None
    """Makes other pieces to train on."""


def _augment(words: str, **values: float) -> Change:
    return Change(words, lambda config: replace(config, augmentation=replace(config.augmentation, **values)))


def _fit(words: str, **values: Any) -> Change:
    return Change(words, lambda config: replace(config, fit=replace(config.fit, **values)))


def _other_frame(config: TrainConfig) -> TrainConfig:
    return replace(config, frame="own" if config.frame == "levelled" else "levelled")


WHOLE = Change("the whole training")

CHANGES = {
    "frame": Change("in the other frame", _other_frame),
    "turn": _augment("without turns about gravity, where levelled", turn=0.0),
    "rotation": _augment("without rotation of grip and mounting", rotation=0.0),
    "speed": _augment("without change of speed and of the sensor's clock", speed=0.0),
    "amplitude": _augment("without change of the motion's strength", amplitude=0.0),
    "gain": _augment("without change of the sensor's gain", gain=0.0),
    "bias": _augment("without change of the sensor's offset", bias=0.0),
    "noise": _augment("without added noise", noise=0.0),
    "shift": _augment("without a start before or after the strongest motion", shift=0.0),
    "hard": _fit("without hard windows", hard_share=0.0),
    "teacher": _fit("without a wider network that teaches", teacher_share=0.0),
    "lost": _augment("with lost samples in three windows of ten", lost=0.3),
    "hand": Change("with takes mirrored into the other hand", pieces=with_other_hand),
}
"""Changes that are tried."""


@dataclass(frozen=True)
class Row:
    """What a change does."""

    name: str
    words: str
    accuracy: float | None
    accuracy_float: float | None
    recall: float | None
    """At one threshold of THRESHOLD for all labels, two hits."""
    false_activations_per_hour: float | None
    difference: float | None
    """Of the accuracy to the whole training's, mean over people."""
    error: float | None
    """Its standard error over people."""


def ablate(
    request: Request, folds: int | None, seeds: tuple[int, ...], names: tuple[str, ...], out: Path | None
) -> list[Row]:
    """Train the whole and each change on every fold and seed; finished ones in out are taken up again."""
    recordings = read(request.data)
    labels = choose_labels(labels_of(recordings), request.labels, request.background)
    dealt = deal(outline(recordings, labels), labels.names, folds, request.config.seed)
    trials = _Trials(request, recordings, digest(recordings), out)
    rows: list[Row] = []
    whole: dict[str, float] = {}
    for name in ("whole", *names):
        change = CHANGES.get(name, WHOLE)
        judged = []
        for seed in seeds:
            for number, people in enumerate(dealt):
                click.echo(f"{name}: seed {seed}, fold {number + 1} of {len(dealt)}", err=True)
                judged.append(trials.judged(change, seed, people))
        rows.append(_row(name, change.words, judged, whole))
        click.echo(line(rows[-1]), err=True)
    return rows


@dataclass
class _Trials:
    """Trainings of one data set, each done once: a change that changes nothing costs nothing."""

    request: Request
    recordings: list[Recording]
    data_sha256: str
    out: Path | None
    frames: dict[tuple[str, ...], str] = field(default_factory=dict)
    """The frame that was found without each group of people."""
    done: dict[str, Judged] = field(default_factory=dict)

    def judged(self, change: Change, seed: int, people: tuple[str, ...]) -> Judged:
        """Return what a training, with a change and without some people, says about these people."""
        config = replace(self.request.config, seed=seed, false_activations=None)
        if people not in self.frames:
            found = self._prepared(config, people)
            self.frames[people] = "levelled" if found.frame.level else "own"
        prepared = self._prepared(change.config(replace(config, frame=self.frames[people])), people)
        if change.pieces is not None:
            prepared = replace(prepared, train=change.pieces(prepared))
        trained = digest([one.recording for one in prepared.train])
        key = fold_key(replace(self.request, config=prepared.config), people, self.data_sha256 + trained)
        judged = self.done.get(key) or (kept(self.out, key) if self.out else None)
        if judged is None:
            model, network, _ = fit_and_quantize(prepared, lambda *_: None)
            judged = judge(model, network, prepared.test, prepared.unseen)
            if self.out:
                keep(self.out, key, judged)
        self.done[key] = judged
        return judged

    def _prepared(self, config: TrainConfig, people: tuple[str, ...]) -> Prepared:
        return prepare(replace(self.request, config=config, test_subjects=people), self.recordings)


def _row(name: str, words: str, judged: list[Judged], whole: dict[str, float]) -> Row:
    """Summarize a change; whole: the accuracy of each person without any, filled by the first row."""
    found = summarize(judged, 1)
    people = {person: row["accuracy"] for person, row in found["per_person"].items()}
    if not whole:
        whole.update(people)
    gains = np.array([people[person] - whole[person] for person in people])
    point: dict[str, Any] = next((one for one in found["sweep"] if one["threshold"] == THRESHOLD), {})
    return Row(
        name,
        words,
        found["accuracy"],
        found["accuracy_float"],
        point.get("recall"),
        point.get("false_activations_per_hour"),
        round(float(gains.mean()), 4) if len(gains) else None,
        round(float(gains.std(ddof=1) / np.sqrt(len(gains))), 4) if len(gains) > 1 else None,
    )


def line(row: Row) -> str:
    """Return a row of the table, in Markdown."""
    cells = [
        row.words,
        *(percent(value) for value in (row.accuracy, row.accuracy_float, row.recall)),
        "-" if row.false_activations_per_hour is None else f"{row.false_activations_per_hour:.1f}",
        "-" if row.difference is None else f"{100 * row.difference:+.1f} ± {100 * (row.error or 0):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


@click.command(help=__doc__)
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--labels", type=Names(), default=(), help="Labels to use.")
@click.option("--background", type=Names(), default=(), help="Labels that mean no gesture.")
@click.option("--folds", type=click.IntRange(2), default=3, show_default=True)
@click.option("--epochs", type=click.IntRange(1), help="Passes of each training.")
@click.option("--config", "settings", type=click.Path(path_type=Path), help="Settings of the whole training.")
@click.option("--seeds", type=Names(), default=("1",), help="Seeds, for less chance in the figures.")
@click.option("--only", type=Names(), default=tuple(CHANGES), help="Changes to try.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for finished folds (to resume).")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def main(
    data: tuple[Path, ...],
    labels: tuple[str, ...],
    background: tuple[str, ...],
    folds: int,
    epochs: int | None,
    settings: Path | None,
    seeds: tuple[str, ...],
    only: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Try the changes and print the table; see the module's text."""
    for name in only:
        if name not in CHANGES:
            raise UserError(f"--only {name!r} is unknown: expected some of {', '.join(CHANGES)}")
    if not all(seed.isdigit() for seed in seeds):
        raise UserError(f"--seeds is {','.join(seeds)}: expected whole numbers separated by commas")
    if out:
        make_folder(out)
    request = Request(
        data, Path(), labels=labels, background=background, config=config_of(1, epochs, settings)
    )
    rows = ablate(request, folds, tuple(map(int, seeds)), only, out)
    if as_json:
        click.echo(json.dumps([vars(row) for row in rows], indent=2))
    else:
        click.echo("| change | accuracy | in float | recall | false per hour | accuracy, by person |")
        click.echo("|---|---|---|---|---|---|")
        for row in rows:
            click.echo(line(row))


if __name__ == "__main__":
    run(main)
