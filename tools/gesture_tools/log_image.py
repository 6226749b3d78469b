"""The log image: samples in memory that a board's virtual accelerometer plays.

Its layout is that of ``firmware/drivers/virtual/tg_virtual_accel.h``.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.profile import CHANNEL_UNITS, Profile

MAGIC = b"TGLI"
VERSION = 1
HEADER = struct.Struct("<4sHHIIHHI")
SAMPLES, OUTPUTS, END, REPEAT = 1, 2, 4, 8
"""Flags: send samples, send the outputs of every hop, end with the log, play it again for ever."""

AXES = tuple(CHANNEL_UNITS)[:3]
"""What the virtual accelerometer measures, in the order of an image's values."""

LARGEST_IMAGE = 16 * 1024 * 1024
"""Bytes of memory that hold the image on the emulated board."""

LARGEST_COUNT = (LARGEST_IMAGE - HEADER.size) // 6


def log_image(samples: NDArray[np.int16], profile: Profile, flags: int = END) -> bytes:
    """Return the image of samples, int16 (n, channels) in milli-g, in the order of the profile's channels.

    flags: what the board does with it, added up. Axes that are no channel of the profile read 0. The image
    claims the profile's rate and range. Raises UserError for more samples than the board's memory holds.
    """
    if samples.dtype != np.int16 or samples.ndim != 2 or samples.shape[1] != len(profile.channels):
        expected = f"int16 samples (n, {len(profile.channels)})"
        raise ValueError(f"expected {expected}, got {samples.dtype} {samples.shape}")
    if len(samples) > LARGEST_COUNT:
        raise UserError(
            f"the log has {len(samples)} samples, the emulated board holds {LARGEST_COUNT}: split the log"
        )
    values = np.zeros((len(samples), len(AXES)), "<i2")
    for column, kind in enumerate(profile.channels):
        values[:, AXES.index(kind)] = samples[:, column]
    rate, full_scale = round(profile.rate_hz * 1000), profile.full_scale_mg
    header = HEADER.pack(MAGIC, VERSION, HEADER.size, flags, rate, full_scale, len(AXES), len(samples))
    return header + values.tobytes()
