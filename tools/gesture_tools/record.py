"""The record of a model: all that a desk knows of it, in ``record.json`` beside its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gesture_tools.contract import Contract

RECORD = "record.json"
NOT_SETTINGS = ("profile", "statistics", "self_tests")
"""Fields of a contract that are no setting of its own: the profile's stand beside the others."""


def read_record(model: Path, model_id: str) -> dict[str, Any]:
    """Return the record beside a model's file when it is this model's, otherwise nothing."""
    try:
        record = json.loads((model.parent / RECORD).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    mine = isinstance(record, dict) and record.get("model_id") == model_id
    return record if mine else {}


def known_log(record: Mapping[str, Any]) -> str | None:
    """Return a file or folder to show a model on: of people never seen, with gestures, where it can be.

    None where the record names none that is still there.
    """
    judged = record.get("metrics", {}).get("per_source", {})
    sources = [
        *sorted(judged, key=lambda source: -(judged[source].get("gestures") or 0)),
        *record.get("data", []),
    ]
    return next((source for source in sources if Path(source).exists()), None)


def contract_fields(contract: Contract) -> dict[str, Any]:
    """Return what a contract asks of the world, by field name; the background by its label."""
    own = {name: value for name, value in asdict(contract).items() if name not in NOT_SETTINGS}
    own["background"] = None if contract.background is None else contract.labels[contract.background]
    return {**asdict(contract.profile), **own}
