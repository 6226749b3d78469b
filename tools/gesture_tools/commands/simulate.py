"""``gesture simulate``: what a device with this model would report on recorded logs, on the same C core."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.files import read_text, write_atomic
from gesture_tools.recordings import BACKGROUND, Recording, Span, load
from gesture_tools.resample import at_rate
from gesture_tools.verdict import MATCH_SLACK_US, Verdict, check_channels, match, verdicts

if TYPE_CHECKING:
    from gesture_tools.contract import Contract
    from gesture_tools.runtime import Model

EXPECT_COLUMNS = ("log", "label", "start_s", "end_s")

SHORT_S = 10.0
"""Labelled recordings up to this long are shown with their verdict."""


@dataclass(frozen=True)
class Detection:
    """An event of the simulated device, in microseconds since the log's first sample."""

    label: str
    score: float
    start_us: int
    """First sample of the windows that made it."""
    time_us: int
    """When it was reported."""
    gesture: int | None
    """Index of the labelled gesture that it matches."""


@dataclass(frozen=True)
class Simulation:
    """What the model makes of one recording."""

    recording: Recording
    """As the model saw it."""
    measured_hz: float
    resampled: bool
    lost: int
    gestures: tuple[Span, ...]
    """Labelled gestures that the model knows, in microseconds since the first sample."""
    detections: tuple[Detection, ...]
    verdict: Verdict


def simulate(model: Model, recordings: Iterable[Recording]) -> list[Simulation]:
    """Run the model's stream on each recording, from a reset, at the model's rate."""
    from gesture_tools.runtime import Stream

    contract = model.require_contract()
    profile = contract.profile
    stream = Stream(model)
    given = list(recordings)
    for recording in given:
        check_channels(contract, recording)
    ready = [at_rate(recording, profile.rate_hz, profile.rate_tolerance) for recording in given]
    simulations = []
    for before, recording, verdict in zip(given, ready, verdicts(model, ready), strict=True):
        stream.reset()
        events = stream.push(np.ascontiguousarray(recording.samples))
        times = (recording.t_us - recording.t_us[0]).tolist()
        gestures = _gestures(contract, recording)
        matched = match([(event.label, times[event.end - 1]) for event in events], gestures)
        simulations.append(
            Simulation(
                recording=recording,
                measured_hz=before.rate_hz,
                resampled=recording is not before,
                lost=before.lost,
                gestures=gestures,
                detections=tuple(
                    Detection(event.label, event.score, times[event.start], times[event.end - 1], index)
                    for event, index in zip(events, matched, strict=True)
                ),
                verdict=verdict,
            )
        )
    return simulations


def _gestures(contract: Contract, recording: Recording) -> tuple[Span, ...]:
    known = set(_gesture_labels(contract))
    first = int(recording.t_us[0])
    return tuple(
        Span(span.label, span.start_us - first, span.end_us - first)
        for span in recording.spans
        if span.label in known
    )


def _gesture_labels(contract: Contract) -> list[str]:
    return [
        label
        for index, label in enumerate(contract.labels)
        if index != contract.background and label != BACKGROUND
    ]


def read_expectation(path: Path, logs: Sequence[str], labels: Sequence[str]) -> dict[str, list[Span]]:
    """Read expected events (columns EXPECT_COLUMNS, times in seconds since a log's first sample).

    Returns them per log, for every one of logs. Raises UserError for a malformed line, a label that is not
    among labels and a log that is not among logs.
    """
    expected: dict[str, list[Span]] = {log: [] for log in logs}
    lines = [line if not line.startswith("#") else "" for line in read_text(path).splitlines()]
    rows = csv.reader(lines)
    names = next((row for row in rows if row), [])
    if missing := [name for name in EXPECT_COLUMNS if name not in names]:
        raise UserError(f"{path}: missing columns: {', '.join(missing)}; expected {','.join(EXPECT_COLUMNS)}")
    for row in rows:
        if not row:
            continue
        where = f"{path}, line {rows.line_num}"
        if len(row) != len(names):
            raise UserError(f"{where}: expected {len(names)} columns, found {len(row)}")
        entry = dict(zip(names, row, strict=True))
        log, label = entry["log"].strip().removesuffix(".csv"), entry["label"].strip()
        start, end = _seconds(where, "start_s", entry), _seconds(where, "end_s", entry)
        if end < start:
            raise UserError(f"{where}: end_s is {end:g}, before start_s {start:g}")
        if label not in labels:
            raise UserError(
                f"{where}: the model has no gesture {label!r}: expected one of {', '.join(labels)}"
            )
        if log not in expected:
            raise UserError(f"{where}: the log {log!r} is not among those given: {_some(logs)}")
        expected[log].append(Span(label, round(start * 1e6), round(end * 1e6)))
    return expected


