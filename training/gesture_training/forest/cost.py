"""What the forest's C++ costs on a Cortex-M: built for it, run in the emulator, counted."""

from __future__ import annotations

import importlib.util
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.build import build_cpp_image
from gesture_tools.contract import Contract
from gesture_tools.elf import read_image
from gesture_tools.errors import UserError
from gesture_tools.runtime.emulated import CPUS, EmulatedMachine
from gesture_tools.toolchain import find_toolchain
from gesture_training.windows import COLUMN_SCALE

ARDUINO = "arduino.h"
HEADER = "gesture_forest.h"
PUSH = "tg_bind_forest_push"

PROBE = """\
#include "arduino.h"
#include "gesture_forest.h"

static Gesture::GesturePipeline pipeline;
static GestureForest forest;

extern "C" int tg_bind_forest_push(float *sample) {
    return pipeline.transform(sample) ? forest.predict(pipeline.X) : -1;
}
"""
"""Takes a sample; gives the label when a window is full, otherwise -1."""


def sources(header: str) -> dict[str, str]:
    """Return the files of a program around the forest's header: probe.cpp and what Arduino would give it."""
    folder = resources.files("gesture_training") / "forest"
    return {
        "probe.cpp": PROBE,
        HEADER: header,
        "cstring": '#include "arduino.h"\n',
        ARDUINO: (folder / ARDUINO).read_text("utf-8"),
    }


def recorded_costs(
    header: str, stream: NDArray[np.int8], contract: Contract, expected: NDArray[np.int64]
) -> tuple[list[dict[str, Any]], str | None]:
    """Count what a forest costs on every processor; or nothing, and why that cannot be.

    stream: columns (n, channels), of whose windows at every hop expected are the labels.
    """
    if importlib.util.find_spec("unicorn") is None:
        return [], "the instruction-set emulator is not installed: pip install 'tinygesture[emulate]'"
    try:
        return [count(cpu, header, stream, contract, expected) for cpu in CPUS], None
    except UserError as error:
        return [], error.message


def count(
    cpu: str,
    header: str,
    stream: NDArray[np.int8],
    contract: Contract,
    expected: NDArray[np.int64],
    compiler: str | None = None,
) -> dict[str, Any]:
    """Count one inference: of the sample that completes a window, features and forest; mean over windows."""
    elf = build_cpp_image(cpu, sources(header), compiler)
    sizes = read_image(elf).sizes
    machine = EmulatedMachine(cpu, elf)
    placed = [machine.place(column) for column in stream.astype("<f4") / np.float32(COLUMN_SCALE)]
    said, instructions, stack = [], [], 0
    for place, sample in enumerate(placed):
        after = place + 1 - contract.window
        if after < 0 or after % contract.hop:
            said.append(machine.call(PUSH, sample))
            continue
        with machine.measured() as counted:
            said.append(machine.call(PUSH, sample))
        instructions.append(counted.instructions)
        stack = max(stack, counted.stack)
    ends = range(contract.window - 1, len(stream), contract.hop)
    wanted = np.full(len(stream), -1)
    wanted[ends] = expected
    return {
        "cpu": cpu,
        "compiler": find_toolchain(compiler).name,
        "instructions": round(sum(instructions) / len(instructions)),
        "flash": sizes.flash,
        "ram": sizes.ram,
        "stack": stack,
        "model_bytes": 0,
        "matches_reference": said == wanted.tolist(),
        "reference": "its Python",
    }
