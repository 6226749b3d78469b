"""What each part of the training is worth on some data: trainings with it and without, judged on new people.

    python -m gesture_training.ablation DATA... [--labels a,b] [--folds 3] [--only turn,gain] [--stress]

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

from gesture_tools.arguments import Names
from gesture_tools.cli import run
from gesture_tools.errors import UserError
from gesture_tools.files import make_folder
from gesture_tools.recordings import Recording
from gesture_tools.resample import at_rate
from gesture_training.commands.options import config_of
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
from gesture_training.robustness.disturb import Level, Sweep
from gesture_training.robustness.limits import at_limits

THRESHOLD = 0.7
"""At which recall and false activations stand in the table."""

PLAIN = ""
"""The name of no disturbance."""


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
    stress: dict[str, dict[str, float | None]]
    """Accuracy and recall on recordings disturbed up to the usual limits, by disturbance."""


def ablate(
    request: Request,
    folds: int | None,
    seeds: tuple[int, ...],
    names: tuple[str, ...],
    out: Path | None,
    stress: bool = False,
) -> list[Row]:
    """Train the whole and each change on every fold and seed; finished ones in out are taken up again.

    stress: judge all on disturbed recordings too.
    """
    recordings = read(request.data)
    labels = choose_labels(labels_of(recordings), request.labels, request.background)
    dealt = deal(outline(recordings, labels), labels.names, folds, request.config.seed)
    trials = _Trials(request, recordings, digest(recordings), out, stress)
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
    stress: bool
    frames: dict[tuple[str, ...], str] = field(default_factory=dict)
    """The frame that was found without each group of people."""
    done: dict[str, dict[str, Judged]] = field(default_factory=dict)

    def judged(self, change: Change, seed: int, people: tuple[str, ...]) -> dict[str, Judged]:
        """Return what a training, with a change and without some people, says about these people.

        By disturbance; under PLAIN without any.
        """
        config = replace(self.request.config, seed=seed, false_activations=None)
        if people not in self.frames:
            found = self._prepared(config, people)
            self.frames[people] = "levelled" if found.frame.level else "own"
        prepared = self._prepared(change.config(replace(config, frame=self.frames[people])), people)
        if change.pieces is not None:
            prepared = replace(prepared, train=change.pieces(prepared))
        trained = digest([one.recording for one in prepared.train])
        key = fold_key(replace(self.request, config=prepared.config), people, self.data_sha256 + trained)
        if key not in self.done:
            self.done[key] = self._kept(prepared, key) or self._made(prepared, key)
        return self.done[key]

    def _disturbances(self, prepared: Prepared) -> dict[str, tuple[Sweep, Level] | None]:
        """Return the disturbances to judge with; PLAIN is none."""
        pairs = at_limits(prepared.contract) if self.stress else []
        return {PLAIN: None} | {f"{sweep.name} {level:g}": (sweep, level) for sweep, level in pairs}

    def _kept(self, prepared: Prepared, key: str) -> dict[str, Judged] | None:
        """Return what was kept of a training, None unless it is there for every disturbance."""
        found = {name: self.out and kept(self.out, _file(key, name)) for name in self._disturbances(prepared)}
        whole = {name: judged for name, judged in found.items() if judged}
        return whole if len(whole) == len(found) else None

    def _made(self, prepared: Prepared, key: str) -> dict[str, Judged]:
        """Train, judge, and keep what was said."""
        model, network, _ = fit_and_quantize(prepared, lambda *_: None)
        made = {}
        for name, disturbance in self._disturbances(prepared).items():
            pieces, unseen = prepared.test, prepared.unseen
            if disturbance is not None:
                pieces, unseen = _disturbed(prepared, *disturbance)
            made[name] = judge(model, None if disturbance else network, pieces, unseen)
            if self.out:
                keep(self.out, _file(key, name), made[name])
        return made

    def _prepared(self, config: TrainConfig, people: tuple[str, ...]) -> Prepared:
        return prepare(replace(self.request, config=config, test_subjects=people), self.recordings)


def _disturbed(prepared: Prepared, sweep: Sweep, level: Level) -> tuple[list[Piece], list[Recording]]:
    """Return the pieces and the recordings of the test, disturbed at the model's rate."""
    profile, seed = prepared.contract.profile, TrainConfig().seed
    pieces = [
        replace(one, recording=sweep.disturb(one.recording, level, profile.rate_hz, seed))
        for one in prepared.test
    ]
    ready = [at_rate(one, profile.rate_hz, profile.rate_tolerance) for one in prepared.unseen]
    return pieces, [sweep.disturb(one, level, profile.rate_hz, seed) for one in ready]


def _file(key: str, name: str) -> str:
    return f"{key}-{name}".replace(" ", "-") if name else key


def _recall(found: dict[str, Any]) -> float | None:
    return next((one["recall"] for one in found["sweep"] if one["threshold"] == THRESHOLD), None)


def _row(name: str, words: str, judged: list[dict[str, Judged]], whole: dict[str, float]) -> Row:
    """Summarize a change; whole: the accuracy of each person without any, filled by the first row."""
    summaries = {name: summarize([one[name] for one in judged], 1) for name in judged[0]}
    found = summaries.pop(PLAIN)
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
        {name: {"accuracy": one["accuracy"], "recall": _recall(one)} for name, one in summaries.items()},
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


def stress_line(row: Row) -> str:
    """Return a row of the second table: what disturbances change, in points of accuracy / of recall."""

    def points(before: float | None, after: float | None) -> str:
        return "-" if before is None or after is None else f"{100 * (after - before):+.1f}"

    cells = [
        f"{points(row.accuracy, one['accuracy'])} / {points(row.recall, one['recall'])}"
        for one in row.stress.values()
    ]
    return f"| {' | '.join([row.words, *cells])} |"


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
@click.option("--stress", is_flag=True, help="Judge on disturbed recordings too, at the usual limits.")
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
    stress: bool,
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
    rows = ablate(request, folds, tuple(map(int, seeds)), only, out, stress)
    if as_json:
        click.echo(json.dumps([vars(row) for row in rows], indent=2))
    else:
        click.echo("| change | accuracy | in float | recall | false per hour | accuracy, by person |")
        click.echo("|---|---|---|---|---|---|")
        for row in rows:
            click.echo(line(row))
        if stress:
            click.echo(f"\n| accuracy / recall under | {' | '.join(rows[0].stress)} |")
            click.echo("|---" * (1 + len(rows[0].stress)) + "|")
            for row in rows:
                click.echo(stress_line(row))


if __name__ == "__main__":
    run(main)
