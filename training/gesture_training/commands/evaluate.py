"""``gesture evaluate``: how well people whom the model has never met are recognised."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Names
from gesture_tools.errors import INTERRUPTED, UserError
from gesture_tools.following import say_next
from gesture_tools.progress import progress
from gesture_training.commands.options import WISHES, Wishes, given_again, training_options

if TYPE_CHECKING:
    from rich.console import Console

TRAINING = ("folds", "by", "jobs", *(name for name in WISHES if name != "seed"))
"""Parameters that say how models are trained: they make no sense for one that is there."""


MOST_SOURCES = 12
"""Files of continuous recordings shown on a terminal."""


@click.command(
    "evaluate",
    short_help="Measure how well new people are recognised.",
    help="""Measure on DATA (folders of logs, single logs, tidy tables) how well new people are recognised.

    Without --model: cross-validation. People are dealt into folds; for each, a model is trained on everyone
    else, with everything chosen from their recordings alone, and judged on the people of the fold, int8 by
    the C core. With --model: that model is judged on all recordings.

    Continuous recordings (with labelled spans, or long and without a gesture) also give recall, latency and
    false activations per hour, through the device's own detector, for every file.

    \b
    Examples:
      gesture evaluate data/starter --folds 5 --out build/evaluation
      gesture evaluate --model build/model/gesture.tflite data/starter --subjects p03
    """,
)
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), help="A model to judge, instead of training some.")
@click.option("--by", type=click.Choice(["subject"]), default="subject", help="What a fold keeps together.")
@click.option("--folds", type=click.IntRange(2), help="Folds [default: 5, at most one a person].")
@click.option(
    "--jobs", type=click.IntRange(1), help="Processes [default: half the processors, 1 below four]."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for report, figures and finished folds (to resume).",
)
@click.option("--subjects", type=Names(), default=(), help="With --model: judge only these people.")
@click.option("--continuous", is_flag=True, help="Fail unless there are continuous recordings.")
@training_options
@click.option("--json", "as_json", is_flag=True, help="Print evaluation.json on standard output.")
@click.pass_context
def command(
    context: click.Context,
    data: tuple[Path, ...],
    model: Path | None,
    by: str,
    folds: int | None,
    jobs: int | None,
    out: Path | None,
    subjects: tuple[str, ...],
    continuous: bool,
    wishes: Wishes,
    as_json: bool,
) -> None:
    """Evaluate; see the help text above."""
    _check(context, model, subjects)
    from gesture_tools.files import make_folder, write_atomic
    from gesture_training.evaluate import collapsed, metrics
    from gesture_training.evaluation.report import render
    from gesture_training.evaluation.run import cross_validate, evaluate_model
    from gesture_training.evaluation.summary import summarize
    from gesture_training.evaluation.workers import default_jobs

    notes: list[str] = []

    def say(line: str) -> None:
        click.echo(line, err=True)
        if line.startswith(("note:", "warning:")):
            notes.append(line)

    if out is not None:
        make_folder(out)
    try:
        if model is not None:
            title = f"Gesture model {model}"
            judged, data_sha256 = evaluate_model(model, data, subjects, continuous, say)
        else:
            request = wishes.request(data=data, out=out or Path())
            with progress() as show:
                judged, data_sha256 = cross_validate(
                    request,
                    folds,
                    jobs or default_jobs(),
                    out,
                    continuous,
                    say,
                    lambda fold, done, of: show(f"fold {fold + 1}", done, of, f"pass {done} of {of}"),
                )
            title = f"Gesture evaluation, {len(judged)} folds by {by}"
    except KeyboardInterrupt:
        kept = "finished folds are kept, and the same command continues" if out else "nothing was kept"
        click.echo(f"interrupted: {kept}", err=True)
        sys.exit(INTERRUPTED)
    for number, one in enumerate(judged, 1):
        what = "every recording" if len(judged) == 1 else f"every recording of fold {number}"
        for line in collapsed(metrics(one.outcomes, one.labels), what):
            say(line)
    summary = summarize(judged, wishes.seed) | {
        "folds": None if model else len(judged),
        "seed": wishes.seed,
        "notes": notes,
        "data_sha256": data_sha256,
        "command": shlex.join(["gesture", *sys.argv[1:]]),
    }
    if out is not None:
        write_atomic(out / "report.html", render(title, summary, judged, notes))
        write_atomic(out / "evaluation.json", json.dumps(summary, indent=2) + "\n")
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        from rich.console import Console

        _show(Console(markup=False, emoji=False), summary, out, model, data)


def _check(context: click.Context, model: Path | None, subjects: tuple[str, ...]) -> None:
    """Refuse options that contradict each other."""
    given = {
        name
        for name in TRAINING
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    if model is not None and (wrong := sorted(given & set(TRAINING))):
        names = {"rate_hz": "rate", "settings": "config"}
        option = names.get(wrong[0], wrong[0]).replace("_", "-")
        raise UserError(
            f"--{option} is for training, and --model judges a model that is there: give one of them"
        )
    if model is None and subjects:
        raise UserError("--subjects goes with --model: a cross-validation judges everyone once")


def _show(
    console: Console, summary: dict[str, Any], out: Path | None, model: Path | None, data: tuple[Path, ...]
) -> None:
    from rich.table import Column, Table

    from gesture_training.commands.tables import baseline_table
    from gesture_training.report import interval, percent

    if summary["accuracy"] is not None:
        table = Table("label", "recordings", "recall", "precision", title="int8 by the C core")
        for label, row in summary["per_class"].items():
            table.add_row(label, str(row["recordings"]), percent(row["recall"]), percent(row["precision"]))
        console.print(table)
        table = Table("person", "recordings", "accuracy")
        for person, row in summary["per_person"].items():
            table.add_row(person, str(row["recordings"]), percent(row["accuracy"]))
        console.print(table)
        console.print(f"accuracy {percent(summary['accuracy'])} ({interval(summary)})")
        console.print(f"float    {percent(summary['accuracy_float'])}")
    if "baseline" in summary:
        console.print(baseline_table(summary))
    if summary["per_source"]:
        table = Table(
            Column("source", no_wrap=True),
            Column("gestures", no_wrap=True),
            "recall",
            "ms late",
            "hours",
            "false",
            "per hour",
            title="continuous",
        )
        rows = sorted(summary["per_source"].items(), key=lambda row: -row[1]["hours_without_gesture"])
        common = os.path.commonpath([Path(source).absolute().parent for source, _ in rows])
        for source, row in rows[:MOST_SOURCES]:
            table.add_row(_without_suffix(os.path.relpath(source, common)), *_continuous(row))
        table.add_section()
        table.add_row(f"all {len(rows)}", *_continuous(summary))
        console.print(table)
        if len(rows) > MOST_SOURCES:
            console.print(
                f"the longest {MOST_SOURCES} of {len(rows)} sources; --json and the report have all"
            )
    if out is not None:
        console.print(f"report: {out / 'report.html'}", soft_wrap=True)
    if model:
        say_next("simulate", model, *data)
    else:
        say_next("train", *data, *given_again(*WISHES), "--out", "build/model")


def _without_suffix(path: str) -> str:
    """Return a log's path without what says its format, so that most fit into a narrow terminal."""
    return path.removesuffix(".gz").removesuffix(".csv")


def _continuous(row: dict[str, Any]) -> list[str]:
    from gesture_training.report import percent

    latency, rate = row["latency_ms"], row["false_activations_per_hour"]
    return [
        str(row["gestures"]),
        percent(row["recall"]),
        "-" if latency is None else f"{latency:.0f}",
        f"{row['hours_without_gesture']:.3f}",
        str(row["false_activations"]),
        "-" if rate is None else f"{rate:.1f}",
    ]
