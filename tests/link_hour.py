"""Every sample of a long recording, accounted for: the emulated board, its line, and the host's receiver.

    python -m tests.link_hour 3600

runs the whole firmware at 400 Hz for so many seconds of virtual time and streams every sample over the link.
The tests do the same for a shorter time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gesture_tools.emulation import firmware_for
from gesture_tools.link import Lost, Message, Samples
from gesture_tools.profile import Profile
from gesture_tools.qemu import BoardRun, run_board
from tests.support.firmware import contract, motion, small_model

RATE_HZ = 400.0


@dataclass(frozen=True)
class Account:
    """What became of the samples."""

    taken: int
    arrived: int
    lost: int
    """Told by the board."""
    wrong: int
    """Samples that arrived with another number or value than the sensor gave."""
    frames: int
    damaged: int
    missing: int
    jitter_us: int
    """Largest deviation of a sample's time from the sensor's pace."""


def stream(
    elf: Path, samples: NDArray[np.int16], profile: Profile, timeout_s: float
) -> tuple[BoardRun, Account]:
    """Play samples to a firmware's sensor, receive what it streams, and compare."""
    batches: list[Samples] = []
    gaps: list[Lost] = []

    def keep(message: Message) -> None:
        if isinstance(message, Samples):
            batches.append(message)
        elif isinstance(message, Lost):
            gaps.append(message)

    run = run_board(elf, samples, profile, want_samples=True, timeout_s=timeout_s, on_message=keep)
    seq = np.concatenate([batch.seq for batch in batches])
    values = np.concatenate([batch.values for batch in batches])
    t_us = np.concatenate([batch.t_us for batch in batches])
    assert (np.diff(seq) > 0).all()
    even = t_us[0] + (seq - seq[0]) * 1e6 / profile.rate_hz
    account = Account(
        taken=run.statistics.samples,
        arrived=len(seq),
        lost=sum(gap.samples for gap in gaps),
        wrong=int((values != samples[seq]).any(axis=1).sum()),
        frames=run.counts.frames,
        damaged=run.counts.damaged,
        missing=run.counts.missing,
        jitter_us=int(np.abs(t_us - even).max()),
    )
    assert account.arrived + account.lost == account.taken == len(samples)
    assert run.statistics.lost == account.lost
    return run, account


def main() -> None:
    """Run for as many seconds as the first argument says and print what became of the samples."""
    seconds = float(sys.argv[1])
    profile = Profile(rate_hz=RATE_HZ)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "gesture.tflite"
        model.write_bytes(small_model(contract(profile)))
        samples = motion(round(seconds * RATE_HZ))
        begin = time.monotonic()
        run, account = stream(firmware_for(model), samples, profile, timeout_s=3600)
    print(account)
    print(run.statistics)
    print(f"{len(run.raw)} bytes, {time.monotonic() - begin:.0f} s, {seconds:g} s of virtual time")


if __name__ == "__main__":
    main()
