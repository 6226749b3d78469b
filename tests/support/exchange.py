"""Recordings to take into other formats and back, and the two commands that do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.exchange import FORMATS
from gesture_tools.logs import write_log
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording, Span

ODD = ["flick", "shake_left", "Räder", "a.b", "50 %", "../up", "x:y", "NUL", "no, yes"]
"""Labels and people that no file name can hold as they are."""


def run(command: object, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])  # type: ignore[arg-type]


def ok(command: object, *arguments: object) -> str:
    result = run(command, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refusal(command: object, *arguments: object) -> str:
    result = run(command, *arguments)
    assert result.exit_code == 2, result.output
    assert not isinstance(result.exception, (KeyError, TypeError, ValueError))
    return result.output


def recording(rng: np.random.Generator, name: str, rate_hz: float = 50.0, **changes: object) -> Recording:
    """A recording of random samples over all of int16, at an even rate."""
    count = int(rng.integers(2, 120))
    made = Recording(
        id=name,
        label=str(rng.choice(ODD)),
        subject=str(rng.choice(ODD)),
        session=str(rng.choice(["1", "2", "2025-03-01a"])),
        t_us=np.rint(np.arange(count) * 1e6 / rate_hz).astype(np.int64),
        samples=rng.integers(-32767, 32768, (count, 3)).astype(np.int16),
        source=Path(name),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def make_data(folder: Path, seed: int = 0) -> Path:
    """Logs of two people, one of them continuous, below a gesture.toml."""
    rng = np.random.default_rng(seed)
    (folder / "p").mkdir(parents=True)
    Profile(rate_hz=50.0, full_scale_mg=2000).write(folder / "gesture.toml")
    for k, (label, subject) in enumerate([("wave", "ann"), ("flick", "ann"), ("wave", "bob")]):
        samples = rng.integers(-2000, 2001, (40, 3)).astype(np.int16)
        t_us = np.arange(40, dtype=np.int64) * 20_000
        write_log(folder / "p" / f"{k}.csv", Recording(str(k), label, subject, "2", t_us, samples), {})
    samples = rng.integers(-2000, 2001, (200, 3)).astype(np.int16)
    spans = (Span("wave", 1_000_000, 1_800_000), Span("flick", 3_000_000, 3_500_000))
    walk = Recording("w", None, "bob", "1", np.arange(200, dtype=np.int64) * 20_000, samples, spans)
    write_log(folder / "p" / "walk.csv", walk, {"synthetic": "yes"})
    return folder


def write_files(name: str, recordings: list[Recording], out: Path) -> None:
    for path, content in FORMATS[name].files(recordings, out):
        assert out in path.parents or path == out
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def needs(name: str) -> None:
    if name.endswith("cbor"):
        pytest.importorskip("cbor2")
