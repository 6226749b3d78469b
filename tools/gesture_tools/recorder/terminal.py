"""Recording at a terminal: the stream drawn as it comes, a preview of each take, single keys to decide."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from gesture_tools.drawing import AXIS_NAMES, COLOURS, axis_lines, terminal
from gesture_tools.recorder.judge import Verdict
from gesture_tools.recorder.keys import Keys
from gesture_tools.recorder.measure import UNITS_MG
from gesture_tools.recorder.meter import Meter
from gesture_tools.recorder.source import Block
from gesture_tools.recorder.ui import Choice, Damage
from gesture_tools.recordings import Recording

DRAW_S = 0.1
"""Time between two pictures of the stream."""

LEAST_RANGE_MG = 2000
"""Range that the axes are drawn on at least, so that tremor looks like tremor."""

KEYS = {"r": Choice.REDO, "d": Choice.DISCARD, "q": Choice.QUIT}
KEEP_KEYS = dict.fromkeys("k \n\r", Choice.KEEP)
FORCE_KEYS = {"f": Choice.KEEP}
"""Keys that decide: those that keep a take which passes, and the one that keeps any other."""

UNIT_KEYS = {str(number): unit for number, unit in enumerate(UNITS_MG, 1)}


A = TypeVar("A")


class TerminalUi:
    """Shows the stream on a terminal and asks what becomes of each take; open it in a ``with``."""

    asks = True

    def __init__(self, force: bool, face_up: bool | None) -> None:
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._keys = Keys()
        self._force = force
        self._face_up = face_up
        self._drawn = 0.0
        self._plain = "utf" not in (sys.stdout.encoding or "").lower()

    def __enter__(self) -> TerminalUi:
        self._keys.__enter__()
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.update(Text(""), refresh=True)
        self._live.stop()
        self._keys.__exit__(kind, error, trace)

    def tell(self, event: str, text: str, **facts: Any) -> None:
        """Print a sentence above the stream; what asks for a movement is loud."""
        loud = dict.fromkeys(("go", "cue"), "bold green")
        style = loud | dict.fromkeys(("refused", "missed", "left", "lost"), "red")
        if event == "go" and ("seconds" in facts or "cues" in facts):
            text += "; q ends it"
        self._console.print(Text(text, style=style.get(event, "")))
        if event in ("go", "cue"):
            self._console.bell()

    def live(self, phase: str, meter: Meter, damage: Damage, on_disk: int) -> None:
        """Draw the last seconds of the stream and its figures."""
        now = time.monotonic()
        if now - self._drawn < DRAW_S:
            return
        self._drawn = now
        lines = [Text(phase, style="bold"), *self._axes(meter.recent), _figures(meter, damage)]
        self._live.update(Group(*lines), refresh=True)

    def stop_wanted(self) -> bool:
        """Whether q was pressed."""
        return self._keys.poll() == "q"

    def decide(self, take: Recording, verdict: Verdict, idle: Callable[[], None]) -> Choice:
        """Draw a take and its verdict, and wait for a key; keeping what is refused needs another one."""
        lines = [Text(line) for line in terminal(take, self._width(), self._plain)]
        for reason in verdict.reasons:
            lines.append(Text(f"  refused: {reason}", style="bold red"))
        for note in verdict.notes:
            lines.append(Text(f"  note: {note}", style="yellow"))
        passes = verdict.passed or self._force
        keep = "[k] keep" if passes else "[f] keep it all the same, marked"
        keys = KEYS | (KEEP_KEYS if passes else FORCE_KEYS)
        title = take.label or "continuous"
        head = Text(f"{title}: {take.duration_s:.2f} s, {take.rate_hz:.1f} Hz", style="bold")
        asked = Text(f"  {keep}   [r] redo   [d] discard   [q] quit", style="bold")
        return self._await_key(Group(head, *lines, asked), keys, idle)

    def wait_for_rest(self, idle: Callable[[], None]) -> bool:
        """Ask for the board to be laid face up."""
        if self._face_up is not None:
            return self._face_up
        asked = "Lay the board down, face up, and press a key to check its axes; s skips that"
        self._live.update(Text(asked, style="bold"), refresh=True)
        while True:
            idle()
            if key := self._keys.poll():
                self._live.update(Text(""), refresh=True)
                return key != "s"

    def choose_unit(self, reason: str, idle: Callable[[], None]) -> str | None:
        """Ask for one of the units by a number."""
        units = "   ".join(f"[{key}] {unit}" for key, unit in UNIT_KEYS.items())
        asked = Group(Text(reason), Text(f"  What does the sketch print?  {units}   [q] quit", style="bold"))
        return self._await_key(asked, UNIT_KEYS | {"q": None}, idle)

    def _await_key(self, shown: Group, answers: Mapping[str, A], idle: Callable[[], None]) -> A:
        """Show a question until one of its keys is pressed; return what that means."""
        while self._keys.poll():  # pressed before there was anything to decide
            pass
        self._live.update(shown, refresh=True)
        while True:
            idle()
            if (key := self._keys.poll() or "") in answers:
                self._live.update(Text(""), refresh=True)
                return answers[key]

    def _width(self) -> int:
        return max(20, min(100, self._console.width - 18))

    def _axes(self, recent: Block) -> list[Text]:
        if len(recent) < 2:
            return []
        values = recent.samples
        limits = (min(-LEAST_RANGE_MG, float(values.min())), max(LEAST_RANGE_MG, float(values.max())))
        lines = []
        for axis, name in zip(range(values.shape[1]), AXIS_NAMES.values(), strict=False):
            drawn = axis_lines(recent.t_us, values[:, axis], limits, self._width(), self._plain)
            for row, line in enumerate(drawn):
                end = f" {values[-1, axis] / 1000:+.2f} g" if row == len(drawn) // 2 else ""
                text = Text(f"  {name if end else ' '} |")
                text.append(line, style=COLOURS[axis])
                text.append(f"|{end}")
                lines.append(text)
        return lines


def _figures(meter: Meter, damage: Damage) -> Text:
    """Return the figures of a stream on one line; what should be 0 and is not, in red."""
    reading = meter.read()
    text = Text(f"  {reading.seconds:6.1f} s  {reading.rate_hz:6.1f} Hz  jitter {reading.jitter_ms:.1f} ms")
    for name, count in (
        ("gaps", reading.gaps),
        ("lost", reading.lost),
        ("clipped", reading.clipped),
        ("malformed", damage.count),
    ):
        text.append(f"  {name} {count}", style="bold red" if count else "")
    if damage.example:
        text.append(f"  {damage.example!r}", style="red")
    return text
