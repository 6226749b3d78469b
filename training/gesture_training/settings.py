"""Settings of a training from a file: what 'gesture tune' writes and 'gesture train --config' takes."""

from __future__ import annotations

import reprlib
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.json_files import read_json
from gesture_training.config import TrainConfig

SECTIONS = ("network", "fit", "augmentation")
"""Parts of a TrainConfig that a file may change; the rest is the user's or the data's to say."""

MOST_BLOCKS = 16
"""Blocks of a network, the first convolution among them."""


def settings_of(config: TrainConfig) -> dict[str, dict[str, Any]]:
    """Return what a file of settings holds of a config: all but the number of passes."""
    settings = {name: asdict(getattr(config, name)) for name in SECTIONS}
    del settings["fit"]["epochs"]
    return settings


def read_settings(path: Path, config: TrainConfig) -> TrainConfig:
    """Return a config changed by a file of settings; raise UserError for a file that is none."""
    content = read_json(path, "expected settings as 'gesture tune' writes them")
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected an object with {', '.join(SECTIONS)}")
    changed: dict[str, Any] = {}
    for name, values in content.items():
        if name not in SECTIONS or not isinstance(values, dict):
            raise UserError(f"{path}: {name!r} is no part of the settings: expected {', '.join(SECTIONS)}")
        part = getattr(config, name)
        known = {field.name: field for field in fields(part)}
        for key, value in values.items():
            if key not in known:
                raise UserError(f"{path}: {name} has no {key!r}: expected one of {', '.join(known)}")
            usual, where = getattr(part, key), f"{path}: {name}.{key}"
            values[key] = _checked(usual, value, known[key].metadata["range"], where)
        changed[name] = replace(part, **values)
    result = replace(config, **changed)
    blocks = len(result.network.filters), len(result.network.strides)
    if blocks[0] != blocks[1] or not 1 <= blocks[0] <= MOST_BLOCKS:
        raise UserError(
            f"{path}: network.filters and network.strides have {blocks[0]} and {blocks[1]} numbers: expected "
            f"as many of each, 1 to {MOST_BLOCKS}"
        )
    return result


def _checked(usual: Any, value: Any, limits: tuple[float, float], what: str) -> Any:
    """Return a value as the usual one's type; raise UserError for another kind, or one out of its limits.

    Infinity and NaN, which Python's JSON takes, are within no limits.
    """
    if isinstance(usual, tuple):
        if isinstance(value, list):
            return tuple(_checked(usual[0], one, limits, what) for one in value)
        raise UserError(f"{what} is {reprlib.repr(value)}: expected a list")
    whole = not isinstance(usual, float)
    number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if number and limits[0] <= value <= limits[1]:
        return type(usual)(value)
    raise UserError(
        f"{what} is {reprlib.repr(value)}: expected a {'whole number' if whole else 'number'}, "
        f"{limits[0]:g} to {limits[1]:g}"
    )
