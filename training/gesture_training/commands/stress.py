"""``gesture stress``: how much a model loses when mountings, sensors and wires are not as in training."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Names
from gesture_tools.errors import INTERRUPTED
from gesture_tools.following import say_next
from gesture_tools.progress import progress
from gesture_tools.words import counted
from gesture_training.config import TrainConfig

if TYPE_CHECKING:
    from rich.console import Console

ENOUGH = 5
"""Recordings, or gestures, that the tightest limit has to stand for."""

PICTURE = "robustness.png"


@click.command(
    "stress",
    short_help="Judge a model on disturbed recordings.",
    help="""Judge MODEL on the recordings of DATA, disturbed in steps: its robustness card.

    Turned boards, sensors with another rate, gain, noise, offset or range, samples that get lost, mirrored
    and swapped axes: each is applied to the samples, and the C core judges the recordings again. Limits say
    how many percentage points of accuracy and recall a disturbance may cost up to which level. Exits with 1
    when one is exceeded.

    The card goes into metrics.json, record.json and MODEL_CARD.md beside MODEL, and robustness.png.

    \b
    Examples:
      gesture stress build/model/gesture.tflite data/starter --subjects p03,p04
      gesture stress build/model/gesture.tflite data/starter --limit rotation=30:15 --limit lost=off
    """,
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=[LEVEL:]POINTS|off",
    help="A limit other than the default; may be given for each disturbance.",
)
@click.option("--subjects", type=Names(), default=(), help="Judge only these people [default: all].")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write [default: the model's].")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=TrainConfig().seed, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
def command(
    model: Path,
    data: tuple[Path, ...],
    limits: tuple[str, ...],
    subjects: tuple[str, ...],
    out: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Stress a model; see the help text above."""
    from rich.console import Console

    from gesture_tools.files import make_folder, write_atomic
    from gesture_training.dataset import digest
    from gesture_training.evaluation.run import gather
    from gesture_training.record import add_metric
    from gesture_training.report import limit_text
    from gesture_training.robustness.card import measure, subjects_of
    from gesture_training.robustness.limits import choose_limits, read_limits
    from gesture_training.robustness.picture import draw

    folder = out or model.parent
    wanted = read_limits(limits)
    found = gather(model, data, subjects, False, lambda line: click.echo(line, err=True))
    chosen = choose_limits(found.model.require_contract(), wanted)
    make_folder(folder)
    try:
        with progress() as show:
            card = measure(
                found.model,
                subjects_of(found.model, found.pieces, found.recordings),
                chosen,
                seed,
                lambda done, of: show("disturbing", done, of, f"level {done} of {of}"),
            )
    except KeyboardInterrupt:
        click.echo(f"interrupted: {folder} is as it was", err=True)
        sys.exit(INTERRUPTED)
    card |= {
        "people": sorted({recording.subject for recording in found.recordings}),
        "data_sha256": digest(found.recordings),
        "command": shlex.join(["gesture", *sys.argv[1:]]),
    }
    add_metric(folder, found.model.model_id, "robustness", card)
    write_atomic(folder / PICTURE, draw(card))
    if as_json:
        click.echo(json.dumps(card, indent=2))
    else:
        _show(Console(markup=False, emoji=False), card)
        click.echo(f"picture: {folder / PICTURE}")
    for row in card["sweeps"]:
        if row["passed"] is False:
            click.echo(
                f"FAIL {row['name']}: {limit_text(row)}, found {100 * row['drop']:.1f} points less", err=True
            )
    if note := _coarse(card):
        click.echo(note, err=True)
    if not as_json:
        say_next("inspect", model)
    if not card["passed"]:
        raise click.exceptions.Exit(1)


def _coarse(card: dict[str, Any]) -> str:
    """Say when there is too little to tell a limit's points from chance; nothing otherwise."""
    points = min((row["limit"]["points"] for row in card["sweeps"] if row["limit"]), default=100.0)
    counts = {"recording": card["recordings"], "gesture": card["gestures"]}
    coarse = {name: count for name, count in counts.items() if count and count * points < 100 * ENOUGH}
    if not coarse:
        return ""
    few = " and ".join(
        f"{counted(count, name)} (one is {100 / count:.0f} points)" for name, count in coarse.items()
    )
    return f"note: {few} do not tell limits of {points:g} points from chance: judge more people"


def _show(console: Console, card: dict[str, Any]) -> None:
    from rich.table import Column, Table

    from gesture_training.report import level_text

    names = ("accuracy", "recall", "false/h", "limit")
    table = Table("disturbance", "level", *(Column(name, justify="right") for name in names), "")
    table.add_row("none", "", *_figures(card), "", "")
    for row in card["sweeps"]:
        table.add_section()
        for place, point in enumerate(row["points"]):
            named = level_text(point["level"], row["unit"])
            verdict = {True: "passed", False: "FAILED", None: ""}[row["passed"]]
            first = (row["name"], verdict) if place == 0 else ("", "")
            limit = f"-{row['limit']['points']:g}" if point["limited"] else ""
            table.add_row(first[0], named, *_figures(point), limit, first[1])
    console.print(table)
    measured = [
        counted(card["recordings"], "recording"),
        f"{card['continuous']} continuous with {counted(card['gestures'], 'gesture')}",
    ]
    console.print(f"{', '.join(measured)}; limits in percentage points of accuracy and recall")


def _figures(point: dict[str, Any]) -> list[str]:
    from gesture_training.report import percent

    rate = point["false_activations_per_hour"]
    return [percent(point["accuracy"]), percent(point["recall"]), "-" if rate is None else f"{rate:.1f}"]
