"""``gesture show``: recordings and their spans, drawn in the terminal or as a picture."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from gesture_tools.errors import UserError
from gesture_tools.files import write_atomic
from gesture_tools.following import say_next
from gesture_tools.loading import load
from gesture_tools.recordings import Recording
from gesture_tools.words import counted

SUFFIXES = (".png", ".svg")


def _facts(recording: Recording) -> dict[str, Any]:
    start = int(recording.t_us[0])
    return {
        "id": recording.id,
        "source": str(recording.source),
        "label": recording.label,
        "subject": recording.subject,
        "session": recording.session,
        "samples": len(recording.t_us),
        "lost": recording.lost,
        "duration_s": round(recording.duration_s, 6),
        "rate_hz": round(recording.rate_hz, 3),
        "channels": list(recording.channels),
        "least_mg": recording.samples.min(axis=0).tolist(),
        "greatest_mg": recording.samples.max(axis=0).tolist(),
        "spans": [
            {"label": s.label, "start_s": (s.start_us - start) / 1e6, "end_s": (s.end_us - start) / 1e6}
            for s in recording.spans
        ],
        "header": dict(recording.header),
    }


def _title(recording: Recording) -> str:
    parts = [
        recording.label or "continuous",
        f"subject {recording.subject}",
        f"{recording.duration_s:.2f} s",
        f"{recording.rate_hz:.1f} Hz",
    ]
    if recording.lost:
        parts.append(f"{counted(recording.lost, 'sample')} lost")
    return f"{recording.id}: {', '.join(parts)}"


def _plain() -> bool:
    """Whether the output cannot show braille."""
    try:
        "\u28ff".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


@click.command("show", short_help="Draw logs and their spans.")
@click.argument("logs", metavar="LOG...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), help="Draw into this file, .png or .svg.")
@click.option(
    "--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Draw at most so many."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print rate, duration, range and labels of all as JSON."
)
def command(logs: tuple[Path, ...], out: Path | None, limit: int, as_json: bool) -> None:
    """Draw LOGs (logs, folders of logs, tidy tables) and their spans.

    \b
    Example:
      gesture show data/starter/p03/session.csv
      gesture show data/starter/p03/session.csv --out session.png
    """
    if out is not None and out.suffix not in SUFFIXES:
        raise UserError(f"--out is {out}: expected a file name with {' or '.join(SUFFIXES)}")
    recordings = load(logs)
    shown = recordings[:limit]
    if out is not None:
        from gesture_tools.drawing import picture

        write_atomic(out, picture(shown, out.suffix))
    if as_json:
        click.echo(json.dumps([_facts(recording) for recording in recordings], indent=2))
        return
    if out is None:
        from gesture_tools.drawing import terminal

        width = max(20, min(120, shutil.get_terminal_size().columns) - 16)
        for recording in shown:
            click.echo(_title(recording))
            for line in terminal(recording, width, _plain()):
                click.echo(line)
    else:
        click.echo(f"wrote {out}: {counted(len(shown), 'recording')}")
    if len(recordings) > len(shown):
        click.echo(f"not drawn: {len(recordings) - len(shown)} more (--limit)")
    if out is None:
        say_next("show", *logs, "--out", "logs.png")
    else:
        say_next("lint", *logs)
