"""Recordings in the formats that other tools read and write: one module per format."""

from __future__ import annotations

from gesture_tools.exchange.arduino import Arduino
from gesture_tools.exchange.createai import CreateAi
from gesture_tools.exchange.edge_impulse import EdgeImpulse, EdgeImpulseCbor
from gesture_tools.exchange.format import Format, Options
from gesture_tools.exchange.magic_wand import MagicWand
from gesture_tools.exchange.tidy import Tidy

__all__ = ["FORMATS", "Format", "Options"]

FORMATS: dict[str, Format] = {
    form.name: form for form in (Tidy(), Arduino(), EdgeImpulse(), EdgeImpulseCbor(), CreateAi(), MagicWand())
}
"""Every format by the name it has on the command line."""
