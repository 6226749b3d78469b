"""Compiling the core for this host: a probe of internal functions, and the library with sanitizers."""

from __future__ import annotations

import ctypes
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gesture_tools.firmware_sources import firmware_folder
from gesture_tools.runtime.machine import Memory
from gesture_tools.runtime.native import NativeMachine
from gesture_tools.toolchain import find_cmake, find_ninja

ROOT = Path(__file__).resolve().parents[2]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"]
OUR_CODE = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror"]


def core_folder() -> Path:
    return firmware_folder() / "core"


def core_sources() -> list[Path]:
    """The core's C files, as its build description lists them."""
    listed = re.findall(r"\S+\.c\b", (core_folder() / "sources.cmake").read_text())
    return [core_folder() / name for name in listed]


def host_compiler(*names: str) -> str:
    """The first of some compilers that is here; skips the test when there is none."""
    for name in names or ("cc", "gcc", "clang"):
        if (found := shutil.which(name)) is not None:
            return found
    pytest.skip(f"no compiler here: {' or '.join(names) or 'cc'}")


def run(command: list[str | Path], timeout: float = 300, **environment: str) -> str:
    """Run a program and return what it wrote; fail with that when its exit code is not 0."""
    merged = {**os.environ, **environment}
    result = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        env=merged,
        check=False,
    )
    assert result.returncode == 0, f"{command} gave {result.returncode}:\n{result.stdout[-6000:]}"
    return result.stdout


def compile_probe(folder: Path, source: Path) -> ctypes.CDLL:
    """Load a shared library of one test source and the whole core."""
    library = folder / f"{source.stem}.so"
    flags: list[str | Path] = ["-O2", "-fPIC", "-shared", "-I", core_folder(), "-o", library]
    run([host_compiler(), *OUR_CODE, *flags, source, *core_sources()])
    return ctypes.CDLL(str(library))


def build_sanitized(folder: Path) -> Path:
    """Build the host library with address and undefined-behaviour sanitizers, as its CMake offers it."""
    options = {
        "CMAKE_C_COMPILER": host_compiler("gcc"),
        "CMAKE_MAKE_PROGRAM": find_ninja().as_posix(),
        "TG_SANITIZE": "ON",
    }
    definitions = [f"-D{name}={value}" for name, value in options.items()]
    run([find_cmake(), "-G", "Ninja", "-S", firmware_folder(), "-B", folder, *definitions])
    run([find_cmake(), "--build", folder])
    return folder / "_core.so"


class ExactMemory(Memory):
    """Memory from malloc(), of exactly its size: the sanitizer guards the bytes around it."""

    def __init__(self, libc: ctypes.CDLL, size: int) -> None:
        self._libc = libc
        self.size = size
        self.address = libc.malloc(size)
        ctypes.memset(self.address, 0, size)

    def write(self, data: bytes) -> None:
        assert len(data) <= self.size
        ctypes.memmove(self.address, data, len(data))

    def read(self, size: int | None = None) -> bytes:
        return ctypes.string_at(self.address, self.size if size is None else size)

    def __del__(self) -> None:
        self._libc.free(ctypes.c_void_p(self.address))


class ExactMachine(NativeMachine):
    """The host with memory whose bounds the sanitizer knows to the byte."""

    def __init__(self, library: Path) -> None:
        super().__init__(library)
        self._libc = ctypes.CDLL(None)
        self._libc.malloc.restype = ctypes.c_void_p
        self._libc.malloc.argtypes = [ctypes.c_size_t]

    def alloc(self, size: int) -> ExactMemory:  # type: ignore[override]
        return ExactMemory(self._libc, size)


def call_sanitized(library: Path, folder: Path, function: str, argument: Any) -> Any:
    """Call ``tests.support.sanitized.<function>(machine, argument)`` in a process with the sanitizers."""
    request, answer = folder / "request.pickle", folder / "answer.pickle"
    request.write_bytes(pickle.dumps(argument))
    preload = run([host_compiler("gcc"), "-print-file-name=libasan.so"]).strip()
    path = os.pathsep.join([str(ROOT), *sys.path])
    worker = [sys.executable, "-m", "tests.support.sanitized"]
    run(
        [*worker, library, function, request, answer],
        LD_PRELOAD=preload,
        ASAN_OPTIONS="detect_leaks=0",
        PYTHONPATH=path,
    )
    return pickle.loads(answer.read_bytes())
