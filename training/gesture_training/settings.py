"""Settings of a training from a file: what 'gesture tune' writes and 'gesture train --config' takes."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.files import read_text
from gesture_training.config import TrainConfig

SECTIONS = ("network", "fit", "augmentation")
"""Parts of a TrainConfig that a file may change; the rest is the user's or the data's to say."""


def settings_of(config: TrainConfig) -> dict[str, dict[str, Any]]:
    """Return what a file of settings holds of a config: all but the number of passes."""
    settings = {name: asdict(getattr(config, name)) for name in SECTIONS}
    del settings["fit"]["epochs"]
    return settings


def read_settings(path: Path, config: TrainConfig) -> TrainConfig:
    """Return a config changed by a file of settings; raise UserError for a file that is none."""
    try:
        content = json.loads(read_text(path))
    except ValueError as error:
        raise UserError(f"{path} is no JSON: expected settings as 'gesture tune' writes them") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected an object with {', '.join(SECTIONS)}")
    changed: dict[str, Any] = {}
    for name, values in content.items():
        if name not in SECTIONS or not isinstance(values, dict):
            raise UserError(f"{path}: {name!r} is no part of the settings: expected {', '.join(SECTIONS)}")
        part = getattr(config, name)
        known = {field.name: getattr(part, field.name) for field in fields(part)}
        for key, value in values.items():
            if key not in known:
                raise UserError(f"{path}: {name} has no {key!r}: expected one of {', '.join(known)}")
            values[key] = _like(known[key], value, f"{path}: {name}.{key}")
        changed[name] = replace(part, **values)
    result = replace(config, **changed)
    if 0 in (*result.network.filters, *result.network.strides):
        raise UserError(f"{path}: network.filters and network.strides: expected whole numbers above 0")
    if len(result.network.filters) != len(result.network.strides) or not result.network.filters:
        raise UserError(
            f"{path}: network.filters and network.strides differ in length: expected one of each a block"
        )
    return result


def _like(known: Any, value: Any, what: str) -> Any:
    """Return a value as the known one's type; raise UserError for another kind."""
    if isinstance(known, tuple):
        if isinstance(value, list):
            return tuple(_like(known[0], one, what) for one in value)
        raise UserError(f"{what} is {value!r}: expected a list")
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and value >= 0 and (isinstance(known, float) or isinstance(value, int)):
        return type(known)(value)
    raise UserError(
        f"{what} is {value!r}: expected a {'number' if isinstance(known, float) else 'whole number'}"
    )
