"""One person's recordings in one go: single gestures cut out of the stream, stretches, cued sessions."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.exchange.filenames import slug
from gesture_tools.exchange.store import CONTINUOUS
from gesture_tools.recorder.cut import LONGEST_S, find_movements, whole
from gesture_tools.recorder.feed import Feed
from gesture_tools.recorder.judge import Verdict, check_face_up
from gesture_tools.recorder.meter import Meter
from gesture_tools.recorder.place import Place
from gesture_tools.recorder.recover import CUT, PENDING, assess, keep, salvage
from gesture_tools.recorder.source import Block, SourceLost, no_samples
from gesture_tools.recorder.ui import Choice, Ui
from gesture_tools.recorder.writer import Heading, PartWriter, remove_part
from gesture_tools.recordings import Recording, Span
from gesture_tools.words import counted

WAIT_S = 20.0
"""How long a take waits for a movement to begin, and a cue for one to follow."""

TRIES = 3
"""Takes refused in a row that end a session."""

LEAST_S = 1.0
"""A stretch that was broken off goes on when at least so much of it is left."""

LEAD_S = 2.0
PAUSE_S = (1.5, 3.0)
"""Quiet before a continuous session's first cue and after its last, and from a gesture to the next cue."""


@dataclass
class Tally:
    """What a session brought."""

    kept: list[Path] = field(default_factory=list)
    refused: int = 0
    quit: bool = False
    """Whether the user ended it."""
    failed: bool = False
    """Whether something that was to be recorded was refused."""


