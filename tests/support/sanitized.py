"""What runs in the process with sanitizers: small functions of a machine and one argument."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gesture_tools.runtime import HopModel, Machine, Model, Stream
from gesture_tools.runtime.opening import Refused
from tests.support.host import ExactMachine

Int8 = NDArray[np.int8]


def outputs(machine: Machine, cases: list[tuple[bytes, Int8]]) -> list[Int8]:
    """Outputs of models on their inputs (k, ...)."""
    return [Model(model, machine=machine).invoke(inputs) for model, inputs in cases]


def stream(machine: Machine, case: tuple[bytes, NDArray[np.int16]]) -> Int8:
    """Outputs of every hop of a model's stream over samples."""
    opened = Stream(Model(case[0], machine=machine))
    opened.push(case[1])
    return opened.outputs()


def hops(machine: Machine, cases: list[tuple[bytes, int, int, Int8]]) -> list[Int8]:
    """Outputs of models run by hops: model, window, hop and columns of each."""
    return [
        HopModel(Model(model, machine=machine), hop, window=window).feed(columns)
        for model, window, hop, columns in cases
    ]


def prefixes(machine: Machine, model: bytes) -> list[str]:
    """What every prefix of a model's file is refused with, or ``opened``."""
    found = []
    for size in range(len(model)):
        try:
            Model(model[:size], machine=machine)
            found.append("opened")
        except Refused as refused:
            found.append(refused.name)
    return found


def main() -> None:
    library, function, request, answer = sys.argv[1:]
    machine = ExactMachine(Path(library))
    result = globals()[function](machine, pickle.loads(Path(request).read_bytes()))
    Path(answer).write_bytes(pickle.dumps(result))


if __name__ == "__main__":
    main()
