"""``gesture train``: recordings in, a model for the device and its report out."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Names
from gesture_tools.errors import INTERRUPTED, UserError
from gesture_tools.following import on_log, say_next
from gesture_tools.progress import progress
from gesture_training.commands.options import Wishes, training_options

if TYPE_CHECKING:
    from rich.console import Console

    from gesture_training.prepare import Request


@click.command(
    "train",
    short_help="Train a gesture model on recordings.",
    help="""Train a gesture model on DATA: folders of logs, single logs, or tidy tables (.csv, .csv.gz).

    Rate, window, hop, scaling and the people of the test are chosen from the data unless given. The model
    is tested on people that it never saw, as the device will run it.

    \b
    Example:
      gesture train data/starter --out build/model
    """,
)
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for the model and its report."
)
@click.option(
    "--test-subjects", type=Names(), default=(), help="People to test on [default: a fifth of them]."
)
@click.option(
    "--no-test", is_flag=True, help="Train on everyone; the accuracy on other people stays unknown."
)
@click.option(
    "--model",
    type=click.Choice(["network", "forest"]),
    default="network",
    show_default=True,
    help="What to train; the forest is everywhereml's, in C++.",
)
@training_options
@click.option("--json", "as_json", is_flag=True, help="Print metrics.json on standard output.")
def command(
    data: tuple[Path, ...],
    out: Path,
    test_subjects: tuple[str, ...],
    no_test: bool,
    model: str,
    wishes: Wishes,
    as_json: bool,
) -> None:
    """Train a model; see the help text above."""
    if no_test and test_subjects:
        raise UserError("--no-test and --test-subjects contradict each other: give one of them")
    if model == "forest" and (wishes.baseline or wishes.epochs or wishes.settings):
        raise UserError(
            "--baseline, --epochs, --config are for a network: leave them out with --model forest"
        )
    from rich.console import Console

    from gesture_training.pipeline import train

    request = wishes.request(
        data=data,
        out=out,
        test_subjects=test_subjects,
        test=not no_test,
        model=model,
        command=shlex.join(["gesture", *sys.argv[1:]]),
    )
    try:
        with progress() as show:
            metrics = train(
                request,
                lambda line: click.echo(line, err=True),
                lambda done, of, remark: show("training", done, of, remark),
            )
    except KeyboardInterrupt:
        click.echo(f"interrupted: {out} is as it was", err=True)
        sys.exit(INTERRUPTED)
    if as_json:
        click.echo(json.dumps(metrics, indent=2))
    else:
        _show(Console(markup=False, emoji=False), metrics, request)


def _show(console: Console, metrics: dict[str, Any], request: Request) -> None:
    from rich.table import Table

    from gesture_training.commands.tables import baseline_table
    from gesture_training.report import in_sessions, interval, percent

    out, forest = request.out, metrics["kind"] == "forest"
    if metrics["accuracy"] is not None:
        judge = "the forest's C++" if forest else "int8 by the C core"
        table = Table("label", "recordings", "recall", "precision", title=f"people never seen, {judge}")
        for label, row in metrics["per_class"].items():
            table.add_row(label, str(row["recordings"]), percent(row["recall"]), percent(row["precision"]))
        table.add_section()
        name = "accuracy_python" if forest else "accuracy_float"
        other = f"{'by its Python' if forest else 'float'} {percent(metrics[name])}"
        accuracy = f"{percent(metrics['accuracy'])} ({other})"
        table.add_row("accuracy", str(metrics["recordings"]), accuracy, "")
        console.print(table)
        console.print(interval(metrics))
    if metrics.get("hours_without_gesture"):
        console.print(f"continuous recordings of people never seen: {in_sessions(metrics)}", soft_wrap=True)
    if "baseline" in metrics:
        console.print(baseline_table(metrics))
    if forest:
        console.print(
            f"forest {metrics['model_id'][:12]}: {metrics['trees']} trees, {metrics['nodes']} nodes"
        )
    else:
        console.print(
            f"model {metrics['model_id'][:12]}: {metrics['model_bytes']} bytes, "
            f"arena {metrics['arena_bytes']} bytes"
        )
    console.print(f"report: {out / 'report.html'}", soft_wrap=True)
    if forest:
        say_next("train", *request.data, "--baseline", "forest", "--out", "build/network")
    else:
        log, pattern = on_log({"metrics": metrics, "data": list(map(str, request.data))})
        say_next("simulate", out / "gesture.tflite", log, pattern=pattern)
