"""Scenarios that take seconds of real time, nearly all of it waiting: they run side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.support.recording import Ran

AT_ONCE = 8

Scenario = Callable[[Path], Ran]
Results = Callable[[str], Ran]


@contextmanager
def side_by_side(scenarios: dict[str, Scenario], folder: Path) -> Iterator[Results]:
    """Start scenarios, each with a folder of its own; give what waits for one by name."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures: dict[str, Future[Ran]] = {
            name: pool.submit(scenario, folder / name.replace(" ", "_"))
            for name, scenario in scenarios.items()
        }
        yield lambda name: futures[name].result()


def named(*scenarios: Scenario) -> dict[str, Scenario]:
    """Return functions by their names."""
    return {scenario.__name__: scenario for scenario in scenarios}
