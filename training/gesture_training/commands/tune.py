"""``gesture tune``: the network and training that recognise new people best within a budget."""

from __future__ import annotations

import json
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Finite, Names
from gesture_tools.errors import INTERRUPTED, UserError
from gesture_tools.following import say_next
from gesture_tools.progress import progress
from gesture_tools.runtime.emulated import CPUS
from gesture_training.commands.options import SEARCH_EPOCHS, WISHES, Wishes, given_again, search_options

if TYPE_CHECKING:
    from rich.console import Console

FACTORS = {"k": 1, "m": 2}


class Amount(click.ParamType[int]):
    """A number with an optional k or M."""

    name = "N"

    def __init__(self, base: int) -> None:
        """Take what k stands for: 1000, or 1024 for bytes."""
        self.base = base

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        text = str(value).strip().lower()
        power = FACTORS.get(text[-1:], 0)
        try:
            number = float(text[:-1] if power else text) * self.base**power
        except ValueError:
            number = 0.0
        if not 1 <= number < 2**31:
            option = "an amount" if param is None else param.opts[0]
            raise UserError(f"{option} is {value!r}: expected a number such as 16k")
        return int(number)


@click.command(
    "tune",
    short_help="Search network and training within a budget.",
    help="""Search the network and training that recognise new people best on DATA within a budget.

    People of the test are left out, as 'gesture train' leaves them out; the others are dealt into folds, and
    a trial's accuracy is that on people of the fold, int8 by the C core. Costs are counted in the emulator,
    on an untrained network of the same shape, before anything is trained; what does not fit is not.

    The search is kept in OUT and goes on where it was when the command is given again. Other processes and
    machines join with the same --storage (a file both see, or the URL of a database).

    \b
    Examples:
      gesture tune data/starter --flash 16k --ram 4k --instructions 100k --out build/tune
      gesture train data/starter --config build/tune/best.json --out build/model
    """,
)
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the search.")
@click.option(
    "--flash", type=Amount(1024), default="16k", show_default=True, help="Bytes of the model's file."
)
@click.option("--ram", type=Amount(1024), default="4k", show_default=True, help="Bytes of arena and stack.")
@click.option(
    "--instructions",
    type=Amount(1000),
    default="100k",
    show_default=True,
    help="Of one hop.",
)
@click.option("--cpu", type=click.Choice(CPUS), default=CPUS[0], show_default=True, help="The target.")
@click.option(
    "--with", "others", multiple=True, type=click.Path(path_type=Path),
    help="One more data set, of other gestures, that the same network must serve; accuracy is the mean.",
)  # fmt: skip
@click.option("--test-subjects", type=Names(), default=(), help="People to leave out [default: a fifth].")
@click.option("--folds", type=click.IntRange(2), default=3, show_default=True, help="Folds of the others.")
@click.option(
    "--trials", type=click.IntRange(1), default=50, show_default=True, help="Networks tried, in all."
)
@click.option("--network-only", is_flag=True, help="Leave the training as it is.")
@click.option("--minutes", type=Finite(0, min_open=True), help="Begin no trial after this time.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--storage", help="Journal file or database URL of the study [default: OUT/study.journal].")
@click.option("--study", default="gesture", show_default=True, help="The study's name in its storage.")
@search_options
@click.option("--json", "as_json", is_flag=True, help="Print tune.json on standard output.")
def command(
    data: tuple[Path, ...],
    out: Path,
    flash: int,
    ram: int,
    instructions: int,
    cpu: str,
    others: tuple[Path, ...],
    test_subjects: tuple[str, ...],
    folds: int,
    trials: int,
    network_only: bool,
    minutes: float | None,
    jobs: int,
    storage: str | None,
    study: str,
    wishes: Wishes,
    as_json: bool,
) -> None:
    """Tune; see the help text above."""
    from dataclasses import replace

    from rich.console import Console

    from gesture_tools.files import make_folder
    from gesture_training.tuning.search import Search, begin, run, write_results
    from gesture_training.tuning.shape_cost import Budget
    from gesture_training.tuning.study import JOURNAL, ended, found, optuna

    optuna()
    wishes = replace(wishes, epochs=wishes.epochs or SEARCH_EPOCHS, false_activations=math.inf)
    own = wishes.request(data=data, out=out, test_subjects=test_subjects)
    theirs = replace(own, labels=(), background=(), rate_hz=None, window=None, hop=None)
    theirs = replace(theirs, config=replace(own.config, frame=None))
    more = [replace(theirs, data=(path,)) for path in others]
    make_folder(out)
    search = Search(
        (own, *more),
        Budget(flash, ram, instructions),
        cpu,
        folds,
        storage or str(out / JOURNAL),
        study,
        wishes.seed,
        network_only,
    )
    tasks, opened = begin(search)
    for task in tasks:
        click.echo(
            f"{task.request.data[0]}: {len(task.recordings)} recordings, people in {len(task.folds)} folds; "
            f"left out: {', '.join(sorted(task.left_out))}",
            err=True,
        )
    if before := ended(opened):
        click.echo(f"the study goes on from trial {before} to {trials}", err=True)
    interrupted = False
    with progress() as show:

        def told(number: int, doing: str) -> None:
            done = ended(opened)
            if doing:
                show("searching", done, trials, f"trial {number}: {doing}")
                return
            accuracy = max((one.accuracy for one in found(opened)), default=None)
            best = "none yet" if accuracy is None else f"{accuracy:.1%}"
            click.echo(f"{done} of {trials} trials, best accuracy {best}", err=True)

        try:
            run(search, tasks, opened, trials, minutes, jobs, told)
        except KeyboardInterrupt:
            interrupted = True
    summary = write_results(out, search, tasks, opened, shlex.join(["gesture", *sys.argv[1:]]))
    if interrupted:
        click.echo("interrupted: finished trials are kept, and the same command continues", err=True)
        sys.exit(INTERRUPTED)
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    elif summary["best"]:
        _show(Console(markup=False, emoji=False), summary, out)
        same = (name for name in WISHES if name not in ("epochs", "settings"))
        asked = given_again("test_subjects", *same)
        say_next("train", *data, *asked, "--config", out / "best.json", "--out", "build/model")
    if not summary["best"]:
        click.echo(
            f"FAIL: none of {summary['trials']} networks was trained to the end within the budget", err=True
        )
        raise click.exceptions.Exit(1)


def _show(console: Console, summary: dict[str, Any], out: Path) -> None:
    from rich.table import Column, Table

    names = ("trial", "accuracy", "instructions", "whole window", "flash", "RAM")
    table = Table(*(Column(name, justify="right") for name in names), "network", title="Pareto front")
    for row in summary["front"]:
        network = row["config"]["network"]
        shape = "-".join(map(str, network["filters"])) + ", strides " + "-".join(map(str, network["strides"]))
        costs = (f"{row[name]:,}" for name in ("instructions", "window_instructions", "flash", "ram"))
        table.add_row(str(row["trial"]), f"{row['accuracy']:.1%}", *costs, shape)
    console.print(table)
    console.print(
        f"{summary['finished']} of {summary['trials']} trials finished; others did not fit, or fell behind"
    )
    console.print(f"picture: {out / 'pareto.png'}", soft_wrap=True)
