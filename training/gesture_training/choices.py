"""What the data decides when the user does not: rate, window, hop, gain and how people hold the board."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gesture_tools.errors import UserError
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording
from gesture_training.config import Network
from gesture_training.dataset import Piece
from gesture_training.network import least_window

RATES_HZ = (25.0, 50.0)
"""Usual rates, from which the largest that the recordings can give is taken."""

RANGES_MG = (2000, 4000, 8000, 16000, 32000)
"""Full-scale ranges of common accelerometers."""

WINDOW_S = (1.0, 2.6)
"""Shortest and longest window chosen, seconds."""

HOP_S = 0.2
"""Aim for the time between windows, seconds."""

MOST_WINDOW = 1024
"""Samples of the longest window that a contract holds."""


def choose_profile(
    recordings: Sequence[Recording], written: Profile | None, rate_hz: float | None
) -> Profile:
    """Return the sensing profile of the model: the one written, or one that fits the training recordings.

    Raises UserError when rate_hz contradicts a written profile, channels differ, or rates are out of range.
    """
    if written is not None:
        if rate_hz is not None and rate_hz != written.rate_hz:
            raise UserError(
                f"--rate {rate_hz:g} conflicts with the data's gesture.toml: {written.rate_hz:g} Hz, "
                "so leave --rate out, or train on a copy of the data with another profile"
            )
        return written
    check_same_channels(recordings)
    median = float(np.median([recording.rate_hz for recording in recordings]))
    if rate_hz is None:
        possible = [rate for rate in RATES_HZ if rate <= 1.1 * median]
        rate_hz = max(possible) if possible else float(max(1, round(median)))
    elif rate_hz > 1.1 * median:
        raise UserError(
            f"--rate {rate_hz:g} is above what was recorded: expected at most {median:g} Hz, the median "
            "of the recordings; a model cannot see what no sensor measured"
        )
    largest = max(int(np.abs(recording.samples.astype(np.int32)).max()) for recording in recordings)
    return Profile(
        rate_hz, min([r for r in RANGES_MG if r >= largest] or [32767]), channels=recordings[0].channels
    )


def check_same_channels(recordings: Sequence[Recording]) -> None:
    """Raise UserError naming two recordings whose channels differ."""
    channels = recordings[0].channels
    for recording in recordings:
        if recording.channels != channels:
            raise UserError(
                f"{recording.id} has the channels {', '.join(recording.channels)}, {recordings[0].id} has "
                f"{', '.join(channels)}: expected the same everywhere; train on one kind"
            )


def choose_window(pieces: Sequence[Piece], rate_hz: float, asked: int | None, network: Network) -> int:
    """Return a window's samples: those asked for, or from the gestures' lengths.

    pieces: gestures, at rate_hz. network: fitted to rate and window. Raises UserError for a window that fits
    neither the network nor the data.
    """
    lengths = [piece.end - piece.start for piece in pieces]
    least, stride = least_window(network), network.total_stride
    if asked is None:
        seconds = np.clip(np.percentile(lengths, 75) / rate_hz, *WINDOW_S)
        window = round(seconds * rate_hz / stride) * stride
        return min(max(least, window), MOST_WINDOW)
    if not least <= asked <= MOST_WINDOW:
        raise UserError(
            f"--window is {asked} samples at {rate_hz:g} Hz: expected {least} to {MOST_WINDOW} "
            "(a whole number counts samples, 1.5s counts seconds)"
        )
    if asked > max(lengths):
        raise UserError(
            f"--window is {asked} samples, longer than every gesture recorded (at most {max(lengths)} at "
            f"{rate_hz:g} Hz): choose a shorter one"
        )
    return asked


def in_samples(window: float | int | None, rate_hz: float) -> int | None:
    """Return a window in samples, which is given in samples (int) or seconds (float)."""
    return round(window * rate_hz) if isinstance(window, float) else window


def choose_hop(window: int, rate_hz: float, asked: int | None, network: Network) -> int:
    """Return the samples between windows, a multiple of the network's total stride, or raise UserError.

    network: at the rate and for the hop that is asked for, as network.fitted() gives it.
    """
    stride = network.total_stride
    if asked is None:
        return max(1, round(HOP_S * rate_hz / stride)) * stride
    if asked < 1 or asked % stride or asked > window:
        least = stride // network.strides[0]
        raise UserError(
            f"--hop is {asked}: expected a multiple of {least} up to the window's {window} samples, so that "
            "the model can stream"
        )
    return asked


def choose_gain(pieces: Sequence[Piece]) -> int:
    """Return the preprocessing gain at which 99.5 % of the gestures' values fit int8, and 2 g at least."""
    values = np.concatenate([piece.samples.ravel() for piece in pieces]).astype(np.int32)
    full_scale = max(2000.0, float(np.percentile(np.abs(values), 99.5)) * 128 / 127)
    return round(128 * 65536 / full_scale)
