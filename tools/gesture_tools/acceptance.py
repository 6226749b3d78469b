"""The acceptance test of a board: who it is, its sensor at rest, logs replayed byte for byte, statistics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.link import (
    BoardSilent,
    Counts,
    Link,
    Lost,
    Samples,
    Statistics,
    fault_text,
    refusal_text,
)
from gesture_tools.words import counted

if TYPE_CHECKING:
    from gesture_tools.recordings import Recording
    from gesture_tools.runtime import Event, Model

REST_S = 1.0
REST_PATIENCE_S = 5.0
GRAVITY_MG = 1000
GRAVITY_OFF_MG = 120
"""A part at rest may be off by its zero-g offset and sensitivity; data sheets allow 40 mg an axis and 4 %."""
NOISE_MG = 30.0
"""Largest standard deviation of an axis at rest."""
WALK_SEED, WALK_SAMPLES = 20, 1500

RUNNING, REFUSED = 0, 1
"""States of a HELLO."""

PASS, FAIL, SKIP = "pass", "fail", "skip"


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    verdict: str
    """PASS, FAIL or SKIP."""
    found: str
    expected: str = ""


Told = Callable[[Check], None]


def accept(
    link: Link,
    model: Model,
    logs: Sequence[Recording] = (),
    *,
    with_sensor: bool = True,
    board: str | None = None,
    told: Told | None = None,
) -> list[Check]:
    """Run the acceptance test on a board and return what was found.

    logs are replayed at the model's rate; without any, a walk through all of the sensor's range is. With
    with_sensor false a board without its sensor (an emulated one) is tested as far as it goes. told is called
    with each check as it is done. Raises UserError when the board falls silent.
    """
    checks = []
    for check in _checks(link, model, logs, with_sensor, board):
        checks.append(check)
        if told is not None:
            told(check)
    return checks


def _checks(
    link: Link, model: Model, logs: Sequence[Recording], with_sensor: bool, board: str | None
) -> Iterator[Check]:
    hello = link.hello
    before, heard = link.statistics(), link.counts
    yield Check("protocol", PASS, f"version {hello.lowest} to {hello.highest}")
    yield _equal("board", hello.board, board)
    yield _equal("model", hello.model_id, model.model_id)
    yield _equal("interface", hello.interface_id, model.require_contract().interface_id)
    yield _self_test(link, model)
    if with_sensor:
        yield from _rest(link)
    else:
        yield Check("sensor", SKIP, "left out", "")
        yield Check("rest", SKIP, "left out", "")
    yield from _replays(link, model, logs)
    yield from _statistics(link, before, heard)


def _equal(name: str, found: str, expected: str | None) -> Check:
    if expected is None or found == expected:
        return Check(name, PASS, found)
    return Check(name, FAIL, found, expected)


def _self_test(link: Link, model: Model) -> Check:
    """Tell of the self-test at the start: a board whose model failed it has refused the model."""
    cases = len(model.require_contract().self_tests)
    if link.hello.state == REFUSED:
        why = "no reason told" if link.refusal is None else refusal_text(link.refusal)
        return Check("self-test", FAIL, why, f"{cases} cases, byte for byte")
    return Check("self-test", PASS, f"{cases} cases at the start, byte for byte")


def _rest(link: Link) -> Iterator[Check]:
    """One second of the sensor, lying still."""
    hello = link.hello
    if hello.state != RUNNING:
        why = "no reason told" if link.refusal is None else refusal_text(link.refusal)
        yield Check("sensor", FAIL, why, "a sensor that answers")
        yield Check("rest", SKIP, "no samples", "")
        return
    yield Check("sensor", PASS, f"{hello.sensor}, {hello.rate_hz:g} Hz, {hello.full_scale_mg} mg")
    wanted = max(10, round(REST_S * hello.rate_hz) + 1)
    values, times, lost = _listen(link, wanted)
    if len(values) < wanted:
        yield Check("samples", FAIL, f"{len(values)} in {REST_PATIENCE_S:g} s", f"{wanted}")
        return
    yield Check("samples", FAIL if lost else PASS, f"{len(values)}, {lost} lost", "none lost" if lost else "")
    gravity = float(np.linalg.norm(values.mean(axis=0)))
    mean = ", ".join(f"{value:.0f}" for value in values.mean(axis=0))
    fine = abs(gravity - GRAVITY_MG) <= GRAVITY_OFF_MG
    expected = f"{GRAVITY_MG} mg within {GRAVITY_OFF_MG}: is the board at rest?"
    yield Check("gravity", PASS if fine else FAIL, f"{gravity:.0f} mg at ({mean})", "" if fine else expected)
    noise = float(values.std(axis=0).max())
    fine = noise <= NOISE_MG
    expected = f"{NOISE_MG:g} mg at most: does the board lie still? An emulated one: --no-sensor"
    yield Check("noise", PASS if fine else FAIL, f"{noise:.1f} mg", "" if fine else expected)
    rate = 1e6 * (len(times) - 1) / float(times[-1] - times[0])
    tolerance = hello.rate_tolerance_permille / 1000
    contract_rate = hello.contract_rate_mhz / 1000
    fine = abs(rate - contract_rate) <= tolerance * contract_rate
    expected = f"{contract_rate:g} Hz within {100 * tolerance:g} %"
    yield Check(
        "rate", PASS if fine else FAIL, f"{rate:.2f} Hz by the board's clock", "" if fine else expected
    )


def _listen(link: Link, wanted: int) -> tuple[NDArray[np.int16], NDArray[np.int64], int]:
    """Return samples (n, channels), their times in microseconds, and how many were lost."""
    values: list[NDArray[np.int16]] = []
    times: list[NDArray[np.int64]] = []
    lost = count = 0
    link.start_sampling(events=False)
    end = time.monotonic() + REST_PATIENCE_S
    for message in link.messages(REST_PATIENCE_S):
        if isinstance(message, Samples):
            values.append(message.values)
            times.append(np.asarray(message.t_us, np.int64))
            count += len(message.values)
        elif isinstance(message, Lost):
            lost += message.samples
        if count >= wanted or time.monotonic() > end:
            break
    link.stop()
    if not values:
        return np.zeros((0, 3), np.int16), np.zeros(0, np.int64), lost
    return np.concatenate(values), np.concatenate(times), lost


def walk(channels: int, full_scale_mg: int) -> NDArray[np.int16]:
    """Return the log that is replayed when none is given: a walk through all of a sensor's range."""
    steps = np.random.default_rng(WALK_SEED).normal(0, full_scale_mg / 16, (WALK_SAMPLES, channels))
    turn = 4 * full_scale_mg
    folded = np.abs((np.cumsum(steps, axis=0) + full_scale_mg) % turn - turn / 2) - full_scale_mg
    return folded.astype(np.int16)


