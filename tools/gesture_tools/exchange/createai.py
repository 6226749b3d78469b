"""micro:bit CreateAI data samples: the JSON file that "Save data samples" of its ml-trainer writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.exchange.filenames import decode, join
from gesture_tools.exchange.format import SESSION, Options, even_recording, in_milli_g, milli_g
from gesture_tools.files import read_bytes
from gesture_tools.recordings import Recording

RATE_HZ = 50.0
"""A micro:bit's accelerometer period is 20 ms; the files hold no rate."""

ICONS = (
    "Heart",
    "Happy",
    "Sad",
    "Yes",
    "No",
    "Duck",
    "House",
    "Ghost",
    "Sword",
    "Skull",
    "Umbrella",
    "Snake",
)


class CreateAi:
    """Files ``SUBJECT[.SESSION].json``: a list of actions, each with recordings of lists x, y, z in g."""

    name = "createai"
    patterns: tuple[str, ...] = ("*.json",)
    even_rate = True
    keeps_spans = False

    def read(self, path: Path, options: Options) -> list[Recording]:
        """Read one file, of today's form (id) or the older one (ID); 50 Hz unless the user says otherwise."""
        subject, session = _names(path, options)
        recordings = []
        for name, number, samples in _samples(path, _actions(path), options.unit or "g"):
            names = (options.label or name, subject, session)
            recordings.append(even_recording(path, number, names, samples, options.rate_hz or RATE_HZ))
        if not recordings:
            raise UserError(f"{path} holds no recordings: record some in CreateAI and save the data samples")
        return recordings

    def files(self, recordings: Sequence[Recording], out: Path) -> Iterator[tuple[Path, bytes]]:
        """Yield a file for each person and session, in g with three decimals."""
        people: dict[tuple[str, str], dict[str, list[Recording]]] = {}
        for recording in recordings:
            actions = people.setdefault((recording.subject, recording.session), {})
            actions.setdefault(recording.label or "", []).append(recording)
        for (subject, session), actions in people.items():
            document = [
                {
                    "name": label,
                    "id": _id(label),
                    "icon": ICONS[place % len(ICONS)],
                    "createdAt": place,
                    "recordings": [
                        {"id": _id(label, str(k)), "createdAt": k, "data": _axes(recording)}
                        for k, recording in enumerate(group)
                    ],
                }
                for place, (label, group) in enumerate(actions.items())
            ]
            yield out / f"{join(subject, session)}.json", json.dumps(document).encode()


def _id(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _axes(recording: Recording) -> dict[str, list[float]]:
    values = in_milli_g(recording)
    return {axis: [value / 1000 for value in values[:, k].tolist()] for k, axis in enumerate("xyz")}


def _names(path: Path, options: Options) -> tuple[str, str]:
    parts = [decode(part) for part in path.name.rpartition(".")[0].split(".")]
    if len(parts) > 2 and not options.subject:
        raise UserError(f"{path}: expected SUBJECT.json, SUBJECT.SESSION.json or --subject NAME")
    session = parts[1] if len(parts) == 2 and not options.subject else SESSION
    return options.subject or parts[0], options.session or session


def _actions(path: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is not valid JSON: expected the file that CreateAI's 'Save data samples' writes "
            f"(other formats: 'gesture import --help'); {error}"
        ) from error
    if isinstance(document, dict):
        document = document.get("data")
    if not isinstance(document, list) or not all(
        isinstance(action, dict)
        and isinstance(action.get("name"), str)
        and isinstance(action.get("recordings"), list)
        for action in document
    ):
        raise UserError(f"{path}: expected CreateAI's list of actions with 'name' and 'recordings'")
    return document


def _samples(path: Path, actions: list[dict[str, Any]], unit: str) -> Iterator[tuple[str, int, Any]]:
    """Yield label, number in the file and samples of each recording."""
    number = 0
    for action in actions:
        for recording in action["recordings"]:
            number += 1
            where = f"action {action['name']!r}, recording {number}"
            data = recording.get("data") if isinstance(recording, dict) else None
            axes: list[Any] = [data.get(axis) for axis in "xyz"] if isinstance(data, dict) else []
            if len(axes) != 3 or not all(isinstance(axis, list) for axis in axes):
                raise UserError(f"{path}, {where}: expected data with the lists x, y and z")
            lengths = {len(axis) for axis in axes}
            if len(lengths) != 1:
                raise UserError(
                    f"{path}, {where}: expected x, y and z of equal length, found {sorted(lengths)}"
                )
            try:
                rows = [[float(value) for value in sample] for sample in zip(*axes, strict=True)]
            except (TypeError, ValueError, OverflowError) as error:
                raise UserError(f"{path}, {where}: expected numbers in x, y and z") from error
            yield action["name"], number, milli_g(path, where, rows or [[0.0] * 3], unit)[: len(rows)]
