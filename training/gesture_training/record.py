"""The record of a model: all that is needed to know it, and to make it again; for machines and as a card."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.files import write_atomic
from gesture_tools.json_files import read_json
from gesture_tools.record import RECORD, contract_fields, read_record
from gesture_training.prepare import Prepared, Request
from gesture_training.report import fill

METRICS = "metrics.json"
CARD = "MODEL_CARD.md"


def record_of(
    request: Request, prepared: Prepared, measured: dict[str, Any], curve: list[float]
) -> dict[str, Any]:
    """Return what record.json holds; measured: what metrics.json holds, curve: the loss of each pass."""
    contract = prepared.contract
    forest = measured["kind"] == "forest"
    stride = {} if forest else {"total_stride": prepared.config.network.total_stride}
    return {
        "model_id": measured["model_id"],
        "interface_id": contract.interface_id,
        "kind": measured["kind"],
        "command": request.command,
        "out": str(request.out),
        "data": [str(path) for path in request.data],
        "data_sha256": prepared.data_sha256,
        "split": {
            "by": "subject",
            "test": "nobody" if not request.test else "named" if request.test_subjects else "chosen by seed",
            "test_share": prepared.config.test_share,
        },
        "people": {
            "train": sorted({piece.subject for piece in prepared.train}),
            "test": sorted({piece.subject for piece in prepared.test}),
        },
        "pieces": {"train": len(prepared.train), "test": len(prepared.test)},
        "frame": str(prepared.frame),
        "seed": prepared.config.seed,
        "config": asdict(prepared.config),
        "contract": contract_fields(contract) | stride,
        "label_of": {label: contract.labels[index] for label, index in prepared.labels.index.items()},
        "loss": curve,
        "warnings": prepared.warnings,
        "versions": versions(*(("everywhereml", "scikit-learn") if forest else ())),
        "metrics": measured,
    }


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write record.json, metrics.json (what is measured alone) and MODEL_CARD.md."""
    write_atomic(folder / CARD, fill("model_card.md.j2", {}, record=record, m=record["metrics"]))
    write_atomic(folder / METRICS, json.dumps(record["metrics"], indent=2) + "\n")
    write_atomic(folder / RECORD, json.dumps(record, indent=2) + "\n")


def add_metric(folder: Path, model_id: str, name: str, value: Any) -> None:
    """Put one more measurement of a model into its metrics.json, and into record and card when it has them.

    Raises UserError when the folder's metrics.json is another model's.
    """
    record = read_record(folder / METRICS, model_id)
    if record:
        write_record(folder, record | {"metrics": record["metrics"] | {name: value}})
        return
    path = folder / METRICS
    metrics: dict[str, Any] = {"model_id": model_id}
    if path.exists():
        metrics = read_json(path, "move it, or choose another --out")
        if not isinstance(metrics, dict) or metrics.get("model_id") != model_id:
            raise UserError(f"{path} is another model's: expected {model_id[:12]}; choose another --out")
    write_atomic(path, json.dumps(metrics | {name: value}, indent=2) + "\n")


def versions(*more: str) -> dict[str, str]:
    """Return the versions of what makes a model, and of more packages."""
    names = ("tinygesture", "tensorflow", "keras", "numpy", *more)
    return {name: _version(name) for name in names} | {"python": platform.python_version()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
