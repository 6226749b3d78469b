"""Kinds of arguments that commands have in common."""

from __future__ import annotations

import math
from typing import Any

import click

from gesture_tools.errors import UserError


class Finite(click.FloatRange):
    """A finite number within a range: ``nan`` lies in every one, as far as comparisons can tell."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; fail for nan and infinity."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


class Names(click.ParamType[tuple[str, ...]]):
    """Names separated by commas."""

    name = "a,b,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names without surrounding blanks."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(",") if name.strip())
        if not names:
            option = "a list of names" if param is None else param.opts[0]
            raise UserError(f"{option} is empty: expected names separated by commas, or leave it out")
        return names


class Rate(click.ParamType[float]):
    """A sampling rate in Hz, 1 to 1000."""

    name = "HZ"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the rate."""
        try:
            rate = float(value)
        except ValueError:
            rate = 0.0
        if not 1 <= rate <= 1000:
            raise UserError(f"--rate is {value}: expected 1 to 1000 Hz")
        return rate
