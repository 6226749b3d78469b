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

from gesture_tools.boards import board_of_image
from gesture_tools.errors import UserError
from gesture_tools.files import read_bytes
from gesture_tools.link import (
    Counts,
    End,
    Fault,
    Hello,
    Message,
    Outputs,
    Receiver,
    Refused,
    Statistics,
    fault_text,
    refusal_text,
)
from gesture_tools.link import Event as EventMessage
from gesture_tools.link.messages import parse
from gesture_tools.link.reasons import REFUSED_SENSOR, SENSOR_END
from gesture_tools.log_image import END, OUTPUTS, SAMPLES, log_image

if TYPE_CHECKING:
    from gesture_tools.profile import Profile
    from gesture_tools.runtime import Event

BOARD = "qemu_mps2"
PROGRAM = "qemu-system-arm"
LOG_ADDRESS = 0x21000000
ICOUNT_SHIFT = 4
"""An instruction takes 2**4 ns of virtual time: 62.5 million a second, about a Cortex-M4F at 64 MHz."""

MACHINE = ("-M", "mps2-an386", "-nodefaults", "-display", "none", "-monitor", "none")
LOG_NAME = "log.bin"

POLL_S = 0.02
SLOWEST_SAMPLES_PER_S = 100
"""For the time limit: slower than any machine and model seen (see docs)."""


@dataclass(frozen=True, eq=False)
class BoardRun:
    """What the firmware said and did on one log."""

    events: tuple[Event, ...]
    """In sample numbers since the start of the log."""
    outputs: NDArray[np.int8]
    """Outputs of every hop (hops, labels) when they were asked for, else (0, labels)."""
    hello: Hello
    statistics: Statistics
    """At the end of the log; ``lost`` are samples that the board was too slow to take."""
    counts: Counts
    raw: bytes
    """All bytes the board sent."""

    @property
    def asleep_permille(self) -> int:
        """Share of the time that the processor slept."""
        return self.statistics.asleep_us * 1000 // max(self.statistics.uptime_us, 1)


