"""No model crashes the core or leaves its arena (docs/security.md): damaged files, arenas of every size."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.runtime import Model, Stream
from gesture_tools.runtime.machine import Memory
from gesture_tools.runtime.native import NativeMemory, native_machine
from gesture_tools.runtime.opening import Refused

pytest.importorskip("tensorflow")

from tests.support.host import OUR_CODE, ROOT, SANITIZERS, core_folder, core_sources, host_compiler, run
from tests.support.models import contract, convolutional
from tests.support.random_graphs import random_graph
from tests.support.reference import GOLDEN, GOLDEN_MODELS, inputs_of

ERR_ALIGNMENT, ERR_ARENA = -4, -13
CANARY = 0xA5
SMALL = contract(window=8, hop=2)


@pytest.fixture(scope="module")
def small() -> bytes:
    return convolutional(SMALL)


# Damaged files, in a process with sanitizers


@pytest.fixture(scope="module")
def exhaustive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fuzz target as a program that runs every prefix or every single-byte change of a file."""
    program = tmp_path_factory.mktemp("exhaustive") / "exhaustive"
    fuzz = ROOT / "tests" / "fuzz"
    sources = [fuzz / "exhaustive.c", fuzz / "fuzz_model.c", *core_sources()]
    run([host_compiler(), *OUR_CODE, *SANITIZERS, "-O1", "-I", core_folder(), "-o", program, *sources])
    return program


def counts(output: str) -> tuple[int, int]:
    """Inputs run, and opened."""
    found = re.search(r"(\d+) inputs, (\d+) opened", output)
    assert found is not None, output
    return int(found[1]), int(found[2])


