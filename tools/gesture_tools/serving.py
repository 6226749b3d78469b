"""Boards without hardware that any command can connect to, their accelerometer playing a log."""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gesture_tools.boards import HOST
from gesture_tools.build import build_host_board
from gesture_tools.emulation import firmware_for
from gesture_tools.errors import UserError
from gesture_tools.log_image import REPEAT, log_image
from gesture_tools.profile import Profile
from gesture_tools.qemu import BOARD, LOG_NAME, MACHINE, board_arguments, find_qemu
from gesture_tools.recordings import Recording

BOARDS = (BOARD, HOST)
START_S = 20.0
LOOPBACK = "127.0.0.1"
SAID = "said.txt"
_TERMINAL = re.compile(rb"redirected to (\S+)")


@dataclass
class Served:
    """A board that answers on a port."""

    board: str
    url: str
    """Its port, as ``--port`` takes it."""
    process: subprocess.Popen[bytes]
    said: Path
    """File of what the process says on standard error: the events it shows."""

    def wait(self) -> int:
        """Wait for the board's process to end; return its exit code."""
        return self.process.wait()


@contextmanager
def serve(
    board: str,
    program: Path,
    image: bytes,
    *,
    tcp: int | None = None,
    speed: int = 1,
) -> Iterator[Served]:
    """Run a board on a log image, on a pseudo-terminal or a TCP port (0: any that is free), until the end.

    program: of host_program() or firmware_for(). speed: times faster than life, of the board ``host`` only.
    Raises UserError when it does not start.
    """
    if tcp and _listens(tcp):
        raise UserError(
            f"TCP port {tcp} is in use, or not yours to take: expected a free one; --tcp 0 takes any"
        )
    with tempfile.TemporaryDirectory(prefix="tinygesture-") as temporary:
        folder = Path(temporary)
        (folder / LOG_NAME).write_bytes(image)
        if board == HOST:
            process = _start_host(program, folder, tcp, speed)
        else:
            tcp = _free_port() if tcp == 0 else tcp
            process = _start_qemu(program, folder, tcp)
        try:
            yield Served(board, _address(board, process, tcp), process, folder / SAID)
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def program_for(board: str, model: Path, compiler: str | None = None) -> Path:
    """Return a board's program with this model, built or taken from the cache."""
    return build_host_board(model) if board == HOST else firmware_for(model, compiler)


def endless_image(profile: Profile, ready: Sequence[Recording]) -> bytes:
    """Return the image of logs at the profile's rate that are played one after the other, again and again."""
    return log_image(np.concatenate([recording.samples for recording in ready]), profile, REPEAT)


def _start_host(program: Path, folder: Path, tcp: int | None, speed: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "TINYGESTURE_LOG": str(folder / LOG_NAME),
        "TINYGESTURE_SPEED": str(speed),
        "TINYGESTURE_PROGRAM": str(program.resolve()),
    }
    if tcp is not None:
        environment["TINYGESTURE_TCP"] = str(tcp)
    with (folder / SAID).open("wb") as said:
        return subprocess.Popen(
            [program], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        )


def _start_qemu(elf: Path, folder: Path, tcp: int | None) -> subprocess.Popen[bytes]:
    line = (
        "pty,id=line"
        if tcp is None
        else f"socket,id=line,host={LOOPBACK},port={tcp},server=on,wait=off,nodelay=on"
    )
    # No -icount: the emulator's time is the person's.
    command = [str(find_qemu()), *MACHINE, *board_arguments(elf), "-chardev", line]
    return subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def _address(board: str, process: subprocess.Popen[bytes], tcp: int | None) -> str:
    """Wait until the board is there; return its port."""
    said = b""
    end = time.monotonic() + START_S
    assert process.stdout is not None
    while time.monotonic() < end:
        if board != HOST and tcp is not None and _listens(tcp):
            return f"socket://{LOOPBACK}:{tcp}"
        if select.select([process.stdout], [], [], 0.05)[0]:
            new = os.read(process.stdout.fileno(), 4096)
            said += new
            if not new:
                break
        if board == HOST and b"\n" in said:
            return said.split(b"\n")[0].decode()
        if match := _TERMINAL.search(said):
            return match[1].decode()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)
    reason = said.decode(errors="replace").strip() or "it gave no reason; is the TCP port free?"
    raise UserError(f"the board {board} did not start (code {process.returncode}): {reason}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    """Whether somebody listens on a port; asked of the system, as a connection would take the board's one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
        return False


def require_posix() -> None:
    """Raise UserError on a system without pseudo-terminals."""
    if sys.platform == "win32":
        raise UserError(
            "--serve works on Linux and macOS: expected one of them; without it, logs run everywhere"
        )
