"""Two models side by side: what their records and files say, as rows of a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gesture_tools.contract import Contract
from gesture_tools.cost import recorded_costs
from gesture_tools.errors import UserError
from gesture_tools.json_files import read_json
from gesture_tools.record import RECORD, contract_fields, read_record

MODEL = "gesture.tflite"

MEASURES = (
    ("accuracy", "accuracy", True),
    ("accuracy_float", "accuracy, float", True),
    ("recall", "recall, continuous", True),
    ("false_activations_per_hour", "false activations per hour", False),
    ("latency_ms", "latency, ms", False),
    ("model_bytes", "flash: model, bytes", False),
    ("arena_bytes", "arena: RAM for model and window, bytes", False),
)
"""Name in a record's metrics, name in the table, whether more is better."""

COUNTED = (
    ("instructions", "instructions"),
    ("hop_instructions", "instructions of a hop"),
    ("open_instructions", "instructions to open"),
    ("flash", "flash: code, bytes"),
    ("ram", "RAM without stack, bytes"),
    ("stream_ram", "RAM without stack, run by hops, bytes"),
    ("stack", "stack, bytes"),
)
"""Name in a record's cost of one processor, and in the table."""


@dataclass(frozen=True)
class Known:
    """What is known of a model."""

    path: Path
    model_id: str
    record: dict[str, Any]
    """Empty for a model whose record is not beside it."""
    contract: dict[str, Any]
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One measure of both; None where it is not known."""

    name: str
    first: float | None
    second: float | None
    more_is_better: bool

    @property
    def better(self) -> int | None:
        """0 or 1, the model that is better here; None when they are equal or one is not known."""
        if self.first is None or self.second is None or self.first == self.second:
            return None
        return int((self.second > self.first) == self.more_is_better)


def know(path: Path) -> Known:
    """Return what is known of a model: a .tflite file, or a folder that 'gesture train' wrote.

    Costs that its record lacks are counted where that can be. Raises UserError.
    """
    from gesture_tools.runtime import Model

    file = path / MODEL if path.is_dir() else path
    if path.is_dir() and not file.exists():
        return _from_record(path)
    model = Model.load(file)
    contract: Contract = model.require_contract()
    record = read_record(file, model.model_id)
    metrics = {"model_bytes": len(model.data), **record.get("metrics", {})}
    if not metrics.get("cost"):
        metrics["cost"], _ = recorded_costs(model)
    return Known(path, model.model_id, record, contract_fields(contract), metrics)


def _from_record(folder: Path) -> Known:
    """Return what a folder's record says of a model that is no .tflite file, such as a forest."""
    path = folder / RECORD
    if not path.exists():
        raise UserError(f"{folder} holds neither {MODEL} nor {RECORD}: expected a folder of 'gesture train'")
    record = read_json(path, "expected the record of a model; train again")
    try:
        return Known(folder, record["model_id"], record, record["contract"], record["metrics"])
    except (KeyError, TypeError) as error:
        raise UserError(f"{path} is no record of a model: train again") from error


def rows(first: Known, second: Known) -> list[Row]:
    """Return every measure that one of the two has."""
    a, b = first.metrics, second.metrics
    table = [Row(title, a.get(name), b.get(name), more) for name, title, more in MEASURES]
    classes_a, classes_b = a.get("per_class", {}), b.get("per_class", {})
    for label in dict.fromkeys([*classes_a, *classes_b]):
        in_a, in_b = (classes.get(label, {}).get("recall") for classes in (classes_a, classes_b))
        table.append(Row(f"recall of {label}", in_a, in_b, True))
    costs = [{cost["cpu"]: cost for cost in metrics.get("cost", ())} for metrics in (a, b)]
    for cpu in dict.fromkeys([*costs[0], *costs[1]]):
        for name, title in COUNTED:
            of_a, of_b = (cost.get(cpu, {}).get(name) for cost in costs)
            table.append(Row(f"{cpu}: {title}", of_a, of_b, False))
        whole_a, whole_b = (_flash(cost.get(cpu)) for cost in costs)
        table.append(Row(f"{cpu}: flash, code and model, bytes", whole_a, whole_b, False))
    for sweep in dict.fromkeys([*_drops(a), *_drops(b)]):
        table.append(Row(f"worst drop, {sweep}", _drops(a).get(sweep), _drops(b).get(sweep), False))
    return [row for row in table if row.first is not None or row.second is not None]


def contract_differences(first: Known, second: Known) -> dict[str, tuple[Any, Any]]:
    """Return the fields of the contracts that differ, with both values."""
    names = dict.fromkeys([*first.contract, *second.contract])
    pairs = {name: (first.contract.get(name), second.contract.get(name)) for name in names}
    return {
        name: pair
        for name, pair in pairs.items()
        if name != "total_stride" and _plain(pair[0]) != _plain(pair[1])
    }


def cautions(first: Known, second: Known) -> list[str]:
    """Say what makes the figures of two models hard to compare."""
    lines = [
        f"{known.path} has no record beside it: only its file is known"
        for known in (first, second)
        if not known.record
    ]
    if lines:
        return lines
    if first.record["data_sha256"] != second.record["data_sha256"]:
        lines.append("made from different data: the figures are of different recordings")
    if first.record["people"]["test"] != second.record["people"]["test"]:
        lines.append(
            "tested on different people: accuracies do not compare; give both the same --test-subjects"
        )
    elif _overlap(first.metrics.get("accuracy_interval"), second.metrics.get("accuracy_interval")):
        lines.append("the 95 % intervals of the accuracies overlap: their difference may be chance")
    compilers = {cost["compiler"] for known in (first, second) for cost in known.metrics.get("cost", ())}
    if len(compilers) > 1:
        lines.append(f"costs counted with different compilers: {', '.join(sorted(compilers))}")
    return lines


def _flash(cost: dict[str, Any] | None) -> int | None:
    return None if cost is None else int(cost["flash"] + cost["model_bytes"])


def _drops(metrics: dict[str, Any]) -> dict[str, float]:
    """Return the worst loss of accuracy within the limit, for every limited sweep of 'gesture stress'."""
    sweeps = metrics.get("robustness", {}).get("sweeps", ())
    return {sweep["name"]: sweep["drop"] for sweep in sweeps if sweep["drop"] is not None}


def _overlap(first: list[float] | None, second: list[float] | None) -> bool:
    return bool(first and second and first[0] <= second[1] and second[0] <= first[1])


def _plain(value: Any) -> Any:
    """Return a value as JSON would give it back: tuples as lists."""
    return json.loads(json.dumps(value))
