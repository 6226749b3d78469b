"""``gesture simulate``: what a device with this model would report on recorded logs, on the same C core."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gesture_tools.errors import UserError
from gesture_tools.expectation import check_replaceable, compare, expectation, read_expectation
from gesture_tools.files import write_atomic
from gesture_tools.following import say_next
from gesture_tools.loading import load
from gesture_tools.simulation import Detection, Simulation, gesture_labels, simulate
from gesture_tools.tally import SHORT_S, found_in, tally
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.contract import Contract
    from gesture_tools.runtime import Model


def _as_json(model_path: Path, model: Model, simulations: Sequence[Simulation]) -> dict[str, Any]:
    contract = model.require_contract()
    return {
        "model": str(model_path),
        "model_id": model.model_id,
        "interface_id": contract.interface_id,
        "rate_hz": contract.profile.rate_hz,
        "summary": asdict(tally(contract, simulations)),
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
        parts.append(f"{counted(simulation.lost, 'lost sample')}: begun anew behind each gap")
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
    if detections:
        yield from _table(simulation)
    if gestures:
        yield f"  {found_in(simulation)}", "bold"


def _table(simulation: Simulation) -> Iterator[tuple[str, str]]:
    detections, gestures = simulation.detections, simulation.gestures
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


def _show(simulations: Sequence[Simulation], contract: Contract) -> None:
    """Print the timelines, and of several what they come to."""
    _show_each(simulations, contract)
    if len(simulations) > 1:
        click.echo(f"in all: {tally(contract, simulations)}")


def _show_each(simulations: Iterable[Simulation], contract: Contract) -> None:
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


def _replaceable(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        check_replaceable(path)
    return path


@click.command("simulate", short_help="Show what a device would report on logs.")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("logs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one row per recording: batch prediction.")
@click.option("--expect", type=click.Path(path_type=Path), help="Fail unless exactly these events are found.")
@click.option(
    "--write-expect",
    type=click.Path(path_type=Path),
    callback=_replaceable,
    help="Write the events found, for --expect. It replaces only such files.",
)
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
      gesture simulate build/model/gesture.tflite data/starter/p03 --write-expect expect.csv
      gesture simulate build/model/gesture.tflite data/starter/p03 --expect expect.csv
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
    expected = read_expectation(expect, names, gesture_labels(contract)) if expect else {}
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
        events = counted(sum(map(len, expected.values())), "event")
        click.echo(f"as expected: {events} in {counted(len(names), 'recording')}")
        say_next("parity", model, logs[0])
    else:
        option = ["--expect", str(write_expect)] if write_expect else ["--write-expect", "expect.csv"]
        say_next("simulate", model, *logs, *option)