def find_qemu() -> Path:
    """Return the emulator's program; raise UserError saying how to get it."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise UserError(
            f"{PROGRAM} is not on the PATH: install QEMU (Debian: apt install qemu-system-arm; "
            "macOS: brew install qemu; Windows: www.qemu.org)"
        )
    return Path(found)


def check_elf(path: Path) -> None:
    """Raise UserError when a file is no firmware of the emulated board: QEMU would run it all the same."""
    content = read_bytes(path)
    expected = f"expected the .elf of 'gesture build --board {BOARD}'"
    if not content.startswith(b"\x7fELF"):
        raise UserError(f"{path} is no ELF file: {expected}")
    if (found := board_of_image(content)) not in (None, BOARD):
        raise UserError(f"{path} is firmware for {found}: {expected}")


def run_board(
    elf: Path,
    samples: NDArray[np.int16],
    profile: Profile,
    want_outputs: bool = False,
    want_samples: bool = False,
    *,
    timeout_s: float | None = None,
    on_message: Callable[[Message], None] | None = None,
) -> BoardRun:
    """Run a firmware of the board ``qemu_mps2`` on samples and wait for its end; the result is deterministic.

    samples: int16 (n, channels) in milli-g, in the order of the profile's channels, as a sensor with the
    profile's rate and range gives them. on_message is called with each message as it comes. Raises UserError
    when the firmware refuses its model, faults, or does not end within timeout_s (default: by the log's
    length).
    """
    flags = END | (OUTPUTS if want_outputs else 0) | (SAMPLES if want_samples else 0)
    image = log_image(samples, profile, flags)
    limit = 60 + len(samples) / SLOWEST_SAMPLES_PER_S if timeout_s is None else timeout_s
    check_elf(elf)
    heard = _Heard(on_message)
    code, complaint = _emulate(elf, image, limit, heard.take)
    if heard.fault is not None:
        fault = heard.fault
        raise UserError(
            f"the firmware faulted at {fault.pc:#x}: {fault_text(fault.cause)} (status {fault.status:#x}); "
            "build it again"
        )
    if heard.refused is not None:
        raise UserError(refusal_text(heard.refused))
    if heard.code != 0 or code != 0:
        raise UserError(f"the emulated board ended early (code {code}): {_reason(complaint)}")
    if heard.hello is None or heard.statistics is None:
        raise UserError(
            f"{elf} is no tinygesture firmware: it never said hello: expected the .elf of "
            f"'gesture build --board {BOARD}'"
        )
    if lost := heard.statistics.dropped + heard.receiver.counts.damaged:
        raise UserError(f"the emulated board could not send {lost} frames: its line was full")
    outputs = np.frombuffer(b"".join(heard.outputs), np.int8).reshape(-1, heard.hello.labels)
    return BoardRun(
        events=tuple(heard.events),
        outputs=outputs.copy(),
        hello=heard.hello,
        statistics=heard.statistics,
        counts=heard.receiver.counts,
        raw=b"".join(heard.raw),
    )


class _Heard:
    """What a board has said so far."""

    def __init__(self, on_message: Callable[[Message], None] | None) -> None:
        self.receiver = Receiver()
        self.hello: Hello | None = None
        self.fault: Fault | None = None
        self.refused: Refused | None = None
        self.statistics: Statistics | None = None
        self.code: int | None = None
        self.events: list[Event] = []
        self.outputs: list[bytes] = []
        self.raw: list[bytes] = []
        self._on_message = on_message

    def take(self, data: bytes) -> None:
        self.raw.append(data)
        for packet in self.receiver.push(data):
            message = parse(packet)
            if message is not None:
                self._keep(message)
                if self._on_message is not None:
                    self._on_message(message)

    def _keep(self, message: Message) -> None:
        match message:
            case Hello():
                self.hello = message
            case Fault():
                self.fault = message
            case Refused() if message.found != SENSOR_END or message.what != REFUSED_SENSOR:
                self.refused = message
            case Statistics():
                self.statistics = message
            case EventMessage():
                self.events.append(message.event)
            case Outputs():
                self.outputs.append(message.values)
            case End():
                self.code = message.code


def _reason(complaint: str) -> str:
    """Pick the line of QEMU's complaints that is no warning and no dump of registers."""
    said = [line for line in complaint.splitlines() if line.startswith("qemu") and "warning:" not in line]
    return said[0] if said else "it gave no reason; is it firmware of this board?"


def _emulate(elf: Path, image: bytes, limit_s: float, take: Callable[[bytes], None]) -> tuple[int, str]:
    """Run QEMU to its end, handing on what the board sends; return its exit code and its complaints."""
    qemu = find_qemu()
    with tempfile.TemporaryDirectory(prefix="tinygesture-") as temporary:
        folder = Path(temporary)
        line, complaints = folder / "line.bin", folder / "qemu.txt"
        (folder / LOG_NAME).write_bytes(image)
        line.touch()
        # A file, not a pipe: the emulator never waits for a reader, so virtual time is the same in every run.
        command = [
            *(str(qemu), *MACHINE, *board_arguments(elf)),
            *("-chardev", "file,id=line,path=line.bin"),
            *("-icount", f"shift={ICOUNT_SHIFT},sleep=off"),
        ]
        deadline = time.monotonic() + limit_s
        with complaints.open("wb") as errors, line.open("rb") as said:
            child = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
            )
            try:
                ended = False
                while not ended:
                    ended = child.poll() is not None  # asked before reading: then nothing is missed
                    take(said.read())
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
        return child.returncode, complaints.read_text(errors="replace")


def board_arguments(elf: Path) -> list[str]:
    """Return the emulator's arguments for a firmware; its log lies in the working folder as LOG_NAME."""
    return [
        *("-serial", "chardev:line"),
        *("-semihosting-config", "enable=on,target=native"),
        *("-device", f"loader,file={LOG_NAME},addr={LOG_ADDRESS:#x},force-raw=on"),
        *("-kernel", str(elf.resolve())),
    ]
