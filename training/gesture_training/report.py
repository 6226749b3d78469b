"""The report of a training: one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gesture_tools.following import following
from gesture_tools.runtime.model import MODEL_NAME
from gesture_tools.words import counted
from gesture_training.robustness.disturb import FASTER

SIZES = (
    ("model_bytes", "model file", "{:,} bytes"),
    ("arena_bytes", "arena", "{:,} bytes of RAM for model and window, on every processor"),
    ("parameters", "parameters", "{:,}"),
    ("multiply_accumulates", "multiply-accumulates", "{:,} a window"),
    ("trees", "trees", "{:,}"),
    ("nodes", "nodes of all trees", "{:,}"),
)
"""Sizes that metrics may hold: name, title, and how they are shown."""


def render(metrics: Mapping[str, Any], record: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """Return report.html: metrics and record as in the .json files, pictures as PNG bytes by name."""
    images = {"curve": b"", **pictures}
    return fill("report.html.j2", images, m=metrics, record=record, facts=facts(metrics, record))


def fill(template: str, pictures: Mapping[str, bytes], **values: Any) -> str:
    """Return a template filled with values and with pictures (PNG bytes by name, may be empty), embedded."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gesture_training"),
        autoescape=".html." in template,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    own = (
        percent, interval, beside, beside_titles, limit_text, code_span, markdown, detector_text, in_sessions,
        stress_command,
    )  # fmt: skip
    environment.filters |= {function.__name__: function for function in own}
    embedded = {
        name: data and f"data:image/png;base64,{base64.b64encode(data).decode()}"
        for name, data in pictures.items()
    }
    return environment.get_template(template).render(pictures=embedded, **values) + "\n"


def facts(metrics: Mapping[str, Any], record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the model is and costs, in lines of name and value."""
    contract = record["contract"]
    rate = contract["rate_hz"]
    return [
        ("labels", ", ".join(metrics["labels"])),
        ("background", contract["background"] or "none: every motion is taken for a gesture"),
        ("rate", f"{rate:g} Hz"),
        ("window", f"{contract['window']} samples, {contract['window'] / rate:.2f} s"),
        ("hop", f"{contract['hop']} samples, {contract['hop'] / rate:.2f} s"),
        *([("frame", record["frame"])] if "frame" in record else []),
        ("detector", detector_text(contract)),
        *[(title, shown.format(metrics[name])) for name, title, shown in SIZES if name in metrics],
        *[
            (
                f"on a {cost['cpu']}",
                f"{_instructions(cost)}, {cost['flash']:,} bytes of code, {_ram(cost):,} bytes of RAM and "
                f"{cost['stack']:,} of stack ({cost['compiler']})",
            )
            for cost in metrics["cost"]
        ],
        ("trained on", f"{record['pieces']['train']} recordings of {len(record['people']['train'])} people"),
    ]


def _instructions(cost: Mapping[str, Any]) -> str:
    """Return the instructions of a cost in words: of a hop, as devices run it, where it is run by hops."""
    whole = f"{cost['instructions']:,} instructions a whole window"
    return (
        f"{cost['hop_instructions']:,} instructions a hop, {whole}" if "hop_instructions" in cost else whole
    )


def _ram(cost: Mapping[str, Any]) -> int:
    """Return the bytes of RAM of a cost without the stack, as devices run it: by hops, where it is so run."""
    return int(cost.get("stream_ram", cost["ram"]))


def detector_text(contract: Mapping[str, Any]) -> str:
    """Return the detector of a contract (its fields, by name) in words."""
    pairs = zip(contract["labels"], contract["thresholds"], strict=True)
    levels = [f"{label} {level / 256:.2f}" for label, level in pairs if label != contract["background"]]
    hits = counted(contract["hits"], "hit")
    return f"{hits}, {contract['refractory_ms']} ms apart; thresholds {', '.join(levels)}"


def in_sessions(metrics: Mapping[str, Any]) -> str:
    """Return in words what the detector does in continuous recordings."""
    gestures, false, latency = metrics["gestures"], metrics["false_activations"], metrics["latency_ms"]
    found = f"{percent(metrics['recall'])} of {counted(gestures, 'gesture')} found, " if gestures else ""
    late = ""
    if latency is not None:
        late = f"; median {abs(latency):.0f} ms {'before' if latency < 0 else 'after'} a gesture's end"
    return (
        f"{found}{counted(false, 'false activation')} in {metrics['hours_without_gesture']:.2g} h "
        f"({metrics['false_activations_per_hour']:.3g}/h){late}"
    )


def limit_text(sweep: Mapping[str, Any]) -> str:
    """Return the limit of a row of the robustness card in words."""
    limit = sweep["limit"]
    if limit is None:
        return "none"
    level = limit["level"]
    if level is None:
        return f"{limit['points']:g} points at most"
    unit = sweep["unit"]
    where = f"{level_text(level, unit)}{' or slower' if unit == FASTER else ''}"
    return f"{limit['points']:g} points at most, to {where}"


def level_text(level: float | str, unit: str) -> str:
    """Return a level of a disturbance in words."""
    if isinstance(level, str):
        return level
    if unit == FASTER and level < 0:
        return f"{-level:g} % slower"
    return f"{level:g} {unit}".strip()


def stress_command(record: Mapping[str, Any]) -> str:
    """Return the command that measures a model's robustness, where it was trained, as a shell takes it."""
    people = record["people"]["test"]
    some = ["--subjects", ",".join(people)] if people else []
    model = Path(record.get("out", "")) / MODEL_NAME
    return following("stress", model, *record["data"], *some)


def markdown(text: str) -> str:
    """Return text as it stands in a table of Markdown."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", text)


def code_span(text: str) -> str:
    """Return text as it stands in a code span of a table of Markdown."""
    return text.replace("`", "'").replace("|", r"\|")


def beside(metrics: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return network and baseline in rows: kind, accuracy, and for each processor flash, RAM, instructions.

    metrics: of a training or of an evaluation with a baseline. Flash is of code and model, RAM of model,
    window and stack.
    """
    rows = []
    for one in (metrics, metrics["baseline"]):
        low, high = one["accuracy_interval"] or (None, None)
        between = "" if low is None else f" ({percent(low)} to {percent(high)})"
        cells = [one.get("kind", "network"), f"{percent(one['accuracy'])}{between}"]
        for cost in one["cost"]:
            ram = one.get("arena_bytes", cost["ram"]) + cost["stack"]
            cells += [f"{cost['flash'] + cost['model_bytes']:,}", f"{ram:,}", f"{cost['instructions']:,}"]
        rows.append(tuple(cells))
    return rows


def beside_titles(metrics: Mapping[str, Any]) -> list[str]:
    """Return the titles of the columns of beside()."""
    titles = ["", "accuracy"]
    for cost in metrics["cost"]:
        titles += [f"{cost['cpu']}: flash", "RAM", "instructions"]
    return titles


def interval(metrics: Mapping[str, Any]) -> str:
    """Return in words how sure the accuracy of metrics is for other people, or why that is not known."""
    if metrics["accuracy_interval"] is None:
        people = len(metrics["per_person"])
        return f"{'one person' if people == 1 else f'{people} people'}: too few for an interval"
    low, high = metrics["accuracy_interval"]
    return f"95 % interval over people: {percent(low)} to {percent(high)}"


def percent(share: float | None) -> str:
    """Return a share as text, a dash for None."""
    return "-" if share is None else f"{share:.1%}"
