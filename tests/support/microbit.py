"""A micro:bit V1 in QEMU: UART and timer work; its bus answers with fixed bytes, so it has no sensor."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from gesture_tools.errors import UserError
from gesture_tools.port import open_port
from tests.support.qemu import need_qemu

START_S = 20


@contextmanager
def served_microbit(hex_file: Path, port: int) -> Iterator[str]:
    """Run a .hex file in real time while the block lasts; yields the address of its line."""
    qemu = need_qemu()
    child = subprocess.Popen(
        [
            *(str(qemu), "-M", "microbit", "-nodefaults", "-display", "none", "-monitor", "none"),
            *("-serial", f"tcp:127.0.0.1:{port},server=on,wait=off"),
            *("-device", f"loader,file={hex_file}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"socket://127.0.0.1:{port}"
    try:
        _wait_until_open(address)
        yield address
    finally:
        child.kill()
        child.wait()


def _wait_until_open(address: str) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            opened: serial.SerialBase = open_port(address)
        except UserError:
            time.sleep(0.05)
            continue
        opened.close()
        return
    pytest.fail(f"nothing answers on {address}")
