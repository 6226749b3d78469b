"""Single keys of a terminal, without waiting for them."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Keys:
    """Keys as they are pressed, while this is open (``with``); the terminal is left as it was."""

    def __enter__(self) -> Keys:
        self._saved: list[Any] | None = None
        if sys.platform != "win32":
            import termios
            import tty

            self._saved = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform != "win32" and self._saved is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved)

    def poll(self) -> str | None:
        """Return the next key that was pressed, in lower case; None when there is none."""
        if sys.platform == "win32":
            import msvcrt

            return msvcrt.getwch().lower() if msvcrt.kbhit() else None
        import os
        import select

        if not select.select([sys.stdin], [], [], 0)[0]:
            return None
        return os.read(sys.stdin.fileno(), 32).decode(errors="replace")[:1].lower()