def test_every_prefix(exhaustive: Path, small: bytes, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(small)
    (tmp_path / "larger").write_bytes(convolutional(contract(window=64), filters=24))
    files = [tmp_path / "small", tmp_path / "larger"]
    files += [p for name in GOLDEN_MODELS if (p := GOLDEN / f"{name}.tflite").is_file()]
    inputs, opened = counts(run([exhaustive, "prefixes", *files]))
    assert inputs == sum(len(p.read_bytes()) + 1 for p in files)
    assert len(files) <= opened <= 40 * len(files), "the whole file, and prefixes without its last padding"


def test_every_byte_changed(exhaustive: Path, small: bytes, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(small)
    inputs, opened = counts(run([exhaustive, "bytes", "5", tmp_path / "small"]))
    assert inputs > 50 * len(small)
    assert inputs * 0.1 < opened < inputs * 0.9, "weights may change, the structure may not"


def test_prefixes_are_called_truncated(small: bytes) -> None:
    """What people see of a file that a download cut off."""
    names = set()
    for size in range(len(small) - 40):
        with pytest.raises(Refused) as refused:
            Model(small[:size])
        names.add(refused.value.name)
    assert names == {"ERR_NOT_TFLITE", "ERR_TRUNCATED", "ERR_ARGUMENT"} - ({"ERR_ARGUMENT"} - names)


def test_a_vtable_that_goes_on_behind_the_file(small: bytes) -> None:
    """The root's vtable, moved to the end, of which only the first four bytes are there."""
    root = int.from_bytes(small[:4], "little")
    vtable = root - int.from_bytes(small[root : root + 4], "little", signed=True)
    end = len(small) + 3 & ~3
    moved = bytearray(small.ljust(end, b"\0") + small[vtable : vtable + 4])
    moved[root : root + 4] = (root - end).to_bytes(4, "little", signed=True)
    with pytest.raises(Refused, match="ERR_TRUNCATED"):
        Model(bytes(moved))
    size = int.from_bytes(small[vtable : vtable + 2], "little")
    Model(bytes(moved) + small[vtable + 4 : vtable + size])


# Memory


class Part(Memory):
    """A part of some memory, at any alignment."""

    def __init__(self, whole: Memory, offset: int, size: int) -> None:
        self.whole = whole
        self.address, self.size = whole.address + offset, size

    def write(self, data: bytes) -> None:
        raise NotImplementedError

    def read(self, size: int | None = None) -> bytes:
        raise NotImplementedError


def open_raw(function: str, data: Memory, arena: Memory, arena_size: int) -> tuple[int, int, Memory]:
    """Error, arena bytes asked for, and the opaque structure."""
    machine = native_machine()
    kind = "model" if "model" in function else "recognizer"
    structure, report = machine.alloc(machine.call(f"tg_bind_{kind}_size")), machine.alloc(12)
    err = machine.call(function, structure, data, data.size, arena, arena_size, report)
    return err, int(report.array(np.int32, 3)[2]), structure


@pytest.mark.parametrize("offset", range(1, 8))
def test_alignment(small: bytes, offset: int) -> None:
    """Models may lie at any multiple of 4, arenas of 8."""
    data = NativeMemory(len(small) + 16)
    data.write(bytes(offset) + small)
    arena = NativeMemory(1 << 16)
    placed = Part(data, offset, len(small))
    good = native_machine().place(small)
    for function in ("tg_bind_model_open", "tg_bind_recognizer_open"):
        assert open_raw(function, placed, arena, 1 << 15)[0] == (0 if offset == 4 else ERR_ALIGNMENT)
        assert open_raw(function, good, Part(arena, offset, 1 << 15), 1 << 15)[0] == ERR_ALIGNMENT


def arena_cases() -> list[bytes]:
    models = [convolutional(SMALL), convolutional(contract(window=40), filters=9)]
    return models + [random_graph(seed)[0] for seed in (3, 7, 11, 19, 23, 42)]


@pytest.mark.parametrize("index", range(8))
def test_arena_of_every_size(index: int) -> None:
    """Too small is said until it fits, nothing outside is touched, and a larger arena changes nothing."""
    data = arena_cases()[index]
    machine = native_machine()
    model = Model(data)
    inputs = inputs_of(model.input_shape, index)
    expected = model.invoke(inputs)
    placed, x = machine.place(data), machine.place(inputs)
    room = max(model.arena_size + 512, 4096)
    outputs = machine.alloc(expected.size)
    fitted = 0
    for size in (1, 2, 3, *range(0, room, 4)):
        arena = machine.place(bytes([CANARY]) * (room + 64))
        err, needed, opened = open_raw("tg_bind_model_open", placed, arena, size)
        assert err == (0 if size >= model.arena_size else ERR_ARENA), size
        if err == 0:
            outputs.write(bytes(outputs.size))
            machine.call("tg_bind_model_invoke", opened, x, outputs, len(inputs))
            assert outputs.read() == expected.tobytes()
            fitted += 1
        else:
            assert size < needed <= model.arena_size
        assert set(arena.read()[size:]) == {CANARY}, size
    assert fitted > 10


def test_recognizer_in_an_arena_of_every_size(small: bytes) -> None:
    machine = native_machine()
    samples = np.random.default_rng(1).integers(-4000, 4000, (60, 3)).astype(np.int16)
    stream = Stream(Model(small))
    stream.push(samples)
    placed, room = machine.place(small), stream.arena_size + 128
    hops, labels = len(stream.outputs()), 3
    for size in range(0, room, 4):
        arena = machine.place(bytes([CANARY]) * (room + 64))
        err, needed, recognizer = open_raw("tg_bind_recognizer_open", placed, arena, size)
        assert err == (0 if size >= stream.arena_size else ERR_ARENA), size
        if err == 0:
            outputs, ends = machine.alloc((hops + 1) * labels), machine.alloc(4 * (hops + 1))
            events, counted = machine.alloc(16 * (hops + 1)), machine.alloc(8)
            placed_samples = machine.place(samples)
            machine.call(
                "tg_bind_recognizer_push",
                recognizer,
                placed_samples,
                len(samples),
                outputs,
                ends,
                events,
                counted,
            )
            assert outputs.read(hops * labels) == stream.outputs().tobytes()
        else:
            assert size < needed <= stream.arena_size
        assert set(arena.read()[size:]) == {CANARY}, size


def test_outputs_do_not_depend_on_earlier_inputs() -> None:
    """Nothing of one inference is left for the next."""
    for seed in range(30):
        data, shape = random_graph(seed)
        inputs = inputs_of(shape, seed, count=6)
        model = Model(data)
        together = model.invoke(inputs)
        assert (model.invoke(inputs[::-1].copy())[::-1] == together).all()
        for i in range(len(inputs)):
            assert (Model(data).invoke(inputs[i : i + 1]).reshape(-1) == together[i].reshape(-1)).all()
