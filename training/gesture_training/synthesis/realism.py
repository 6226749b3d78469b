"""How much of the real world a model trained on synthetic logs knows: one gesture against all else.

    python -m gesture_training.synthesis.realism model/gesture.tflite TABLE --label Shake --verdicts shake

The figure in data/README.md comes from here.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from gesture_tools.errors import UserError
from gesture_tools.loading import load
from gesture_tools.runtime import Model
from gesture_tools.verdict import verdicts


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("tables", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--label", default="Shake", show_default=True, help="The real gesture, as the tables name it.")
@click.option(
    "--verdicts", "prefix", default="shake", show_default=True, help="Verdicts that begin so count as it."
)
def main(model: Path, tables: tuple[Path, ...], label: str, prefix: str) -> None:
    """Say how often MODEL takes the gesture for itself, and other recordings for it."""
    opened = Model.load(model)
    for table in tables:
        recordings = load([table])
        taken: dict[bool, list[bool]] = {True: [], False: []}
        mistaken: Counter[str] = Counter()
        for recording, verdict in zip(recordings, verdicts(opened, recordings), strict=True):
            is_gesture = (recording.label or "").lower() == label.lower()
            called = verdict.label.startswith(prefix)
            taken[is_gesture].append(called)
            if called and not is_gesture:
                mistaken[recording.label or "continuous"] += 1
        if not taken[True] or not taken[False]:
            raise UserError(f"{table}: expected recordings labelled {label!r} and others")
        recall, false = (sum(values) / len(values) for values in (taken[True], taken[False]))
        most = ", ".join(f"{name} {count}" for name, count in mistaken.most_common(4))
        click.echo(
            f"{table.name}: {recall:.1%} of {len(taken[True])} {label} recordings called {prefix}*, "
            f"{false:.1%} of {len(taken[False])} others ({most})"
        )


if __name__ == "__main__":
    main()