def _seconds(where: str, name: str, entry: Mapping[str, str]) -> float:
    try:
        value = float(entry[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{where}, column {name}: expected seconds, found {entry[name]!r}")
    return value


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def compare(simulation: Simulation, expected: Sequence[Span]) -> list[str]:
    """Return one line for each expected event that was missed and each detection that was not expected."""
    name = simulation.recording.id
    found = match([(d.label, d.time_us) for d in simulation.detections], expected)
    slack = MATCH_SLACK_US
    lines = [
        f"{name}: missed {span.label}, expected from {span.start_us / 1e6:.2f} "
        f"to {(span.end_us + slack) / 1e6:.2f} s"
        for index, span in enumerate(expected)
        if index not in found
    ]
    lines += [
        f"{name}: false activation: {d.label} at {d.time_us / 1e6:.2f} s (score {d.score:.2f})"
        for d, index in zip(simulation.detections, found, strict=True)
        if index is None
    ]
    return lines


def expectation(simulations: Iterable[Simulation]) -> str:
    """Return the events found as the text of a file for --expect."""
    text = io.StringIO()
    text.write(
        "# Events expected by 'gesture simulate --expect', written by --write-expect. A log without a\n"
    )
    text.write("# line here must stay silent. Each event is due from start_s to end_s + 0.5 s.\n")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(EXPECT_COLUMNS)
    for simulation in simulations:
        for d in simulation.detections:
            times = (f"{d.start_us / 1e6:.3f}", f"{d.time_us / 1e6:.3f}")
            rows.writerow((simulation.recording.id, d.label, *times))
    return text.getvalue()


def _as_json(model_path: Path, model: Model, simulations: Iterable[Simulation]) -> dict[str, Any]:
    contract = model.require_contract()
    return {
        "model": str(model_path),
        "model_id": model.model_id,
        "interface_id": contract.interface_id,
        "rate_hz": contract.profile.rate_hz,
        "logs": [_log_as_json(simulation) for simulation in simulations],
    }


def _log_as_json(simulation: Simulation) -> dict[str, Any]:
    recording, verdict = simulation.recording, simulation.verdict
    found = {d.gesture for d in simulation.detections}
    return {
        "id": recording.id,
        "label": recording.label,
        "subject": recording.subject,
        "duration_s": round(recording.duration_s, 6),
        "measured_hz": round(simulation.measured_hz, 3),
        "resampled": simulation.resampled,
        "lost": simulation.lost,
        "verdict": {"label": verdict.label, "score": round(float(verdict.scores.max()), 6)},
        "events": [
            {
                "label": d.label,
                "score": round(d.score, 6),
                "start_s": d.start_us / 1e6,
                "time_s": d.time_us / 1e6,
                "latency_s": _latency_s(simulation, d),
            }
            for d in simulation.detections
        ],
        "gestures": [
            {
                "label": span.label,
                "start_s": span.start_us / 1e6,
                "end_s": span.end_us / 1e6,
                "found": index in found,
            }
            for index, span in enumerate(simulation.gestures)
        ],
    }


def _latency_s(simulation: Simulation, detection: Detection) -> float | None:
    if detection.gesture is None:
        return None
    return (detection.time_us - simulation.gestures[detection.gesture].end_us) / 1e6


def _as_csv(simulations: Iterable[Simulation]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("id", "label", "subject", "verdict", "score", "events"))
    for simulation in simulations:
        recording, verdict = simulation.recording, simulation.verdict
        score = f"{verdict.scores.max():.4f}"
        row = (recording.id, recording.label or "", recording.subject, verdict.label, score)
        rows.writerow((*row, len(simulation.detections)))
    return text.getvalue()


def _as_text(simulation: Simulation, contract: Contract, width: int) -> Iterator[tuple[str, str]]:
    """Yield the lines of one log's timeline and table, each with the style it has on a terminal."""
    recording, detections, gestures = simulation.recording, simulation.detections, simulation.gestures
    duration = int(recording.t_us[-1] - recording.t_us[0])
    parts = [f"{duration / 1e6:.2f} s", recording.label or "continuous", f"subject {recording.subject}"]
    if simulation.lost:
        parts.append(f"{simulation.lost} lost samples bridged")
    if simulation.resampled:
        parts.append(f"resampled from {simulation.measured_hz:.1f} to {contract.profile.rate_hz:g} Hz")
    yield f"{recording.id}: {', '.join(parts)}", "bold"
    if gestures:
        yield f"  gestures |{_bar([(s.start_us, s.end_us) for s in gestures], duration, width, '=')}|", "cyan"
    yield f"  events   |{_bar([(d.time_us, d.time_us) for d in detections], duration, width, '^')}|", ""
    if recording.label is not None and duration <= SHORT_S * 1e6:
        verdict = simulation.verdict
        right = recording.label == verdict.label
        style = "" if recording.label not in contract.labels else "green" if right else "red"
        yield f"  verdict  {verdict.label} ({verdict.scores.max():.2f})", style
    if len(recording.t_us) < contract.window:
        yield f"  shorter than the model's window of {contract.window} samples: no event possible", "dim"
    if not detections:
        return
    size = max(len(d.label) for d in detections)
    yield f"  {'time':>10}  {'label':<{size}}  score" + ("  latency" if gestures else ""), "dim"
    for d in detections:
        late = _latency_s(simulation, d)
        note = (
            ""
            if not gestures
            else "  outside every gesture of its label"
            if late is None
            else f"  {late:+5.2f} s"
        )
        style = "" if not gestures else "red" if late is None else "green"
        yield f"  {d.time_us / 1e6:>8.2f} s  {d.label:<{size}}  {d.score:5.2f}{note}", style


def _bar(marks: Iterable[tuple[int, int]], duration: int, width: int, mark: str) -> str:
    """Draw marks (start, end) within 0 to duration on a line of width characters."""
    cells = ["-"] * width
    for start, end in marks:
        first, last = (min(width - 1, max(0, time) * width // duration) for time in (start, end))
        cells[first : last + 1] = mark * (last + 1 - first)
    return "".join(cells)


def _show(simulations: Iterable[Simulation], contract: Contract) -> None:
    """Print the timelines: in colour on a terminal, as plain text elsewhere."""
    if not sys.stdout.isatty():
        for simulation in simulations:
            for text, _ in _as_text(simulation, contract, 60):
                click.echo(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    width = max(20, min(100, shutil.get_terminal_size().columns) - 14)
    for simulation in simulations:
        for text, style in _as_text(simulation, contract, width):
            console.print(Text(text, style), soft_wrap=True)


@click.command("simulate")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("logs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one row per recording: batch prediction.")
@click.option("--expect", type=click.Path(path_type=Path), help="Fail unless exactly these events are found.")
@click.option("--write-expect", type=click.Path(path_type=Path), help="Write the events found, for --expect.")
def command(
    model: Path,
    logs: tuple[Path, ...],
    as_json: bool,
    as_csv: bool,
    expect: Path | None,
    write_expect: Path | None,
) -> None:
    """Show what a device with MODEL would report on LOGS: logs, folders of logs or tidy tables.

    Logs of another rate are resampled to the model's. With --expect FILE (CSV: log,label,start_s,end_s) the
    exit code is 1 when an event is missing, comes twice, or is not in the file.

    \b
    Example:
      gesture simulate model/gesture.tflite takes/ --write-expect expect.csv
      gesture simulate model/gesture.tflite takes/ --expect expect.csv
    """
    if as_json and as_csv:
        raise UserError("expected --json or --csv, found both")
    if expect and write_expect:
        raise UserError("expected --expect or --write-expect, found both")
    from gesture_tools.runtime import Model

    loaded = Model.load(model)
    contract = loaded.require_contract()
    recordings = load(logs)
    names = [recording.id for recording in recordings]
    expected = read_expectation(expect, names, _gesture_labels(contract)) if expect else {}
    simulations = simulate(loaded, recordings)
    failures = [line for s in simulations for line in compare(s, expected[s.recording.id])] if expect else []
    if write_expect:
        write_atomic(write_expect, expectation(simulations))
    if as_json:
        document = _as_json(model, loaded, simulations)
        if expect:
            document |= {"passed": not failures, "failures": failures}
        click.echo(json.dumps(document, indent=2))
    elif as_csv:
        click.echo(_as_csv(simulations), nl=False)
    else:
        _show(simulations, contract)
    for line in failures:
        click.echo(f"FAIL {line}", err=True)
    if failures:
        raise click.exceptions.Exit(1)
    if as_json or as_csv:
        return
    if expect:
        click.echo(f"as expected: {sum(map(len, expected.values()))} events in {len(names)} recordings")
        click.echo(f"next: {shlex.join(['gesture', 'parity', str(model), str(logs[0])])}")
    else:
        option = ["--expect", str(write_expect)] if write_expect else ["--write-expect", "expect.csv"]
        click.echo(f"next: {shlex.join(['gesture', 'simulate', str(model), *map(str, logs), *option])}")
