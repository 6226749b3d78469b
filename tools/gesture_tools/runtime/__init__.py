"""Binding of the C core: models, streams and windows, on the host or in an instruction-set emulator."""

from gesture_tools.runtime.detector import detect
from gesture_tools.runtime.hop import HopModel
from gesture_tools.runtime.machine import Machine
from gesture_tools.runtime.model import Model
from gesture_tools.runtime.stream import Event, Stream, self_test_outputs
from gesture_tools.runtime.window import check_contract, columns

__all__ = [
    "Event",
    "HopModel",
    "Machine",
    "Model",
    "Stream",
    "check_contract",
    "columns",
    "detect",
    "self_test_outputs",
]
