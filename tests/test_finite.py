"""Numbers on command lines: nan passes every comparison with a range."""

from __future__ import annotations

import click
import pytest

from gesture_tools.arguments import Finite


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "0", "x"])
def test_finite_refuses_what_no_range_holds(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Finite(min=0.1).convert(text, None, None)


def test_finite_takes_numbers() -> None:
    assert Finite(0, 60).convert("2.5", None, None) == 2.5
