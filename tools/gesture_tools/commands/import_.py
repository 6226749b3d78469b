"""``gesture import``: recordings of other tools into logs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gesture_tools.arguments import Rate
from gesture_tools.errors import UserError
from gesture_tools.following import say_next
from gesture_tools.progress import tracked
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.exchange import Format, Options
    from gesture_tools.recordings import Recording

NAMES = ("tidy", "arduino", "edge-impulse", "edge-impulse-cbor", "createai", "magic-wand")


def _files(form: Format, paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in sorted(paths):
        if not path.exists():
            raise UserError(
                f"{path} does not exist: expected a file or a folder of {' or '.join(form.patterns)}"
            )
        below = [path]
        if path.is_dir():
            below = sorted({file for pattern in form.patterns for file in path.rglob(pattern)})
            below = [file for file in below if file.is_file() and not file.name.startswith(".")]
        if not below:
            raise UserError(f"{path} holds no {' or '.join(form.patterns)}: expected files of {form.name}")
        files += [file for file in below if file not in files]
    return files


def _read(form: Format, paths: Sequence[Path], options: Options) -> list[Recording]:
    files = _files(form, paths)
    with tracked(files, "reading", len(files)) as taken:
        return [recording for file in taken for recording in form.read(file, options)]


def _renames(entries: Iterable[str]) -> dict[str, str]:
    table = {}
    for entry in entries:
        old, equals, new = entry.partition("=")
        if not equals or not old.strip() or not new.strip():
            raise UserError(f"--rename {entry!r}: expected OLD=NEW")
        table[old.strip()] = new.strip()
    return table


@click.command("import", short_help="Import recordings of other tools as logs.")
@click.argument("form", metavar="FORMAT", type=click.Choice(NAMES))
@click.argument("paths", metavar="PATH...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The data folder; it may exist.")
@click.option("--label", help="Label of all recordings, instead of what files or their names say.")
@click.option("--subject", help="Who made all recordings, instead of what files or their names say.")
@click.option("--session", help="Session of all recordings.")
@click.option(
    "--unit", type=click.Choice(("g", "mg", "m/s2")), help="Unit of the samples, where files are silent."
)
@click.option(
    "--rate", type=Rate(), help="Sampling rate in Hz, where files hold no times; rate of a new profile."
)
@click.option("--full-scale", type=int, help="Full scale of the sensor in milli-g, for a new profile.")
@click.option("--resample", is_flag=True, help="Bring recordings of other rates to the profile's.")
@click.option("--rename", multiple=True, metavar="OLD=NEW", help="Rename a label; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    form: str,
    paths: tuple[Path, ...],
    out: Path,
    label: str | None,
    subject: str | None,
    session: str | None,
    unit: str | None,
    rate: float | None,
    full_scale: int | None,
    resample: bool,
    rename: tuple[str, ...],
    as_json: bool,
) -> None:
    """Import PATHs (files or folders) of FORMAT into the data folder --out, as logs.

    A gesture.toml that holds there is obeyed: recordings that differ from it are refused. Otherwise one is
    written. No log is ever overwritten. Axes are taken as they are: a board that lies face up must read
    (0, 0, +1 g).

    \b
    Example:
      gesture import arduino punch.csv --rate 119 --subject anna --out mydata
      gesture import magic-wand data/ --rename negative=background --out mydata
    """
    from gesture_tools.exchange import FORMATS, Options
    from gesture_tools.exchange.pieces import even
    from gesture_tools.exchange.store import new_profile, profile_of, renamed, store
    from gesture_tools.profile import PROFILE_NAME

    labels = _renames(rename)
    options = Options(label, subject, session, unit, rate)
    recordings = [renamed(recording, labels) for recording in _read(FORMATS[form], paths, options)]
    holding = profile_of(out)
    changed = 0
    if resample:
        target = rate if holding is None else holding[1].rate_hz
        if target is None:
            raise UserError(
                f"expected --rate HZ beside --resample, or a {PROFILE_NAME} in {out}; found neither"
            )
        recordings, changed = even(recordings, target)
    if holding is None:
        holding = out / PROFILE_NAME, new_profile(recordings, rate, full_scale)
    profile_path, profile = holding
    is_new = not profile_path.exists()
    writing = partial(tracked, name="writing", count=len(recordings))
    written = store(recordings, out, profile, profile_path, writing)
    if as_json:
        document = {
            "profile": str(profile_path),
            "rate_hz": profile.rate_hz,
            "full_scale_mg": profile.full_scale_mg,
            "new_profile": is_new,
            "resampled": changed,
            "logs": [str(path) for path in written],
        }
        click.echo(json.dumps(document, indent=2))
        return
    verb = "wrote" if is_new else "kept to"
    click.echo(f"{verb} {profile_path}: {profile.rate_hz:g} Hz, +-{profile.full_scale_mg} milli-g")
    people = len({recording.subject for recording in recordings})
    also = f", {changed} of them resampled" if changed else ""
    who = counted(people, "person", "people")
    click.echo(f"wrote {counted(len(written), 'log')} of {who} to {out}{also}")
    say_next("lint", out)
