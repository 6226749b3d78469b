"""A Raspberry Pi Pico with a LIS3DH in rp2040js (tests/rp2040): the file that a user flashes, run by node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HARNESS = Path(__file__).resolve().parents[1] / "rp2040"
INSTALL_S, RUN_S = 120, 120


def emulator() -> str:
    """The program node, with rp2040js installed for the harness; skips the test where there is no node.

    Continuous integration installs node, so that nothing is skipped there.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        if os.environ.get("CI"):
            pytest.fail("node and npm are missing: .ci/run installs them")
        pytest.skip("node and npm are not installed (Debian: apt install nodejs npm): no emulated RP2040")
    if not (HARNESS / "node_modules" / "rp2040js").is_dir():
        command = [npm, "ci", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=HARNESS, check=True, timeout=INSTALL_S, capture_output=True)
    return node


@dataclass(frozen=True)
class PicoRun:
    """What an emulated Pico did."""

    sent: bytes
    """What it sent on its line."""
    report: dict[str, Any] = field(default_factory=dict)
    """See report() in run.mjs."""


def run_pico(folder: Path, uf2: Path, seconds: float, **request: Any) -> PicoRun:
    """Run a UF2 for a while of its own time; see run_picos()."""
    return run_picos(folder, uf2, seconds, [request])[0]


def run_picos(folder: Path, uf2: Path, seconds: float, requests: list[dict[str, Any]]) -> list[PicoRun]:
    """Run a UF2 once for each request, for a while of its own time each.

    A request's samples, int16 (n, 3), are measured along the chip's axes; run.mjs lists the rest.
    """
    whole = []
    for number, request in enumerate(requests):
        entry = {**request, "uf2": str(uf2), "seconds": seconds}
        if "samples" in entry:
            path = folder / f"samples_{number}.bin"
            path.write_bytes(np.asarray(entry["samples"], "<i2").tobytes())
            entry["samples"] = str(path)
        whole.append(entry)
    result = subprocess.run(
        [emulator(), HARNESS / "run.mjs"],
        input=json.dumps(whole) + "\n",
        text=True,
        capture_output=True,
        timeout=RUN_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(reports) == len(requests)
    return [PicoRun(bytes.fromhex(report.pop("line")), report) for report in reports]


@contextmanager
def served_pico(uf2: Path, port: int = 0, **request: Any) -> Iterator[str]:
    """Run a UF2 in real time while the block lasts; yields the address of its line."""
    child = subprocess.Popen(
        [emulator(), HARNESS / "run.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps({"uf2": str(uf2), "port": port, **request}) + "\n")
        child.stdin.flush()
        yield f"socket://127.0.0.1:{json.loads(child.stdout.readline())['port']}"
    finally:
        child.stdin.close()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()
