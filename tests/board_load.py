"""How long the emulated board is awake while it recognises all the time.

    python -m tests.board_load 120

runs the whole firmware, from sensor to link, at 100 Hz for so many seconds of virtual time and prints the
share of time that it did not sleep: with the budget's streaming network (windows of 120 samples) every 120
ms, and every 100 ms with the same network at a total stride of 2, since a hop is a multiple of that. An
instruction takes 16 ns there. The samples are a random walk: what they are changes the work little.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from gesture_tools.contract import Contract
from gesture_tools.emulation import firmware_for
from gesture_tools.link import Statistics
from gesture_tools.profile import Profile
from gesture_tools.qemu import run_board
from tests.support.models import with_contract
from tests.support.nets import stream

RATE_HZ = 100.0
NS_PER_INSTRUCTION = 16


def load(seconds: float, model: bytes, hop: int) -> Statistics:
    """Return what the board counted in so many seconds, with a hop of so many samples."""
    fields = Contract(
        profile=Profile(rate_hz=RATE_HZ),
        window=120,
        hop=hop,
        gain=2097,
        labels=("background", "left", "right", "up", "down", "shake"),
        background=0,
        thresholds=(0,) + (150,) * 5,
        hits=2,
        refractory_ms=500,
    )
    steps = np.random.default_rng(1).integers(-300, 301, (round(seconds * RATE_HZ), 3))
    samples = (np.cumsum(steps, axis=0) % 4000 - 2000).astype(np.int16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gesture.tflite"
        path.write_bytes(with_contract(model, fields))
        return run_board(firmware_for(path), samples, fields.profile).statistics


def main() -> None:
    """Run for as many seconds as the first argument says (120 without one) and print the load."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    for hop, last_stride in ((12, 2), (10, 1)):
        statistics = load(seconds, stream(last_stride), hop)
        awake_us = statistics.uptime_us - statistics.asleep_us
        share = awake_us / statistics.uptime_us
        print(f"a hop of {hop / RATE_HZ:.2f} s: awake {share:.3%} of {statistics.uptime_us / 1e6:.1f} s")
        a_second = share * 1e9 / NS_PER_INSTRUCTION
        print(f"  {statistics.inferences} inferences, {a_second:,.0f} instructions a second")


if __name__ == "__main__":
    main()
