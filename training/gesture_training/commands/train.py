"""``gesture train``: recordings in, a model for the device and its report out."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.errors import UserError
from gesture_training.commands.options import INTERRUPTED, Names, config_of, training_options

if TYPE_CHECKING:
    from rich.console import Console


@click.command(
    "train",
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
@training_options
@click.option("--json", "as_json", is_flag=True, help="Print metrics.json on standard output.")
def command(
    data: tuple[Path, ...],
    out: Path,
    test_subjects: tuple[str, ...],
    no_test: bool,
    labels: tuple[str, ...],
    background: tuple[str, ...],
    rate_hz: float | None,
    window: int | float | None,
    hop: int | None,
    epochs: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Train a model; see the help text above."""
    if no_test and test_subjects:
        raise UserError("--no-test and --test-subjects contradict each other: give one of them")
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from gesture_training.pipeline import train
    from gesture_training.prepare import Request

    request = Request(
        data=data,
        out=out,
        rate_hz=rate_hz,
        window=window,
        hop=hop,
        labels=labels,
        background=background,
        test_subjects=test_subjects,
        test=not no_test,
        command=shlex.join(["gesture", *sys.argv[1:]]),
        config=config_of(seed, epochs),
    )
    console = Console(stderr=True)
    columns = (
        TextColumn("training"),
        BarColumn(),
        TextColumn("pass {task.completed}, loss {task.fields[loss]:.3f}"),
    )
    try:
        with Progress(
            *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
        ) as bar:
            task = bar.add_task("training", total=None, loss=float("nan"))
            metrics = train(
                request,
                lambda line: click.echo(line, err=True),
                lambda epoch, epochs, loss: bar.update(task, completed=epoch, total=epochs, loss=loss),
            )
    except KeyboardInterrupt:
        click.echo(f"interrupted: {out} is as it was", err=True)
        sys.exit(INTERRUPTED)
    if as_json:
        click.echo(json.dumps(metrics, indent=2))
    else:
        _show(Console(markup=False, emoji=False), metrics, out)


def _show(console: Console, metrics: dict[str, Any], out: Path) -> None:
    from rich.table import Table

    from gesture_training.report import percent

    if metrics["accuracy"] is not None:
        table = Table(
            "label", "recordings", "recall", "precision", title="people never seen, int8 by the C core"
        )
        for label, row in metrics["per_class"].items():
            table.add_row(label, str(row["recordings"]), percent(row["recall"]), percent(row["precision"]))
        table.add_section()
        accuracy = f"{percent(metrics['accuracy'])} (float {percent(metrics['accuracy_float'])})"
        table.add_row("accuracy", str(metrics["recordings"]), accuracy, "")
        console.print(table)
    console.print(
        f"model {metrics['model_id'][:12]}: {metrics['model_bytes']} bytes, "
        f"arena {metrics['arena_bytes']} bytes"
    )
    console.print(f"report: {out / 'report.html'}", soft_wrap=True)
    console.print(f"next: gesture simulate {shlex.quote(str(out / 'gesture.tflite'))} LOG", soft_wrap=True)
