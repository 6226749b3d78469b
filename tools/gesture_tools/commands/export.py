"""``gesture export``: logs in the formats of other tools."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gesture_tools.arguments import Rate
from gesture_tools.commands.import_ import NAMES
from gesture_tools.errors import UserError
from gesture_tools.following import say_next
from gesture_tools.progress import tracked
from gesture_tools.words import counted


@click.command("export", short_help="Export logs to formats of other tools.")
@click.argument("form", metavar="FORMAT", type=click.Choice(NAMES))
@click.argument("data", metavar="DATA...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder; for tidy, a .csv[.gz] file."
)
@click.option(
    "--rate", type=Rate(), help="Bring all recordings to this rate in Hz, for formats without times."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(form: str, data: tuple[Path, ...], out: Path, rate: float | None, as_json: bool) -> None:
    """Export DATA (folders of logs, logs, tidy tables) to FORMAT, at --out. Nothing is overwritten.

    Formats without spans get continuous logs cut at their spans, the rest as background. Formats without
    times get recordings at one rate: those with lost samples or far from the rate are resampled.

    \b
    Example:
      gesture export edge-impulse data/starter --out upload
    """
    from gesture_tools.exchange import FORMATS
    from gesture_tools.exchange.pieces import common_rate, cut, even
    from gesture_tools.files import folders, write_together
    from gesture_tools.loading import load, load_profile

    writer = FORMATS[form]
    if writer.keeps_spans and not out.name.endswith((".csv", ".csv.gz")):
        raise UserError(f"--out is {out}: expected a file .csv or .csv.gz")
    recordings = load(data)
    changed, common = 0, rate
    if not writer.keeps_spans:
        recordings = [piece for recording in recordings for piece in cut(recording)]
        if writer.even_rate and common is None:
            profile = load_profile(data[0])
            common = common_rate(recordings) if profile is None else profile.rate_hz
        recordings, changed = even(recordings, common)
    elif rate is not None:
        recordings, changed = even(recordings, rate)
    with tracked(writer.files(recordings, out), "converting", len(recordings)) as converted:
        files = list(converted)
    names: dict[str, Path] = {}
    for path, _ in files:
        if path.exists():
            raise UserError(f"{path} exists: expected a new --out; nothing was written")
        if (other := names.setdefault(str(path).casefold(), path)) != path:
            raise UserError(f"{other} and {path} are one file on many systems: rename a label or a subject")
    with folders(*{path.parent for path, _ in files}):
        write_together(dict(files))
    lost = sorted({key for recording in recordings for key in recording.header})
    if as_json:
        kept = [] if not writer.keeps_spans else lost
        document = {
            "files": [str(path) for path, _ in files],
            "recordings": len(recordings),
            "resampled": changed,
            "header_left_out": [key for key in lost if key not in kept],
        }
        click.echo(json.dumps(document, indent=2))
        return
    also = f", {changed} of them resampled" if changed else ""
    click.echo(f"wrote {counted(len(recordings), 'recording')} to {counted(len(files), 'file')}{also}")
    if lost and not writer.keeps_spans:
        click.echo(f"left out, as the format has no place for it: {', '.join(lost)}")
    hint = ["--rate", f"{common:g}"] if writer.even_rate and common else []
    say_next("import", form, out, *hint, "--out", "imported")
