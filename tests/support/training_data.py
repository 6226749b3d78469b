"""Small made-up recordings for the tests of training: three motions that a tiny network tells apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gesture_tools.recordings import Recording

RATE_HZ = 50.0
LABELS = ("wave", "chop", "idle")
AXES = {"wave": 0, "chop": 1}


def make_recording(person: str, label: str, take: int, seconds: float = 1.6) -> Recording:
    """Return one person's take of a motion: 2 Hz along an axis of its own, over gravity along z."""
    rng = np.random.default_rng([*person.encode(), *label.encode(), take])
    count = round(seconds * RATE_HZ)
    time = np.arange(count) / RATE_HZ
    samples = np.tile([0.0, 0.0, 1000.0], (count, 1)) + rng.normal(0, 10, (count, 3))
    if label in AXES:
        samples[:, AXES[label]] += 700 * np.sin(2 * np.pi * (2 * time + rng.random()))
    t_us = np.rint(time * 1e6).astype(np.int64)
    rounded = np.rint(samples).astype(np.int16)
    return Recording(f"{person}_{label}_{take}", label, person, "", t_us, rounded)


def quick_settings(folder: Path) -> Path:
    """Write settings for trainings of which only the path matters: few windows, no teacher."""
    path = folder / "quick.json"
    path.write_text(json.dumps({"fit": {"windows_per_epoch": 256, "teacher_share": 0}}))
    return path


def write_table(
    path: Path, people: Sequence[str], labels: Sequence[str] = LABELS, takes: int = 3, seconds: float = 1.6
) -> None:
    """Write a tidy table with a few takes of every label by every person."""
    lines = ["recording_id,label,subject,t_ms,ax,ay,az"]
    for person in people:
        for label in labels:
            for take in range(takes):
                recording = make_recording(person, label, take, seconds)
                for time, (x, y, z) in zip(recording.t_us, recording.samples / 1000, strict=True):
                    lines.append(f"{recording.id},{label},{person},{time / 1000:g},{x:.3f},{y:.3f},{z:.3f}")
    path.write_text("\n".join(lines) + "\n")
