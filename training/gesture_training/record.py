"""The record of a model: all that is needed to know it, and to make it again."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gesture_training.network import TOTAL_STRIDE
from gesture_training.prepare import Prepared, Request


def record_of(
    request: Request, prepared: Prepared, measured: dict[str, Any], curve: list[float]
) -> dict[str, Any]:
    """Return what record.json holds; measured: what metrics.json holds, curve: the loss of each pass."""
    contract = prepared.contract
    background = None if contract.background is None else contract.labels[contract.background]
    return {
        "model_id": measured["model_id"],
        "interface_id": contract.interface_id,
        "command": request.command,
        "data_sha256": prepared.data_sha256,
        "people": {
            "train": sorted({piece.subject for piece in prepared.train}),
            "test": sorted({piece.subject for piece in prepared.test}),
        },
        "pieces": {"train": len(prepared.train), "test": len(prepared.test)},
        "seed": prepared.config.seed,
        "config": asdict(prepared.config),
        "contract": {
            "rate_hz": contract.profile.rate_hz,
            "rate_tolerance": contract.profile.rate_tolerance,
            "full_scale_mg": contract.profile.full_scale_mg,
            "frame": contract.profile.frame,
            "channels": contract.profile.channels,
            "window": contract.window,
            "hop": contract.hop,
            "total_stride": TOTAL_STRIDE,
            "gain": contract.gain,
            "labels": contract.labels,
            "background": background,
            "thresholds": contract.thresholds,
            "hits": contract.hits,
            "refractory_ms": contract.refractory_ms,
        },
        "label_of": {label: contract.labels[index] for label, index in prepared.labels.index.items()},
        "loss": curve,
        "warnings": prepared.warnings,
        "versions": versions(),
        "metrics": measured,
    }


def versions() -> dict[str, str]:
    """Return the versions of what makes a model."""
    names = ("tinygesture", "tensorflow", "keras", "numpy")
    return {name: _version(name) for name in names} | {"python": platform.python_version()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
