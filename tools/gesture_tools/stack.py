"""The deepest stack of a function, from the compiler's own figures: GCC's call graph with every frame."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gesture_tools.elf import Image
from gesture_tools.errors import UserError

_NODE = re.compile(r'node: \{ title: "([^"]*)" label: "([^"]*)"')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')
_BYTES = re.compile(r"\\n(\d+) bytes \((\w[^)]*)\)")
_INDIRECT = "__indirect_call"

POINTERS: Mapping[str, str] = {
    "tg_graph_read": r"\.c:prepare\w*$|^tg_pool_read$",
    "tg_model_run": r"\.c:run(_max|_mean|_average)?$",
    "tg_slide": r"\.c:visit\w*$",
}
"""Functions that call through pointers, and those that the pointers may hold when whole windows are run."""


class CallGraph:
    """Frames and calls of a program, as GCC writes them with -fcallgraph-info=su."""

    def __init__(self, text: str, image: Image | None = None) -> None:
        """Read the .ci files of all objects, joined; the image tells what functions in assembly push."""
        self.frames: dict[str, int] = {}
        self.calls: dict[str, set[str]] = {}
        for title, label in _NODE.findall(text):
            name, found = _short(title), _BYTES.search(label)
            if found is not None and found[2] != "static":
                raise UserError(f"the stack of {name} is not bounded ({found[2]})")
            self.frames[name] = max(self.frames.get(name, 0), int(found[1]) if found else 0)
        for caller, callee in _EDGE.findall(text):
            self.calls.setdefault(_short(caller), set()).add(_short(callee))
        if image is not None:
            self._add_assembly(image)

    def deepest(self, function: str) -> int:
        """Bytes of stack that a call of a function takes at most; tail calls count as others."""
        return self._deepest(function, ())

    def _deepest(self, function: str, callers: tuple[str, ...]) -> int:
        if function in callers:
            raise UserError(f"{function} calls itself: its stack is not bounded")
        below = (self._deepest(callee, (*callers, function)) for callee in self._callees(function))
        return self.frames.get(function, 0) + max(below, default=0)

    def _callees(self, function: str) -> set[str]:
        callees = self.calls.get(function, set())
        if _INDIRECT not in callees:
            return callees
        # GCC names a function of which it made a special copy name.constprop.0 or name.isra.0.
        rule = POINTERS.get(re.sub(r"\.(constprop|isra|part).*", "", function))
        if rule is None:
            raise UserError(f"{function} calls through a pointer that gesture_tools.stack does not know")
        return (callees - {_INDIRECT}) | {name for name in self.frames if re.search(rule, name)}

    def _add_assembly(self, image: Image) -> None:
        """Give functions that are assembly alone, of which the compiler knows nothing, what they push."""
        code = {symbol.name: _pushed(image, symbol.address, symbol.size) for symbol in image.symbols}
        for name, size in self.frames.items():
            if size == 0 and not self.calls.get(name):
                self.frames[name] = code.get(name.rpartition(":")[2], 0)


def _short(title: str) -> str:
    """Return a static function's name as file:function, without folders."""
    return title.rpartition("/")[2]


def _pushed(image: Image, address: int, size: int) -> int:
    """Bytes that the PUSH instructions of a function push in all (Armv7-M ARM, A7.7.101)."""
    for start, content in image.segments:
        if start <= address < start + len(content):
            code = content[address - start : address - start + size]
            break
    else:
        return 0
    words = [int.from_bytes(code[i : i + 2], "little") for i in range(0, len(code) - 1, 2)]
    count = i = 0
    while i < len(words):
        if words[i] & 0xFE00 == 0xB400:
            count += (words[i] & 0x1FF).bit_count()
        elif words[i] == 0xE92D:
            count += words[i + 1].bit_count()
        i += 2 if words[i] >> 11 in (0b11101, 0b11110, 0b11111) else 1
    return 4 * count
