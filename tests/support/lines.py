"""Lines that go wrong, between a host and a real board: TCP in the middle, damage from a seeded generator."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import threading
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
CHUNK = 4096

Spoil = Callable[[bytes], bytes]


class Spoiler:
    """Damages bytes at random: flips bits, drops, doubles and swaps bytes; so many events per byte each."""

    def __init__(self, rate: float, seed: int, kinds: str = "flip drop double swap burst") -> None:
        self.rate, self.kinds = rate, kinds.split()
        self._random = random.Random(seed)
        self.events = 0

    def __call__(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            out.append(byte)
            if self._random.random() >= self.rate:
                continue
            self.events += 1
            match self._random.choice(self.kinds):
                case "flip":
                    out[-1] ^= 1 << self._random.randrange(8)
                case "drop":
                    out.pop()
                case "double":
                    out.append(byte)
                case "swap" if len(out) > 1:
                    out[-1], out[-2] = out[-2], out[-1]
                case "burst":
                    out[-1:] = self._random.randbytes(self._random.randrange(1, 40))
        return bytes(out)


class Line:
    """Passes bytes between one host at ``url`` and a board's TCP port, each way through a function.

    While ``blocked`` nothing is read from the board, as by a host that has stopped.
    """

    def __init__(
        self, board: str, to_host: Spoil = lambda data: data, to_board: Spoil = lambda data: data
    ) -> None:
        host, port = board.removeprefix("socket://").split(":")
        self._board = (host, int(port))
        self._ways = (to_board, to_host)
        self.blocked = threading.Event()
        self._end = threading.Event()
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(0.1)
        self.url = f"socket://{LOOPBACK}:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(5)
        self._listener.close()

    def _run(self) -> None:
        while not self._end.is_set():
            with (
                contextlib.suppress(TimeoutError),
                self._listener.accept()[0] as host,
                socket.socket() as board,
            ):
                board.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)  # little waits here unread
                board.connect(self._board)
                self._pass(host, board)

    def _pass(self, host: socket.socket, board: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not self._end.is_set():
                wanted = [host] if self.blocked.is_set() else [host, board]
                for source in select.select(wanted, [], [], 0.02)[0]:
                    data = source.recv(CHUNK)
                    if not data:
                        return
                    target, spoil = (board, self._ways[0]) if source is host else (host, self._ways[1])
                    target.sendall(spoil(data))


class Peer:
    """Somebody on a TCP port who says something when first spoken to, and answers what comes by a function.

    What is said before is lost: pyserial empties a port that it opens.
    """

    def __init__(self, first: bytes = b"", answer: Spoil = lambda data: b"") -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self.url = f"socket://{LOOPBACK}:{self._listener.getsockname()[1]}"
        self._first, self._answer = first, answer
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _run(self) -> None:
        with contextlib.suppress(OSError), self._listener.accept()[0] as host:
            said = self._first
            while data := host.recv(CHUNK):
                host.sendall(said + self._answer(data))
                said = b""
