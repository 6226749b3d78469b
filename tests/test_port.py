"""Ports: pseudo-terminals and sockets that are there, absent, busy, forbidden, and gone while in use."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from gesture_tools.errors import UserError
from gesture_tools.port import PORTS_VARIABLE, PortLost, find_again, find_ports, open_port, receive, send

pytestmark = pytest.mark.realtime


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    """The other side of a serial line, and its name on this side."""
    ours, theirs = pty.openpty()
    yield ours, os.ttyname(theirs)
    for descriptor in (ours, theirs):
        with suppress(OSError):
            os.close(descriptor)


def test_bytes_pass_unchanged_both_ways(line: tuple[int, str]) -> None:
    ours, name = line
    every = bytes(range(256))
    with open_port(name) as port:
        assert receive(port, 0.01) == b""
        os.write(ours, every)
        assert receive(port, 1.0) == every
        send(port, every)
        assert os.read(ours, 1000) == every


def test_an_absent_port_is_named_and_the_command_that_lists_ports(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such port.*gesture ports"):
        open_port(str(tmp_path / "ttyACM9"))


def test_a_port_in_use_is_busy(line: tuple[int, str]) -> None:
    with open_port(line[1]), pytest.raises(UserError, match="busy: another program holds it"):
        open_port(line[1])
    open_port(line[1]).close()


def test_without_permission_the_way_to_get_it_is_told(line: tuple[int, str]) -> None:
    os.chmod(line[1], 0)
    code = (
        "import errno, grp, os, sys\n"
        "import gesture_tools.port as p\n"
        "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print(p._explain(sys.argv[1], 9600, OSError(errno.EACCES, 'x')))\n"
        "try: p.open_port(sys.argv[1])\n"
        "except p.UserError as error: print(error.message)\n"
    )
    result = subprocess.run([sys.executable, "-c", code, line[1]], capture_output=True, text=True, check=True)
    assert result.stdout.count("no permission; ") == 2
    assert "usermod -a -G" in result.stdout


def test_what_is_no_serial_port_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no port")
    with pytest.raises(UserError, match="no serial port"):
        open_port(str(tmp_path / "file"))
    with pytest.raises(UserError, match="socket://localhost:7000"):
        open_port("gopher://localhost")
    for address in ("localhost:99999", "localhost:-1", "localhost:x", "localhost:"):
        with pytest.raises(
            UserError, match=r"names no port from 0 to 65535: expected .*socket://localhost:7000$"
        ):
            open_port(f"socket://{address}")
    with pytest.raises(UserError, match="socket://localhost:7000"):
        open_port("socket://localhost")


def test_unplugged_while_in_use(line: tuple[int, str]) -> None:
    ours, name = line
    with open_port(name) as port:
        os.write(ours, b"last words")
        time.sleep(0.05)
        assert receive(port, 1.0) == b"last words"
        os.close(ours)
        with pytest.raises(PortLost, match="is gone"):
            receive(port, 1.0)


def test_a_socket_is_a_port_until_the_other_side_closes() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with open_port(url) as port:
            peer, _ = server.accept()
            peer.sendall(b"a" * 5000)
            data = b""
            while len(data) < 5000:
                data += receive(port, 1.0)
            send(port, b"hello")
            assert peer.recv(100) == b"hello"
            peer.close()
            with pytest.raises(PortLost, match="the other side closed it"):
                receive(port, 1.0)
    with pytest.raises(UserError, match="nothing answers there"):
        open_port(url)


def test_named_ports_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORTS_VARIABLE, "socket://localhost:7001 /dev/pts/99")
    assert {"socket://localhost:7001", "/dev/pts/99"} <= {port.url for port in find_ports()}


def test_a_device_is_found_again_by_its_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def plugged(name: str, serial_number: str) -> ListPortInfo:
        info = ListPortInfo(name)
        info.vid, info.pid, info.serial_number = 0x0D28, 0x0204, serial_number
        return info

    there = [plugged("/dev/absent0", "9904"), plugged("/dev/absent1", "9901")]
    monkeypatch.setattr("gesture_tools.port.list_ports.comports", lambda: there)
    was = {port.url: port for port in find_ports()}["/dev/absent0"]
    assert find_again("/dev/absent0", was) == "/dev/absent0"
    there[0] = plugged("/dev/absent2", "9904")
    assert find_again("/dev/absent0", was) == "/dev/absent2"
    del there[0]
    assert find_again("/dev/absent0", was) == "/dev/absent0"
    assert find_again("socket://localhost:7000", None) == "socket://localhost:7000"
