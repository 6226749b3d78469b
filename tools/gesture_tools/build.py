"""Building firmware and cross-compiled images of the core with CMake and Ninja."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gesture_tools.boards import Board, find_board
from gesture_tools.cache import cache_folder, cached, keep
from gesture_tools.elf import Image, read_image
from gesture_tools.errors import UserError
from gesture_tools.files import write_atomic
from gesture_tools.firmware_sources import firmware_folder, sources_digest
from gesture_tools.toolchain import Toolchain, find_cmake, find_native_toolchain, find_ninja, find_toolchain

BUILD_TIMEOUT_S = 600
_OVERFLOW = re.compile(r"region [`']?(FLASH|RAM)'?:? overflowed by (\d+) bytes")
"""How linkers say that something does not fit: GNU's, and LLVM's."""


@dataclass(frozen=True)
class Firmware:
    """A board's firmware with a model compiled in."""

    board: Board
    toolchain: Toolchain
    elf: bytes
    image: Image
    model_size: int
    """Bytes of the .tflite file in flash."""
    arena_size: int
    """Bytes of RAM for model and window, part of the image's bss."""


def build_firmware(board: str, model: Path, compiler: str | None = None) -> Firmware:
    """Build a board's firmware with the model of a .tflite file; the same inputs give the same bytes.

    The model is opened by the core first, so a model that no board could run is refused before anything is
    compiled. compiler is one of toolchain.COMPILERS, or None for the first that is there. A build of the
    same sources, model and compiler is taken from the cache. Raises UserError.
    """
    from gesture_tools.c_array import c_array
    from gesture_tools.runtime import Model

    folder = firmware_folder()
    facts = find_board(board, folder)
    opened = Model.load(model)
    facts.check_contract(opened.require_contract())
    source, header = c_array(opened)
    toolchain = find_toolchain(compiler)
    files = {"gesture_model.c": source, "gesture_model.h": header}
    elf = _build(folder, toolchain, {"TG_BOARD": board}, files, f"{board}.elf")
    image = read_image(elf)
    return Firmware(facts, toolchain, elf, image, image.size_of("gesture_model"), image.size_of("arena"))


def build_host_board(model: Path, *, sanitize: bool = False) -> Path:
    """Build the board ``host``, a process of this machine, with a model; return its program, in the cache.

    sanitize: with address and undefined-behaviour sanitizers. Raises UserError.
    """
    from gesture_tools.c_array import c_array
    from gesture_tools.runtime import Model

    source, header = c_array(Model.load(model))
    options = {"TG_BOARD": "host", "TG_SANITIZE": "ON" if sanitize else "OFF"}
    files = {"gesture_model.c": source, "gesture_model.h": header}
    content = _build(firmware_folder(), find_native_toolchain(), options, files, "host")
    program = cache_folder() / "host" / hashlib.sha256(content).hexdigest()[:32]
    if not program.is_file():
        keep(program, content)
        program.chmod(0o755)
    return program


def build_core_image(cpu: str, compiler: str | None = None) -> bytes:
    """Build the core and its binding for a processor, as an ELF file for an instruction-set emulator.

    cpu is ``cortex-m4f`` or ``cortex-m0plus``. The image keeps every ``tg_bind_`` function, starts at address
    0 and holds no start-up code: stack, and memory for the caller, are the emulator's to provide.
    """
    folder = firmware_folder()
    return _build(folder, find_toolchain(compiler), {"TG_IMAGE_CPU": cpu}, {}, f"core-{cpu}.elf")


def build_call_graph(cpu: str, compiler: str | None = None) -> str | None:
    """Build the same for what the compiler says of it: calls and frames, all .ci files one behind the other.

    None when the compiler writes none: only GCC does.
    """
    toolchain = find_toolchain(compiler)
    if toolchain.name != "gcc":
        return None
    options = {"TG_IMAGE_CPU": cpu, "TG_CALL_GRAPH": "ON"}
    return _build(firmware_folder(), toolchain, options, {}, "*.ci").decode()