class Session:
    """Records what one source delivers, for one person.

    A source that is lost and comes back begins a new log: sample numbers and time begin anew. What was broken
    off is kept if it is whole, and the session goes on where it was.
    """

    def __init__(
        self,
        feed: Feed,
        place: Place,
        subject: str,
        session: str,
        header: dict[str, str],
        ui: Ui,
        *,
        countdown_s: float = 0.0,
        force: bool = False,
    ) -> None:
        self._feed = feed
        self._place = place
        self.subject = subject
        self._session = session
        self._header = header
        self._ui = ui
        self._countdown_s = countdown_s
        self._force = force
        self._axes: str | None = None
        self._left: Path | None = None
        """The part of what was broken off last and could not be kept."""
        self.tally = Tally()

    def check_axes(self) -> None:
        """Check, if the user says that the board lies face up, that its axes are the profile's.

        Raises UserError when they are not, unless takes are forced: then each is marked.
        """
        if not self._ui.wait_for_rest(self._feed.idle):
            self._header["axes"] = "unchecked"
            return
        self._axes = check_face_up(self._feed.at_rest(), self._place.profile.channels)
        if self._axes is None:
            self._header["axes"] = "checked face up"
            self._ui.tell("axes", "axes: right, face up at rest", axes="right")
        elif self._force:
            self._ui.tell("axes", f"axes: {self._axes}", axes=self._axes)
        else:
            raise UserError(f"{self._axes}; or give --force, and every take is marked")

    def takes(self, label: str, count: int) -> None:
        """Record count gestures of a label, each cut out of the stream; TRIES refused in a row end it.

        Who discards a take at a terminal goes on to the next; a script's refused take is tried again.
        """
        number, tries = 1, 0
        while number <= count and not self.tally.quit:
            refused, kept = self.tally.refused, len(self.tally.kept)
            try:
                choice = self._take(label, number, count)
            except SourceLost as lost:
                self._resume(lost)
                if len(self.tally.kept) > kept:
                    number += 1
                elif self._left is not None:
                    remove_part(self._left)  # the gesture is made again
                continue
            tries = tries + 1 if self.tally.refused > refused else 0
            if choice is Choice.KEEP or (choice is Choice.DISCARD and self._ui.asks):
                number += 1
                tries = 0
            elif tries == TRIES:
                self.tally.failed = True
                return

    def stretches(self, label: str, seconds: float, count: int) -> None:
        """Record count stretches of time as they are; one broken off goes on with what is left of it."""
        number, left = 1, seconds
        while number <= count and not self.tally.quit:
            meter = Meter(self._place.profile)
            try:
                choice = self._stretch(label, left, f"{label} {number}/{count}", meter)
            except SourceLost as lost:
                self._resume(lost)
                left -= meter.read().seconds
                choice = Choice.REDO if left >= LEAST_S else Choice.KEEP
            if choice is not Choice.REDO:
                number, left = number + 1, seconds

    def _stretch(self, label: str, seconds: float, phase: str, meter: Meter) -> Choice:
        self._count_down(phase)
        self._ui.tell("go", f"{phase}: recording {_length(seconds)}", label=label, seconds=seconds)
        with self._part(label, self._header) as writer:
            while meter.read().seconds < seconds and not self._ui.stop_wanted():
                self._feed.pump(meter, writer, f"{phase}, {_length(seconds)}")
        return self._settle(writer, label)

    def continuous(self, labels: list[str], count: int) -> None:
        """Record one stretch with count cued gestures of each label in it, as spans."""
        choice = Choice.REDO
        cues: list[str] = []
        while choice is Choice.REDO and not self.tally.quit:
            cues = cues or random.sample(labels * count, len(labels) * count)
            try:
                choice = self._continuous(cues, len(labels) * count)
            except SourceLost as lost:
                self._resume(lost)
                choice = Choice.REDO if cues else Choice.KEEP

    def _continuous(self, cues: list[str], count: int) -> Choice:
        """Record the cues that are left of count, taking each off the list when its gesture was made."""
        self._count_down("continuous session")
        self._ui.tell(
            "go", f"continuous session: {counted(len(cues), 'gesture')}, wait for each cue", cues=len(cues)
        )
        meter = Meter(self._place.profile)
        found, asked = 0, len(cues)
        with self._part(None, self._header) as writer:
            self._rest(meter, writer, LEAD_S)
            while cues and not self._ui.stop_wanted():
                label, number = cues[0], count - len(cues) + 1
                self._ui.tell("cue", f"{number}/{count}: {label}", label=label, number=number)
                span = self._cued(meter, writer, label)
                if span is None:
                    self._ui.tell("missed", f"no {label} seen", label=label, number=number)
                else:
                    writer.mark(span)
                    found += 1
                    seconds = (span.end_us - span.start_us) / 1e6
                    self._ui.tell("span", f"{label}: {seconds:.2f} s", label=label, seconds=seconds)
                del cues[0]
                self._rest(meter, writer, random.uniform(*PAUSE_S))
            self._rest(meter, writer, LEAD_S)
        if not found:
            self._ui.tell("missed", "no gesture was seen: this is background", label="", number=0)
        cues.clear()
        return self._settle(writer, f"continuous session, {found} of {asked} gestures")

    def _resume(self, lost: SourceLost) -> None:
        self.tally.quit = not self._feed.resume(lost)

    def _take(self, label: str, number: int, count: int) -> Choice:
        """Record one gesture; return what became of it."""
        self._count_down(f"{label} {number}/{count}")
        self._ui.tell("go", f"{label} {number}/{count}: go", label=label, number=number, count=count)
        meter = Meter(self._place.profile)
        with self._part(label, self._header | {CUT: PENDING}) as writer:
            problem = self._until_moved(meter, writer, f"{label} {number}/{count}: now")
        if problem is not None:
            if writer.path is not None:
                remove_part(writer.path)
            self.tally.refused += not self.tally.quit
            self._ui.tell("refused", f"{label}: {problem}", label=label, reasons=[problem])
            return Choice.REDO
        return self._settle(writer, label)

    def _until_moved(self, meter: Meter, writer: PartWriter, phase: str) -> str | None:
        """Record until a movement is over; return what was wrong if none came."""
        buffer = no_samples(len(self._place.profile.channels))
        rate = self._place.profile.rate_hz
        begin = time.monotonic()
        while True:
            block = self._feed.pump(meter, writer, phase)
            if self._ui.stop_wanted():
                self.tally.quit = True
                return "ended before a movement"
            if not len(block):
                continue
            buffer = Block.join([buffer, block])
            movements = find_movements(buffer.samples, rate)
            if whole(movements, len(buffer), rate):
                return None
            if movements and not movements[-1].quiet and len(buffer) - movements[-1].first > LONGEST_S * rate:
                return f"a movement of {LONGEST_S:g} s: expected one gesture, with rest before and after"
            if time.monotonic() - begin > WAIT_S and all(movement.quiet for movement in movements):
                return f"no movement within {WAIT_S:g} s"

    def _cued(self, meter: Meter, writer: PartWriter, label: str) -> Span | None:
        """Return the span of the movement that follows a cue; None when none does."""
        buffer = meter.recent  # what was before shows the hand's tremor; its movements do not count
        rate = self._place.profile.rate_hz
        begin_us = int(buffer.t_us[-1]) if len(buffer) else 0
        while True:
            block = self._feed.pump(meter, writer, f"now: {label}")
            buffer = Block.join([buffer, block])
            after = [
                movement
                for movement in find_movements(buffer.samples, rate)
                if buffer.t_us[movement.first] > begin_us
            ]
            if after and after[0].quiet:
                end = min(after[0].end, len(buffer) - 1)
                return Span(label, int(buffer.t_us[after[0].first]), int(buffer.t_us[end]))
            waited = (int(buffer.t_us[-1]) - begin_us) / 1e6 if len(buffer) else 0.0
            if waited > (WAIT_S if not after else WAIT_S + LONGEST_S):
                return None

    def _rest(self, meter: Meter, writer: PartWriter, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._feed.pump(meter, writer, "rest")

    @contextmanager
    def _part(self, label: str | None, header: dict[str, str]) -> Iterator[PartWriter]:
        """Open a recording. Whatever breaks it off, what is whole is kept, and the rest left where it is."""
        profile = self._place.profile
        header = {**header, "start": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        heading = Heading(label, self.subject, self._session, profile.channels, header)
        writer = PartWriter(
            self._place.folder / slug(self.subject), slug(label if label else CONTINUOUS), heading
        )
        self._feed.begin()
        try:
            yield writer
        except (Exception, KeyboardInterrupt, SystemExit):
            writer.close()
            if writer.path is not None:
                self._salvage(writer.path)
            raise
        finally:
            writer.close()

    def _salvage(self, part: Path) -> None:
        log, reason = salvage(part, self._place.profile, self._force, self._axes)
        self._left = part if log is None else None
        if log is not None:
            self.tally.kept.append(log)
            self._ui.tell("take", f"kept {log}: recorded until it was broken off", file=str(log), kept=True)
        else:
            self._ui.tell("left", f"left {part}: {reason}", file=str(part), reasons=[reason])

    def _settle(self, writer: PartWriter, what: str) -> Choice:
        """Judge what was recorded, and keep or remove it; return which.

        A whole recording that is refused stays as its part unless a person discards it: it took minutes.
        """
        part = writer.path
        if part is None:
            self._ui.tell("refused", f"{what}: nothing arrived", reasons=["nothing arrived"])
            self.tally.refused += 1
            return Choice.DISCARD
        left = assess(part, self._place.profile, self._axes)
        verdict, damage = left.verdict, self._feed.damage()
        marks = {}
        if damage.count:
            marks["malformed"] = str(damage.count)
            note = f"{damage.count} malformed lines or frames" + (damage.example and f": {damage.example!r}")
            verdict = replace(verdict, notes=(*verdict.notes, note))
        choice = self._ui.decide(left.recording, verdict, self._feed.idle)
        facts = {
            "label": left.recording.label,
            "seconds": round(left.recording.duration_s, 3),
            "samples": len(left.recording.t_us),
            "rate_hz": round(left.recording.rate_hz, 3),
            "spans": len(left.recording.spans),
            "reasons": list(verdict.reasons),
            "notes": list(verdict.notes),
        }
        if choice is Choice.KEEP:
            log = keep(part, left.recording, verdict, **marks)
            self.tally.kept.append(log)
            self._ui.tell("take", _kept(log, left.recording, verdict), file=str(log), kept=True, **facts)
            return choice
        self.tally.quit = choice is Choice.QUIT
        whole = left.recording.header.get(CUT) != PENDING
        if not verdict.passed and choice is Choice.DISCARD:
            self.tally.refused += 1
            self.tally.failed |= whole  # a gesture is tried again
        why = "; ".join(verdict.reasons) or choice.value
        self._ui.tell("take", f"{what}: not kept: {why}", file=None, kept=False, **facts)
        if whole and not verdict.passed and (choice is Choice.QUIT or not self._ui.asks):
            hint = "'gesture record' with --force keeps it at its next start; or remove it"
            self._ui.tell("left", f"left {part}: {hint}", file=str(part), reasons=[why])
        else:
            remove_part(part)
        return choice

    def _count_down(self, what: str) -> None:
        """Show the seconds until a recording begins."""
        meter = Meter(self._place.profile)
        end = time.monotonic() + self._countdown_s
        while (left := end - time.monotonic()) > 0:
            self._feed.pump(meter, None, f"{what}: in {math.ceil(left)}")


def _kept(log: Path, take: Recording, verdict: Verdict) -> str:
    words = [f"{take.duration_s:.2f} s", f"{take.rate_hz:.1f} Hz"]
    if take.label is None:
        words.append(counted(len(take.spans), "gesture"))
    if verdict.reasons:
        words.append(f"forced: {'; '.join(verdict.reasons)}")
    return f"kept {log}: {', '.join([*words, *verdict.notes])}"


def _length(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} min"
