"""QEMU, where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gesture_tools.errors import UserError
from gesture_tools.qemu import find_qemu


def need_qemu() -> Path:
    """Return the emulator's program; skip the test where there is none."""
    try:
        return find_qemu()
    except UserError as error:
        pytest.skip(error.message)