PROBE = """\
#include "tg_ops.h"

static const tg_op *const OPS[] = {{{ops}, NULL}};

int tg_bind_open(tg_model *model, const uint8_t *data, size_t size, void *arena, size_t arena_size) {{
    return tg_model_open(model, data, size, OPS, arena, arena_size, NULL);
}}

void tg_bind_invoke(const tg_model *model) {{
    tg_model_invoke(model);
}}
"""


def build_probe_image(cpu: str, operators: Sequence[str], compiler: str | None = None) -> bytes:
    """Build what an application with these operators (by name) keeps of the core; return the ELF file."""
    ops = ", ".join(f"&tg_op_{name.lower()}" for name in sorted(set(operators)))
    files = {"probe.c": PROBE.format(ops=ops)}
    return _build(
        firmware_folder(), find_toolchain(compiler), {"TG_IMAGE_CPU": cpu}, files, f"core-{cpu}.elf"
    )


def build_cpp_image(cpu: str, files: dict[str, str], compiler: str | None = None) -> bytes:
    """Build a program in C++ without a library, probe.cpp and its headers, as an ELF file like the above."""
    return _build(
        firmware_folder(), find_toolchain(compiler), {"TG_IMAGE_CPU": cpu}, files, f"core-{cpu}.elf"
    )


def _build(
    folder: Path, toolchain: Toolchain, options: dict[str, str], files: dict[str, str], output: str
) -> bytes:
    """Configure and build in a temporary folder, or take the result of an equal build from the cache.

    output: a file, or a pattern of files, which are joined.
    """
    inputs = (sources_digest(folder), toolchain.name, toolchain.version, options, files)
    kept = cached(hashlib.sha256(repr(inputs).encode()).hexdigest()[:32])
    if kept.is_file():
        return kept.read_bytes()
    cmake, ninja = find_cmake(), find_ninja()
    with tempfile.TemporaryDirectory(prefix="tinygesture-") as temporary:
        work = Path(temporary)
        for name, text in files.items():
            write_atomic(work / name, text)
        arguments = {**options, "CMAKE_MAKE_PROGRAM": ninja.as_posix(), "CMAKE_BUILD_TYPE": "Release"}
        if files:
            arguments["TG_MODEL_DIR"] = work.as_posix()
        definitions = [f"-D{name}={value}" for name, value in arguments.items()]
        build = work / "build"
        places = ["-G", "Ninja", "-S", str(folder), "-B", str(build)]
        _run([str(cmake), *places, *toolchain.cmake_arguments, *definitions])
        _run([str(cmake), "--build", str(build)])
        built = sorted(build.rglob(output)) if "*" in output else [build / output]
        elf = b"".join(path.read_bytes() for path in built)
    keep(kept, elf)
    return elf


def _run(command: list[str]) -> None:
    """Run a program in silence; raise UserError with the first line that tells of an error."""
    try:
        result = subprocess.run(
            command,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=BUILD_TIMEOUT_S,
        )
    except OSError as error:
        raise UserError(f"{command[0]} does not run ({error.strerror}): install it again") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"the build did not end within {BUILD_TIMEOUT_S} s: run it again") from error
    if result.returncode != 0:
        if overflow := _OVERFLOW.search(result.stdout):
            memory = "flash" if overflow[1] == "FLASH" else "RAM"
            raise UserError(
                f"the firmware with this model is {overflow[2]} bytes too big for the board's {memory}: "
                "train a smaller model, or use a board with more"
            )
        raise UserError(
            f"the firmware does not compile: {first_error(result.stdout)}; try another --compiler"
        )


def first_error(output: str) -> str:
    """Return the line of a build's output that tells what is wrong, or the last one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for index, line in enumerate(lines):
        if line.startswith("CMake Error"):
            return " ".join(lines[index : index + 2])
        if "error: " in line:
            return line
    return lines[-1] if lines else "the build gave no reason"
