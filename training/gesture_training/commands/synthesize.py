"""``gesture synthesize``: make synthetic starter logs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gesture_tools.following import following, say_next
from gesture_tools.progress import tracked


@click.command("synthesize", short_help="Make synthetic starter logs.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write; new or empty.")
@click.option("--people", default=10, show_default=True, type=click.IntRange(1, 99), help="Number of people.")
@click.option(
    "--takes",
    default=6,
    show_default=True,
    type=click.IntRange(1, 99),
    help="Takes per gesture and person.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Seed of all chance.")
@click.option("--force", is_flag=True, help="Replace a folder that holds nothing but synthetic logs.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(out: Path, people: int, takes: int, seed: int, force: bool, as_json: bool) -> None:
    """Make synthetic logs of five gestures and of background, from a model of a hand and a sensor.

    The same options give the same bytes. Nobody moved a board for these logs, and each of them says so
    (`synthetic: yes`): they are a start, to be replaced by recordings of your own. See data/README.md.

    \b
    Example: gesture synthesize --out more --people 30 --seed 2
    """
    from gesture_training.synthesis import folder, generate

    settings = generate.Settings(people=people, takes=takes, seed=seed)
    with tracked(generate.recordings(settings), "synthesizing", generate.count(settings)) as logs:
        written = folder.write(out, settings, logs, replace=force)
    then = ("train", out, "--out", "build/model")
    if as_json:
        summary = {"out": str(out), "recordings": written.recordings, "seconds": round(written.seconds, 1)}
        click.echo(
            json.dumps({**summary, "bytes": written.bytes, "synthetic": True, "next": following(*then)})
        )
        return
    click.echo(
        f"{out}: {written.recordings} synthetic recordings of {people} modelled people, "
        f"{written.seconds / 60:.0f} min, {written.bytes / 1e6:.1f} MB"
    )
    say_next(*then)
