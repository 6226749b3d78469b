"""Finding the programs that build firmware: a cross compiler, CMake and Ninja."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gesture_tools.errors import UserError

COMPILERS = ("gcc", "zig")
"""Names of the cross compilers, in the order they are looked for."""

NATIVE = "native"
"""Name of the machine's own compiler, whichever that is."""

_GCC = "arm-none-eabi-gcc"
_HOW = {
    "gcc": f"{_GCC} is not on the PATH: install it (Debian: apt install gcc-arm-none-eabi; macOS: "
    "brew install --cask gcc-arm-embedded), or use --compiler zig",
    "zig": "the Python package ziglang is not installed: pip install ziglang, or use --compiler gcc",
}


@dataclass(frozen=True)
class Toolchain:
    """A cross compiler and how CMake is told to use it."""

    name: str
    """One of COMPILERS, or NATIVE."""
    program: Path
    version: str
    """What the compiler says of itself, one line."""

    @property
    def cmake_arguments(self) -> list[str]:
        """Arguments of a CMake configuration that select this compiler."""
        if self.name == NATIVE:
            program = self.program.as_posix()
            return [f"-DCMAKE_C_COMPILER={program}{';cc' if self.program.stem == 'zig' else ''}"]
        file, variable = ("arm-none-eabi-gcc", "TG_GCC") if self.name == "gcc" else ("zig", "TG_ZIG")
        return [f"-DCMAKE_TOOLCHAIN_FILE=cmake/{file}.cmake", f"-D{variable}={self.program.as_posix()}"]


def find_toolchain(name: str | None = None) -> Toolchain:
    """Return the compiler called name, or the first of COMPILERS that is there.

    Raises UserError saying how to get one when there is none.
    """
    if name is not None and name not in COMPILERS:
        raise UserError(f"compiler {name!r} is unknown: expected one of {', '.join(COMPILERS)}")
    for candidate in COMPILERS if name is None else (name,):
        program = _gcc() if candidate == "gcc" else _zig()
        if program is not None:
            argument = "--version" if candidate == "gcc" else "version"
            return Toolchain(candidate, program, _version(program, argument))
    if name is not None:
        raise UserError(_HOW[name])
    raise UserError(f"no cross compiler found: pip install ziglang, or put {_GCC} on the PATH")


def find_native_toolchain() -> Toolchain:
    """Return a compiler for this machine itself; raise UserError when there is none."""
    for name in ("cc", "gcc", "clang"):
        if (found := shutil.which(name)) is not None:
            return Toolchain(NATIVE, Path(found), _version(Path(found), "--version"))
    if (zig := _zig()) is not None:
        return Toolchain(NATIVE, zig, _version(zig, "version"))
    raise UserError("no C compiler for this machine found: pip install ziglang, or install gcc or clang")


def find_cmake() -> Path:
    """Find the CMake of the Python package ``cmake``, or else on the PATH; raise UserError when absent."""
    return _from_package("cmake", "CMAKE_BIN_DIR")


def find_ninja() -> Path:
    """Find the Ninja of the Python package ``ninja``, or else on the PATH; raise UserError when absent."""
    return _from_package("ninja", "BIN_DIR")


def _gcc() -> Path | None:
    found = shutil.which(_GCC)
    return None if found is None else Path(found)


def _zig() -> Path | None:
    folder = _package_value("ziglang", "__file__")
    if folder is None:
        return None
    program = Path(folder).parent / ("zig.exe" if os.name == "nt" else "zig")
    return program if program.is_file() else None


def _version(program: Path, argument: str) -> str:
    try:
        result = subprocess.run([program, argument], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise UserError(f"{program} does not run ({error}): install it again") from error
    return result.stdout.splitlines()[0].strip() if result.stdout else ""


def _from_package(name: str, folder_attribute: str) -> Path:
    folder = _package_value(name, folder_attribute)
    found = shutil.which(name, path=folder) if folder is not None else None
    found = found or shutil.which(name)
    if found is None:
        raise UserError(f"{name} is not installed: pip install {name}")
    return Path(found)


def _package_value(package: str, attribute: str) -> str | None:
    try:
        value = getattr(importlib.import_module(package), attribute, None)
    except ImportError:
        return None
    return None if value is None else str(value)
