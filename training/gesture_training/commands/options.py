"""Options that the commands which train have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from gesture_tools.arguments import Names, Rate
from gesture_tools.errors import UserError
from gesture_training.config import TrainConfig
from gesture_training.settings import read_settings

if TYPE_CHECKING:
    from gesture_training.prepare import Request

Command = TypeVar("Command", bound=Callable[..., Any])


class WindowLength(click.ParamType[int | float]):
    """A count of samples (128) or a time (1.5s, 1.5)."""

    name = "N|SECONDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float:
        """Return samples as int, seconds as float."""
        text = str(value).strip()
        try:
            length = int(text) if text.isdigit() else float(text.removesuffix("s"))
        except ValueError:
            length = 0
        if not 0 < length < math.inf:
            raise UserError(f"--window is {text!r}: expected samples (128) or seconds (1.5s)")
        return length


class Budget(click.ParamType[float]):
    """False activations per hour (0.5, 0.5/h), or none."""

    name = "N/h"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, infinity for none."""
        text = str(value).strip()
        try:
            budget = math.inf if text == "none" else float(text.removesuffix("/h"))
        except ValueError:
            budget = math.nan
        if not budget >= 0:
            raise UserError(f"--false-activations is {text!r}: expected a number per hour (0.5/h), or none")
        return budget


SEARCH_EPOCHS = 20
"""Passes of a trial: enough to rank, a third of a training."""


def _epochs(usual: int, besides: str) -> Callable[[Any], Any]:
    return click.option(
        "--epochs", type=click.IntRange(1, 10000), help=f"Passes [default: {usual}]; {besides}."
    )


OPTIONS = (
    click.option(
        "--labels", type=Names(), default=(), help="Labels to use, all others are left out [default: all]."
    ),
    click.option(
        "--background",
        type=Names(),
        default=(),
        help="Labels that mean no gesture [default: those whose names say so].",
    ),
    click.option(
        "--frame",
        type=click.Choice(["own", "levelled"]),
        help="The board's own axes, or turned so that gravity is along z [default: found from the data].",
    ),
    click.option("--rate", "rate_hz", type=Rate(), help="Sampling rate of the model, Hz."),
    click.option("--window", type=WindowLength(), help="Window: samples (128) or seconds (1.5s)."),
    click.option(
        "--hop", type=int, help="Samples between two windows; the network's strides are chosen for it."
    ),
    click.option(
        "--config",
        "settings",
        type=click.Path(path_type=Path),
        help="Settings of network and training, as 'gesture tune' writes them.",
    ),
    click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=TrainConfig().seed, show_default=True),
)


MODEL_OPTIONS = (
    _epochs(
        TrainConfig().fit.epochs,
        "the network that teaches, and those that thresholds are chosen with, take theirs besides",
    ),
    click.option(
        "--false-activations",
        type=Budget(),
        help="Most false activations per hour; thresholds are chosen for it on people apart. "
        f"[default: {TrainConfig().false_activations:g}/h where there is continuous background; "
        "none leaves the thresholds alone]",
    ),
    click.option(
        "--baseline", type=click.Choice(["forest"]), help="Train it on the same windows and show it beside."
    ),
)
"""Options of a training that a search for one has no use for."""


@dataclass(frozen=True)
class Wishes:
    """What the options of a training ask for; None or empty leaves the choice to the data."""

    labels: tuple[str, ...]
    background: tuple[str, ...]
    rate_hz: float | None
    window: int | float | None
    hop: int | None
    frame: str | None
    epochs: int | None
    settings: Path | None
    seed: int
    false_activations: float | None = None
    baseline: str | None = None

    def request(self, **more: Any) -> Request:
        """Return a training's request, with its data, output folder and what else it needs."""
        from gesture_training.prepare import Request

        asked = {name: value for name, value in asdict(self).items() if name not in CONFIG}
        return Request(**asked, config=config_of(self.seed, self.epochs, self.settings, self.frame), **more)


CONFIG = ("epochs", "settings", "seed", "frame")
"""Wishes that are settings of a training."""

WISHES = tuple(field.name for field in fields(Wishes))


def given_again(*names: str) -> list[str]:
    """Return the words of those options that the running command was given, for another command line."""
    context = click.get_current_context()
    words = []
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in names and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            value = context.params[name]
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            words += [parameter.opts[0], "none" if value == math.inf else text]
    return words


def search_options(command: Command) -> Command:
    """Give a command the options of a training that can be searched, as one argument ``wishes``."""
    return _with_options(
        command, (*OPTIONS, _epochs(SEARCH_EPOCHS, "the network that teaches takes its own"))
    )


def training_options(command: Command) -> Command:
    """Give a command all options of a training, as one argument ``wishes``."""
    return _with_options(command, (*OPTIONS, *MODEL_OPTIONS))


def _with_options(command: Command, options: Sequence[Callable[[Any], Any]]) -> Command:
    @wraps(command)
    def gathered(*arguments: Any, **values: Any) -> Any:
        wishes = Wishes(**{name: values.pop(name) for name in WISHES if name in values})
        return command(*arguments, wishes=wishes, **values)

    for option in reversed(options):
        gathered = option(gathered)
    return cast(Command, gathered)


def config_of(
    seed: int, epochs: int | None, settings: Path | None = None, frame: str | None = None
) -> TrainConfig:
    """Return the default training with another seed, settings from a file, a number of passes and a frame."""
    config = TrainConfig(seed=seed)
    if settings is not None:
        config = read_settings(settings, config)
    if frame is not None:
        config = replace(config, frame=frame)
    return config if epochs is None else replace(config, fit=replace(config.fit, epochs=epochs))
