"""``gesture record`` killed at random moments: every recording loads, nothing acknowledged is lost.

    python -m tests.kill_recorder 200

The recorder runs as a process on a pseudo-terminal, and gets SIGKILL. What it had acknowledged (its JSON
lines) must be on disk, every file it left must load, and hold nothing but what the sketch printed, in order.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from gesture_tools.logs import PART_SUFFIX, read_log
from gesture_tools.recordings import SPANS_SUFFIX
from tests.support.command import GESTURE
from tests.support.sketch import Sketch, movement

RATE_HZ = 100.0
AT_ONCE = 4
LATEST_S = 11.0
"""A recorder is ready after about 3.5 s; kills come at any moment before, and for so long."""

MODES = {
    "stretch": ["background", "--minutes", "1"],
    "short stretches": ["rest", "--seconds", "0.2", "--count", "500"],
    "takes": ["shake", "--count", "50"],
    "continuous": ["shake", "flick", "--continuous", "--count", "20"],
}


def sample(number: int) -> tuple[float, float, float]:
    return movement(number, RATE_HZ, 1.6)


def printed(count: int) -> bytes:
    """The samples of the sketch as the logs must hold them: int16 milli-g."""
    rows = np.array([sample(number) for number in range(count)])
    return np.rint(np.round(rows, 3) * 1000).astype(np.int16).tobytes()


def kill_once(folder: Path, mode: str, delay_s: float) -> Counter[str]:
    """Kill a recorder after delay_s; return what it left. Raises AssertionError when something is lost."""
    with Sketch(sample, RATE_HZ) as sketch:
        process = subprocess.Popen(
            [
                *(*GESTURE, "record", *MODES[mode]),
                *("--port", sketch.port, "--out", str(folder), "--subject", "p1", "--session", "1"),
                *("--unit", "g", "--json"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        timer = threading.Timer(delay_s, process.kill)
        timer.start()
        out, err = process.communicate()
        timer.cancel()
        total = sketch.printed
    assert process.returncode == -9, (process.returncode, err.decode())
    events = [json.loads(line) for line in out.decode().split("\n")[:-1]]
    return check(folder, events, printed(total))


def check(folder: Path, events: list[dict[str, object]], everything: bytes) -> Counter[str]:
    """Check what a killed recorder left against what it had acknowledged and what was printed."""
    left: Counter[str] = Counter(kills=1)
    on_disk = 0
    for path in sorted(folder.rglob("*")):
        if not path.name.endswith((".csv", PART_SUFFIX)) or SPANS_SUFFIX in path.name:
            continue
        if not path.stat().st_size:  # killed between creating the file and its first write
            left["without a byte"] += 1
            continue
        log = read_log(path)
        at = everything.find(log.samples.tobytes())
        while at % 6 and at >= 0:
            at = everything.find(log.samples.tobytes(), at + 1)
        assert at >= 0, f"{path} holds what was never printed"
        assert log.lost == 0, f"{path}: {log.lost} lost"
        left["finished" if path.suffix == ".csv" else "in progress"] += 1
        left["samples"] += len(log.t_us)
        if path.suffix != ".csv":
            on_disk = len(log.t_us)
    kept = [event for event in events if event["event"] == "take" and event["kept"]]
    last = events[-1] if events else {}
    if last.get("event") == "progress":
        finished = not any(folder.rglob(f"*{PART_SUFFIX}"))
        assert finished or on_disk >= int(str(last["on_disk"])), (on_disk, last)
        left["acknowledged in progress"] += 1
    for event in kept:
        assert Path(str(event["file"])).exists(), event
    left["finished and acknowledged"] += len(kept)
    return left


def main() -> None:
    """Kill as many recorders as the first argument says, each at a random moment, and print what was
    found."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    print(f"{count} kills, seed {seed}")
    draw = random.Random(seed)
    jobs = [(list(MODES)[number % len(MODES)], draw.uniform(0.3, LATEST_S)) for number in range(count)]
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        runs = [pool.submit(kill_once, Path(folder) / str(number), *job) for number, job in enumerate(jobs)]
        for run in runs:
            total += run.result()
    for name, number in total.items():
        print(f"{name}: {number}")


if __name__ == "__main__":
    main()
