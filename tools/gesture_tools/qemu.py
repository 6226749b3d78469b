"""Running firmware on the emulated board: QEMU's mps2-an386, on virtual time."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gesture_tools.console import Line, parse_event, parse_line, parse_outputs, refusal
from gesture_tools.errors import UserError
from gesture_tools.files import read_bytes
from gesture_tools.log_image import log_image

if TYPE_CHECKING:
    from gesture_tools.profile import Profile
    from gesture_tools.runtime import Event

BOARD = "qemu_mps2"
PROGRAM = "qemu-system-arm"
LOG_ADDRESS = 0x21000000
ICOUNT_SHIFT = 4
"""An instruction takes 2**4 ns of virtual time: 62.5 million a second, about a Cortex-M4F at 64 MHz."""

POLL_S = 0.02
SLOWEST_SAMPLES_PER_S = 100
"""For the time limit: slower than any machine and model seen (see docs)."""

FAILURES = ("refused", "sensor", "fault")


@dataclass(frozen=True, eq=False)
class BoardRun:
    """What the firmware said and did on one log."""

    events: tuple[Event, ...]
    """In sample numbers since the start of the log."""
    outputs: NDArray[np.int8]
    """Outputs of every hop (hops, labels) when they were asked for, else (0, labels)."""
    samples: int
    hops: int
    lost: int
    """Samples that the board was too slow to take; the recognizer starts anew after each gap."""
    asleep_permille: int
    """Share of the time that the processor slept."""
    stack: int
    """Deepest stack, bytes."""
    text: str
    """The console's text, whole."""


def find_qemu() -> Path:
    """Return the emulator's program; raise UserError saying how to get it."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise UserError(
            f"{PROGRAM} is not on the PATH: install QEMU (Debian: apt install qemu-system-arm; "
            "macOS: brew install qemu; Windows: www.qemu.org)"
        )
    return Path(found)


def run_board(
    elf: Path,
    samples: NDArray[np.int16],
    profile: Profile,
    want_outputs: bool = False,
    *,
    timeout_s: float | None = None,
    on_line: Callable[[Line], None] | None = None,
) -> BoardRun:
    """Run a firmware of the board ``qemu_mps2`` on samples and wait for its end; the result is deterministic.

    samples: int16 (n, channels) in milli-g, in the order of the profile's channels, as a sensor with the
    profile's rate and range gives them. on_line is called with each line as it comes. Raises UserError when
    the firmware refuses its model, faults, or does not end within timeout_s (default: by the log's length).
    """
    image = log_image(samples, profile, want_outputs=want_outputs)
    limit = 60 + len(samples) / SLOWEST_SAMPLES_PER_S if timeout_s is None else timeout_s
    if not read_bytes(elf).startswith(b"\x7fELF"):
        raise UserError(f"{elf} is no ELF file: expected the .elf of 'gesture build --board {BOARD}'")
    lines: list[Line] = []

    def take(text: str) -> None:
        line = parse_line(text)
        lines.append(line)
        if on_line is not None:
            on_line(line)

    code, text, complaint = _emulate(elf, image, limit, take)
    if failure := next((line for line in lines if line.word in FAILURES), None):
        raise UserError(refusal(failure))
    end = next((line for line in lines if line.word == "end"), None)
    if end is None or code != 0:
        raise UserError(f"the emulated board ended early (code {code}): {_reason(complaint)}")
    if (unsaid := end.number("unsaid")) > 0:
        raise UserError(f"the emulated board could not print {unsaid} lines: its console was full")
    if not any(line.word == "ready" for line in lines):
        raise UserError(f"{elf} is no tinygesture firmware: it never said it was ready")
    labels = next(line.number("labels") for line in lines if line.word == "ready")
    return BoardRun(
        events=tuple(parse_event(line) for line in lines if line.word == "event"),
        outputs=parse_outputs(lines, labels),
        samples=end.number("samples"),
        hops=end.number("hops"),
        lost=end.number("lost"),
        asleep_permille=end.number("asleep_permille"),
        stack=end.number("stack"),
        text=text,
    )


def _reason(complaint: str) -> str:
    """Pick the line of QEMU's complaints that is no warning and no dump of registers."""
    said = [line for line in complaint.splitlines() if line.startswith("qemu") and "warning:" not in line]
    return said[0] if said else "it gave no reason; is it firmware of this board?"


def _emulate(elf: Path, image: bytes, limit_s: float, take: Callable[[str], None]) -> tuple[int, str, str]:
    """Run QEMU to its end. Returns its exit code, the console's text and what QEMU itself complained of."""
    qemu = find_qemu()
    with tempfile.TemporaryDirectory(prefix="tinygesture-") as temporary:
        folder = Path(temporary)
        log, console, complaints = folder / "log.bin", folder / "console.txt", folder / "qemu.txt"
        log.write_bytes(image)
        console.touch()
        # A file, not a pipe: the emulator never waits for a reader, so virtual time is the same in every run.
        command = [
            *(str(qemu), "-M", "mps2-an386", "-nodefaults", "-display", "none", "-monitor", "none"),
            *("-chardev", "file,id=console,path=console.txt", "-serial", "chardev:console"),
            *("-semihosting-config", "enable=on,target=native"),
            *("-icount", f"shift={ICOUNT_SHIFT},sleep=off"),
            *("-device", f"loader,file=log.bin,addr={LOG_ADDRESS:#x},force-raw=on"),
            *("-kernel", str(elf.resolve())),
        ]
        deadline = time.monotonic() + limit_s
        with complaints.open("wb") as errors, console.open("rb") as said:
            child = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
            )
            try:
                text, rest = b"", b""
                ended = False
                while not ended:
                    ended = child.poll() is not None  # asked before reading: then nothing is missed
                    new = said.read()
                    text += new
                    *whole, rest = (rest + new).split(b"\n")
                    for line in whole:
                        if line:
                            take(line.decode(errors="replace"))
                    if not ended and time.monotonic() > deadline:
                        raise UserError(
                            f"the emulated board did not end within {limit_s:g} s: allow more with --timeout"
                        )
                    if not ended:
                        time.sleep(POLL_S)
            finally:
                if child.poll() is None:
                    child.kill()
                child.wait()
        return child.returncode, text.decode(errors="replace"), complaints.read_text(errors="replace")
