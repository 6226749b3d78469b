"""Serial ports: opening, reading and writing one, and finding those there are.

A port is a device (``/dev/ttyACM0``, ``COM3``), a pseudo-terminal, or an address such as
``socket://localhost:7000``. pyserial does the work; here its many errors become one line that says what to
do.
Ports are opened for this process alone, and nothing here waits longer than it says.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from gesture_tools.errors import UserError

BAUD = 115200
"""Default speed of a serial line; USB and sockets ignore it."""

PORTS_VARIABLE = "TINYGESTURE_PORTS"
"""Environment variable: further ports that find_ports() cannot know of, separated by blanks."""

READ_BYTES = 65536
WRITE_TIMEOUT_S = 2.0

_POLL_S = 0.005


class PortLost(UserError):
    """The port was there and is gone: unplugged, reset or closed by the other side."""


@dataclass(frozen=True)
class FoundPort:
    """A port that the system knows of."""

    url: str
    description: str
    """Product or driver, as the system names it."""
    vid: int | None = None
    pid: int | None = None
    """USB vendor and product; None for a port that is no USB device."""
    serial_number: str | None = None


def find_ports() -> list[FoundPort]:
    """Return the USB serial ports of this machine and the ports named in TINYGESTURE_PORTS, sorted.

    Ports that are no USB devices (built-in lines, Bluetooth) are left out: opening them may disturb
    something else or hang. They can be named.
    """
    found = {
        info.device: FoundPort(
            info.device, info.product or info.description or "", info.vid, info.pid, info.serial_number
        )
        for info in list_ports.comports()
        if info.vid is not None
    }
    for url in os.environ.get(PORTS_VARIABLE, "").split():
        found.setdefault(url, FoundPort(url, f"named in {PORTS_VARIABLE}"))
    return [found[url] for url in sorted(found)]


def find_again(url: str, was: FoundPort | None) -> str:
    """Return where a port is now that was lost; was: how it was found. A device may get another name."""
    if was is None or was.serial_number is None or os.path.exists(url):
        return url
    same = (was.vid, was.pid, was.serial_number)
    alike = [port.url for port in find_ports() if (port.vid, port.pid, port.serial_number) == same]
    return url if url in alike or not alike else alike[0]


def open_port(url: str, baud: int = BAUD) -> serial.SerialBase:
    """Open a port for this process alone; raise UserError saying what to do when that is impossible.

    The port's reads return at once with what is there; receive() waits. Close it, or use it in a ``with``.
    """
    if url.startswith("socket://") and not _has_port(url):
        raise UserError(
            f"{url} names no port from 0 to 65535: expected an address such as socket://localhost:7000"
        )
    try:
        return serial.serial_for_url(
            url, baudrate=baud, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    except (serial.SerialException, OSError, ValueError, OverflowError) as error:
        raise UserError(f"cannot open port {url}: {_explain(url, baud, error)}") from error


def receive(port: serial.SerialBase, timeout_s: float = 0.05) -> bytes:
    """Return what has come, waiting up to timeout_s for the first byte; empty when nothing came.

    Raises PortLost when the port is gone. No byte that came before is lost by that.
    """
    try:
        if not _wait(port, timeout_s):
            return b""
        data: bytes = port.read(READ_BYTES)
    except (serial.SerialException, OSError, TypeError) as error:  # TypeError: closed under the reader
        raise _lost(port, error) from error
    return data


def send(port: serial.SerialBase, data: bytes) -> None:
    """Write all of data; raise PortLost when the port is gone or takes nothing for WRITE_TIMEOUT_S."""
    try:
        port.write(data)
    except serial.SerialTimeoutException as error:
        raise PortLost(
            f"port {port.name} has taken no data for {WRITE_TIMEOUT_S:g} s: reset the board, or plug it anew"
        ) from error
    except (serial.SerialException, OSError) as error:
        raise _lost(port, error) from error


def _has_port(url: str) -> bool:
    try:
        return urlsplit(url).port is not None
    except ValueError:  # no number, or none that a port can have
        return False


def _wait(port: serial.SerialBase, timeout_s: float) -> bool:
    """Whether there is something to read, or an end to be told of, within timeout_s."""
    try:
        descriptor = port.fileno()
    except (OSError, AttributeError):  # io.UnsupportedOperation: a COM port of Windows
        end = time.monotonic() + timeout_s
        while not port.in_waiting:
            if time.monotonic() >= end:
                return False
            time.sleep(_POLL_S)
        return True
    return bool(select.select([descriptor], [], [], timeout_s)[0])


def _lost(port: serial.SerialBase, error: Exception) -> PortLost:
    what = "the other side closed it" if "://" in str(port.name) else "unplugged or reset"
    return PortLost(f"port {port.name} is gone ({what}: {error}): plug it in again")


def _explain(url: str, baud: int, error: Exception) -> str:
    """Return what is wrong with a port that cannot be opened, and what to do about it."""
    cause = error.__context__ if isinstance(error.__context__, OSError) else error
    if isinstance(cause, (ConnectionError, TimeoutError, socket.gaierror)):
        return f"nothing answers there ({cause}); start the board's process first, or correct the address"
    if "://" in url:
        return f"{error}; expected an address such as socket://localhost:7000"
    code = _code(error)
    if code in (errno.ENOENT, errno.ENOTTY, errno.EISDIR):
        return (
            f"{'there is no such port' if code == errno.ENOENT else 'it is no serial port'}; {_others(url)}"
        )
    if code in (errno.EAGAIN, errno.EBUSY):
        return "busy: another program holds it; close serial monitors and other recorders"
    if code in (errno.EACCES, errno.EPERM):
        return f"no permission; {_permission(url)}"
    return f"{error}; expected a port that works at {baud} baud"


def _code(error: Exception) -> int | None:
    """Return the errno behind an error of pyserial, which keeps it in several ways."""
    text = str(error)
    if sys.platform == "win32":  # there, a port without permission is one that somebody holds
        return {"PermissionError": errno.EBUSY, "FileNotFoundError": errno.ENOENT}.get(
            text.partition(": ")[2].partition("(")[0]
        )
    if "configure port" in text:
        return errno.ENOTTY
    return getattr(error, "errno", None)


def _others(url: str) -> str:
    with suppress(OSError):
        if found := [port.url for port in find_ports() if port.url != url]:
            return f"found {', '.join(found)} ('gesture ports' says what they are)"
    return "found no other; plug the board in, with a cable that carries data ('gesture ports' lists ports)"


def _permission(url: str) -> str:
    if sys.platform == "darwin":
        return "use the /dev/cu.* name of the port, and close other programs that hold it"
    group = "dialout"
    with suppress(ImportError, OSError, KeyError):
        import grp

        name = grp.getgrgid(os.stat(url).st_gid).gr_name
        group = group if name == "root" else name
    return f"run 'sudo usermod -a -G {group} $USER', then log out and in again"
