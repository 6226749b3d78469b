"""What the core costs stays what firmware/budget.toml says: instructions, flash, RAM and stack, counted.

Models of fixed shapes with seeded weights, compiled with GCC, run in an instruction-set emulator. A figure
that grows or shrinks by more than 3 % fails; a change that is meant is written with

    python -m tests.test_core_budget --write
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from gesture_tools.files import write_atomic

pytest.importorskip("tensorflow")
pytest.importorskip("unicorn")

from gesture_tools.cost import measure, random_inputs
from gesture_tools.runtime import Model
from gesture_tools.runtime.emulated import CPUS
from gesture_tools.toolchain import find_toolchain
from tests.support.nets import magic_wand, perceptron, separable, stream

BUDGET = Path(__file__).resolve().parents[1] / "firmware" / "budget.toml"
COMPILER = "gcc"
TOLERANCE = 0.03
FIGURES = ("instructions", "open_instructions", "flash", "flash_all_operators", "ram", "stack", "stack_bound")
HOP_FIGURES = ("hop_instructions", "stream_open_instructions", "stream_ram")
INPUTS = 3
MODELS = {"magic_wand": magic_wand, "separable": separable, "perceptron": perceptron, "stream": stream}


def figures(cpu: str, name: str) -> dict[str, int]:
    model = Model(MODELS[name]())
    cost = measure(model, cpu, random_inputs(model, INPUTS), COMPILER)
    assert cost.matches_reference
    assert cost.stack_bound is not None
    assert cost.stack <= cost.stack_bound
    table = asdict(cost)
    return {figure: table[figure] for figure in FIGURES + (HOP_FIGURES if cost.streams else ())}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("cpu", CPUS)
def test_costs_are_as_budgeted(cpu: str, name: str) -> None:
    budget = tomllib.loads(BUDGET.read_text())
    version = find_toolchain(COMPILER).version
    if version != budget["compiler"]:
        pytest.skip(f"the budget is for {budget['compiler']}, this is {version}")
    found = figures(cpu, name)
    expected = budget[cpu][name]
    off = [
        f"{figure}: {expected[figure]:,} budgeted, {found[figure]:,} found"
        for figure in expected
        if abs(found[figure] - expected[figure]) > TOLERANCE * expected[figure]
    ]
    assert not off, f"{'; '.join(off)} - if it is meant: python -m tests.test_core_budget --write"


def write() -> None:
    lines = [
        "# What the core costs, counted (tests/test_core_budget.py says of what). A test fails when a figure",
        "# is off by more than 3 %; after a change that is meant: python -m tests.test_core_budget --write",
        f'compiler = "{find_toolchain(COMPILER).version}"',
    ]
    for cpu in CPUS:
        for name in MODELS:
            lines += [
                "",
                f"[{cpu}.{name}]",
                *(f"{key} = {value}" for key, value in figures(cpu, name).items()),
            ]
    write_atomic(BUDGET, "\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m tests.test_core_budget --write")
    write()