def _replays(link: Link, model: Model, logs: Sequence[Recording]) -> Iterator[Check]:
    """Replay logs at the model's rate; the walk where they hold no window."""
    from gesture_tools.emulation import at_model_rate

    profile = model.require_contract().profile
    if link.hello.model_id != model.model_id:
        yield Check("replay", SKIP, "the board has another model", "")
        return
    window = model.require_contract().window
    recordings = [(log.id, at_model_rate(model, log).samples) for log in logs]
    if all(len(samples) < window for _, samples in recordings):
        recordings.append(("walk", walk(len(profile.channels), profile.full_scale_mg)))
    for name, samples in recordings:
        if len(samples) < window:
            yield Check(name, SKIP, f"shorter than a window of {window} samples: nothing to compare")
        else:
            yield _replay(link, model, name, samples)


def _replay(link: Link, model: Model, name: str, samples: NDArray[np.int16]) -> Check:
    """Replay a log; what the board returns is to equal what the core on this machine gives."""
    from gesture_tools.link import replay
    from gesture_tools.runtime import Stream

    try:
        got = replay(link, samples)
    except BoardSilent:
        raise
    except UserError as error:
        return Check(name, FAIL, error.message, "a replay")
    stream = Stream(model)
    events = stream.push(samples)
    expected = stream.outputs()
    found = f"{counted(len(got.outputs), 'output')}, {counted(len(got.events), 'event')}"
    wanted = f"{counted(len(expected), 'output')}, {counted(len(events), 'event')}"
    if got.outputs.shape != expected.shape:
        return Check(name, FAIL, found, wanted)
    differ = int((got.outputs != expected).any(axis=1).sum())
    if differ:
        return Check(name, FAIL, f"{differ} of {found} differ", "the same bytes")
    if list(got.events) != list(events):
        return Check(name, FAIL, f"other events: {_events(got.events)}", _events(events))
    return Check(name, PASS, f"{found}, byte for byte the host's")


def _events(events: Sequence[Event]) -> str:
    return ", ".join(f"{event.label} at {event.end}" for event in events) or "none"


def _statistics(link: Link, before: Statistics, heard: Counts) -> Iterator[Check]:
    """Judge what board and host have counted during the test."""
    stats, here = link.statistics(), link.counts
    wrong = {
        "damaged": stats.damaged - before.damaged + here.damaged - heard.damaged,
        "missing": stats.missing - before.missing + here.missing - heard.missing,
        "dropped": stats.dropped - before.dropped,
    }
    lost = ", ".join(f"{count} {name}" for name, count in wrong.items() if count)
    frames = stats.received - before.received + stats.sent - before.sent
    yield Check("line", FAIL if lost else PASS, lost or f"{frames} frames, none lost")
    if stats.stack == 0:  # a process of this machine
        yield Check("stack", SKIP, "not measured", "")
    else:
        fine = stats.stack < stats.stack_size
        yield Check("stack", PASS if fine else FAIL, f"{stats.stack} of {stats.stack_size} B", "less")
    asleep = stats.asleep_us / stats.uptime_us if stats.uptime_us else 0.0
    yield Check("asleep", PASS, f"{100 * asleep:.1f} % of {stats.uptime_us / 1e6:.0f} s")
    if link.fault is not None:
        yield Check("fault", FAIL, fault_text(link.fault.cause), "none before this start")
