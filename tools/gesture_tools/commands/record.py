"""``gesture record``: gestures from a board or a sketch, checked while they are recorded, into logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.arguments import Finite
from gesture_tools.errors import UserError
from gesture_tools.following import following
from gesture_tools.port import BAUD, find_again, find_ports
from gesture_tools.recordings import BACKGROUND

if TYPE_CHECKING:
    from gesture_tools.profile import Profile
    from gesture_tools.recorder.session import Session
    from gesture_tools.recorder.source import Source
    from gesture_tools.recorder.ui import Ui

COUNT = 10
MINUTES = 5.0
COUNTDOWN_S = 3.0
WAIT_S = 60.0


def _ask(option: str, value: str | None, question: str, default: str | None, tty: bool) -> str:
    """Return an option's value, or the answer to a question where somebody can answer."""
    if value is not None:
        return value
    if tty:
        return str(click.prompt(question, default=default))
    if default is None:
        raise UserError(f"expected {option} NAME: {question}")
    return default


def _open(url: str, options: dict[str, Any], profile: Profile | None, ui: Ui) -> Source:
    from gesture_tools.recorder.opening import open_source
    from gesture_tools.recorder.text import Asked

    asked = Asked(options["unit"], options["lsb_per_g"], options["rate"], options["full_scale"])
    source = open_source(url, options["baud"], asked, profile, ui)
    header, found = source.facts.header, source.facts.profile
    text = f"{url}: {header['board']}, {found.rate_hz:g} Hz, +-{found.full_scale_mg} milli-g"
    if "unit" in header:
        text += f", unit {header['unit']}; unverified: {header['unverified']}"
    ui.tell("source", text, port=url, rate_hz=found.rate_hz, full_scale_mg=found.full_scale_mg, **header)
    return source


def _reopen(url: str, baud: int) -> Callable[[Source], Source]:
    """Return what opens a lost source again, under the name that its port has then."""
    from gesture_tools.recorder.opening import reopen_source

    known = {port.url: port for port in find_ports()}.get(url)
    return lambda lost: reopen_source(find_again(url, known), baud, lost)


def _recover(folder: Path, profile: Profile, force: bool, ui: Ui) -> None:
    """Keep what an earlier recording that was broken off has left in the folder."""
    from gesture_tools.recorder.recover import salvage
    from gesture_tools.recorder.writer import left_parts

    for part in left_parts(folder):
        log, reason = salvage(part, profile, force)
        if log is not None:
            ui.tell("recovered", f"recovered {log}, left by an earlier recording", file=str(log))
        else:
            ui.tell(
                "left",
                f"left {part} of an earlier time: {reason}; look at it with 'gesture show', or remove it",
                file=str(part),
                reasons=[reason],
            )


def _conclude(session: Session, out: Path, labels: tuple[str, ...], port: str | None, ui: Ui) -> None:
    """Say what was kept, and what to type next."""
    tally = session.tally
    words = ["lint", out]
    if tally.kept and BACKGROUND not in labels and not any(out.rglob(f"{BACKGROUND}_*.csv")):
        words = ["record", BACKGROUND, "--subject", session.subject, "--out", out]
        words += ["--port", port] if port else []
    step = following(*words)
    ui.tell(
        "done",
        f"{len(tally.kept)} kept, {tally.refused} refused\nnext: {step}",
        kept=[str(path) for path in tally.kept],
        refused=tally.refused,
        next=step,
    )


def _record(session: Session, labels: tuple[str, ...], options: dict[str, Any]) -> None:
    """Record what the options ask for."""
    if options["continuous"]:
        session.continuous(list(labels), options["count"] or 3)
        return
    for label in labels:
        seconds = options["seconds"]
        if options["minutes"] is not None:
            seconds = options["minutes"] * 60
        elif label == BACKGROUND and seconds is None:
            seconds = MINUTES * 60
        if seconds is None:
            session.takes(label, options["count"] or COUNT)
        else:
            session.stretches(label, seconds, options["count"] or 1)


