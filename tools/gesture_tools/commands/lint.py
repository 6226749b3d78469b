"""``gesture lint``: what is wrong with a data set, and what to record next."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Finite, Names
from gesture_tools.following import say_next
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.lint import DataSet, Finding

MOST_COLUMNS = 12
"""People that have a column each in the table; of more, the range is shown."""

COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


def _counts(data: DataSet) -> tuple[dict[str, Counter[str]], dict[str, float]]:
    """Return takes by label and person, and seconds by label."""
    takes: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, float] = defaultdict(float)
    for recording, span in data.takes():
        takes[span.label][recording.subject] += 1
        seconds[span.label] += (span.end_us - span.start_us) / 1e6
    return dict(sorted(takes.items())), seconds


def _as_table(data: DataSet) -> list[str]:
    """Return a table of labels and people, in lines."""
    takes, seconds = _counts(data)
    people = sorted({person for counter in takes.values() for person in counter})
    each = len(people) <= MOST_COLUMNS and max(map(len, people), default=0) <= 10
    rows = [["label", *(people if each else ["people", "takes of each"]), "takes", "minutes"]]
    for label, counter in takes.items():
        if each:
            cells = [str(counter[person] or "-") for person in people]
        else:
            low, high = min(counter.values()), max(counter.values())
            cells = [str(len(counter)), str(low) if low == high else f"{low} to {high}"]
        rows.append([label, *cells, str(counter.total()), f"{seconds[label] / 60:.1f}"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def _as_json(data: DataSet, findings: list[Finding], passed: bool) -> dict[str, Any]:
    takes, seconds = _counts(data)
    return {
        "passed": passed,
        "files": data.files,
        "recordings": len(data.recordings),
        "labels": {
            label: {
                "takes": counter.total(),
                "minutes": round(seconds[label] / 60, 3),
                "people": dict(sorted(counter.items())),
            }
            for label, counter in takes.items()
        },
        "findings": [asdict(finding) for finding in findings],
    }


def _show(finding: Finding) -> None:
    count = f" ({finding.count})" if finding.count > 1 else ""
    head = click.style(finding.severity, fg=COLOURS[finding.severity], bold=True)
    click.echo(f"{head} {finding.code}: {finding.what}{count}")
    for place in finding.where:
        click.echo(f"    {' '.join(place.split())}")
    if finding.count > len(finding.where):
        click.echo(f"    and {finding.count - len(finding.where)} more")
    click.echo(f"  to do: {finding.advice}")


@click.command("lint", short_help="Check recordings before training on them.")
@click.argument("data", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--background", type=Names(), default=(), help="More labels that mean no gesture.")
@click.option(
    "--budget",
    type=Finite(0, min_open=True),
    default=1.0,
    show_default=True,
    help="False activations per hour.",
)
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
def command(
    data: tuple[Path, ...], background: tuple[str, ...], budget: float, strict: bool, as_json: bool
) -> None:
    """Check DATA (folders of logs, logs, tidy tables) before training on it.

    Each finding says how bad it is, where, and what to record or do next. What 'gesture record' refuses in a
    take is found here by the same limits. Errors make the exit code 1.

    \b
    Example:
      gesture lint data/starter
    """
    from gesture_tools.lint import ERROR, WARNING, check

    gathered, findings = check(data, budget, background)
    failing = {ERROR, WARNING} if strict else {ERROR}
    counts = Counter(finding.severity for finding in findings)
    passed = not any(finding.severity in failing for finding in findings)
    if as_json:
        click.echo(json.dumps(_as_json(gathered, findings, passed), indent=2))
    else:
        for line in _as_table(gathered):
            click.echo(line)
        click.echo()
        for finding in findings:
            _show(finding)
        total = len(gathered.recordings)
        worst = f"{counted(counts[ERROR], 'error')}, {counted(counts[WARNING], 'warning')}"
        click.echo(f"{counted(total, 'recording')}: {worst}")
        if passed:
            also = ["--background", ",".join(background)] if background else []
            say_next("train", *data, *also, "--out", "build/model")
    if not passed:
        raise click.exceptions.Exit(1)
