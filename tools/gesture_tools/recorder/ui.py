"""How a recording is shown and steered: an interface, and the two ways for scripts, plain lines and JSON."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import click

from gesture_tools.recorder.judge import Verdict
from gesture_tools.recorder.meter import Meter
from gesture_tools.recordings import Recording


class Choice(enum.Enum):
    """What becomes of a take."""

    KEEP = "keep"
    REDO = "redo"
    DISCARD = "discard"
    QUIT = "quit"


@dataclass(frozen=True)
class Damage:
    """Messages of this recording that came damaged."""

    count: int = 0
    example: str = ""
    """The last of them, where it can be shown."""


class Ui(Protocol):
    """Shows what happens, and decides."""

    asks: bool
    """Whether somebody is there to decide."""

    def tell(self, event: str, text: str, **facts: Any) -> None:
        """Say one thing that happened: a sentence for people, its name and facts for machines."""

    def live(self, phase: str, meter: Meter, damage: Damage, on_disk: int) -> None:
        """Show the stream; called often. on_disk: samples of this recording that are written."""

    def stop_wanted(self) -> bool:
        """Whether the recording that goes on is to end now."""

    def decide(self, take: Recording, verdict: Verdict, idle: Callable[[], None]) -> Choice:
        """Return what becomes of a take; idle is to be called now and then while waiting for an answer."""

    def wait_for_rest(self, idle: Callable[[], None]) -> bool:
        """Ask for the board to be laid face up; return whether its axes are to be checked."""

    def choose_unit(self, reason: str, idle: Callable[[], None]) -> str | None:
        """Ask for the unit of a sketch's numbers, of UNITS_MG, that cannot be measured for a reason.

        None: nobody knows.
        """


class PlainUi:
    """For scripts: a line or a JSON document for each event, nothing asked.

    A take is kept if it passes, or if force is given; face_up: whether the board is said to lie face up at
    the start.
    """

    asks = False

    def __init__(self, as_json: bool, force: bool, face_up: bool) -> None:
        self._as_json = as_json
        self._force = force
        self._face_up = face_up
        self._shown_s = -1.0

    def tell(self, event: str, text: str, **facts: Any) -> None:
        """Print a line."""
        self._shown_s = -1.0
        self._print(event, text, facts)

    def live(self, phase: str, meter: Meter, damage: Damage, on_disk: int) -> None:
        """Print the figures once a second of the stream, as JSON; as text, every tenth second."""
        reading = meter.read()
        due = 1.0 if self._as_json else 10.0
        if on_disk and not 0 <= reading.seconds - self._shown_s < due:
            self._shown_s = reading.seconds
            self._print(
                "progress",
                f"{phase}: {reading.seconds:.0f} s, {reading.rate_hz:.1f} Hz, {reading.gaps} gaps, "
                f"{reading.lost} lost, {reading.clipped} clipped, {damage.count} malformed"
                + (f" ({damage.example})" if damage.example else ""),
                {
                    "on_disk": on_disk,
                    "seconds": round(reading.seconds, 3),
                    "rate_hz": round(reading.rate_hz, 3),
                    "jitter_ms": round(reading.jitter_ms, 3),
                    "gaps": reading.gaps,
                    "lost": reading.lost,
                    "clipped": reading.clipped,
                    "malformed": damage.count,
                    "example": damage.example,
                },
            )

    def stop_wanted(self) -> bool:
        """Never: it ends by time, or by Ctrl-C."""
        return False

    def decide(self, take: Recording, verdict: Verdict, idle: Callable[[], None]) -> Choice:
        """Keep what passes."""
        return Choice.KEEP if verdict.passed or self._force else Choice.DISCARD

    def wait_for_rest(self, idle: Callable[[], None]) -> bool:
        """Return what the options say."""
        return self._face_up

    def choose_unit(self, reason: str, idle: Callable[[], None]) -> str | None:
        """Nobody is there to know."""
        return None

    def _print(self, event: str, text: str, facts: dict[str, Any]) -> None:
        click.echo(json.dumps({"event": event, **facts}) if self._as_json else text)