@click.command("record", short_help="Record gestures from a board or a sketch.")
@click.argument("labels", metavar="LABEL...", nargs=-1, required=True)
@click.option("--port", help="Device or address; default: the only one that answers ('gesture ports').")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The data folder; may be new.")
@click.option("--subject", help="Who makes the gestures; asked for on a terminal.")
@click.option("--session", "session_name", help="Name of this sitting; default: today's date.")
@click.option("--count", type=click.IntRange(1, 1000), help="Takes of each label; default: 10 (cued: 3).")
@click.option("--minutes", type=Finite(0, 1440, min_open=True), help="Record so long, uncut.")
@click.option("--seconds", type=Finite(0.1, 600), help="Record so long, uncut.")
@click.option("--continuous", is_flag=True, help="One recording with cued gestures, marked as spans.")
@click.option("--countdown", type=Finite(0, 60), help="Seconds before a take; terminal: 3, else 0.")
@click.option("--face-up/--no-face-up", default=None, help="The board lies face up at first: check its axes.")
@click.option("--force", is_flag=True, help="Keep takes that break the profile, marked in the log.")
@click.option("--baud", type=click.IntRange(50, 4_000_000), default=BAUD, show_default=True)
@click.option(
    "--unit", type=click.Choice(("g", "mg", "m/s2")), help="Unit of a sketch; default: measured, or asked."
)
@click.option("--lsb-per-g", type=Finite(1, 1e6), help="A sketch prints raw counts, so many per g.")
@click.option("--rate", type=Finite(5, 1000), help="Rate of a sketch in Hz; default: measured.")
@click.option("--full-scale", type=click.IntRange(1, 32767), help="A sketch's range, milli-g; default: 4000.")
@click.option(
    "--wait",
    type=Finite(0, 3600),
    default=WAIT_S,
    show_default=True,
    help="Seconds to wait for a board that is gone; 0: end.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document a line; ask nothing.")
def command(labels: tuple[str, ...], **options: Any) -> None:
    """Record gestures LABEL... of one person into the data folder --out.

    The port is a tinygesture board, or any sketch that prints lines x,y,z. Each gesture is cut out of the
    stream, judged, and kept as a log; 'background' is recorded for minutes as it is. The first recording
    writes gesture.toml; later ones must fit it. Exits with 1 when something that was asked for was refused.

    \b
    Example:
      gesture record shake_left --count 10 --out mydata
      gesture record background --minutes 30 --subject anna --out mydata
      gesture record shake_left circle --continuous --port /dev/ttyACM0 --out mydata
    """
    from gesture_tools.recorder.feed import Feed
    from gesture_tools.recorder.opening import the_only_port
    from gesture_tools.recorder.place import check_names, holding_profile, take_place
    from gesture_tools.recorder.session import Session

    as_json, force, out = options["as_json"], options["force"], options["out"]
    tty = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    if (options["minutes"] is not None) + (options["seconds"] is not None) + options["continuous"] > 1:
        raise UserError("expected one of --minutes, --seconds and --continuous, found more")
    holding = holding_profile(out)
    subject = _ask("--subject", options["subject"], "who makes the gestures?", None, tty)
    sitting = _ask(
        "--session", options["session_name"], "name of this sitting", time.strftime("%Y-%m-%d"), tty
    )
    check_names(out, list(labels), subject, sitting)
    countdown = options["countdown"]
    with ExitStack() as stack:
        ui: Ui
        if tty:
            from gesture_tools.recorder.terminal import TerminalUi

            ui = stack.enter_context(TerminalUi(force, options["face_up"]))
        else:
            from gesture_tools.recorder.ui import PlainUi

            ui = PlainUi(as_json, force, bool(options["face_up"]))
        if holding is not None:
            _recover(out, holding[1], force, ui)
        url = options["port"] or the_only_port(options["baud"])
        source = _open(url, options, holding[1] if holding else None, ui)
        stack.callback(source.close)
        place = take_place(out, source.facts.profile)
        if place.is_new:
            ui.tell("profile", f"wrote {place.profile_path}", file=str(place.profile_path))
        header = {
            **source.facts.header,
            "rate_hz": f"{place.profile.rate_hz:g}",
            "full_scale_mg": str(place.profile.full_scale_mg),
            "frame": place.profile.frame,
            "made_by": f"gesture record, tinygesture {metadata.version('tinygesture')}",
        }
        feed = Feed(source, place.profile, ui, _reopen(url, options["baud"]), options["wait"])
        stack.callback(feed.close)
        session = Session(
            feed,
            place,
            subject,
            sitting,
            header,
            ui,
            countdown_s=(COUNTDOWN_S if tty else 0.0) if countdown is None else countdown,
            force=force,
        )
        try:
            session.check_axes()
            _record(session, labels, options)
        finally:
            _conclude(session, out, labels, options["port"], ui)
    if session.tally.failed:
        raise click.exceptions.Exit(1)
