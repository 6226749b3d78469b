"""Resampling: sinusoids below the new Nyquist frequency stay, those above it vanish."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gesture_tools.errors import UserError
from gesture_tools.recordings import Recording, Span
from gesture_tools.resample import at_rate

AMPLITUDE = 2000


def tone(frequency_hz: float, rate_hz: float, seconds: float = 10.0, jitter: float = 0.0) -> Recording:
    """A sinusoid in three phases, stamps off by up to jitter of a period (the samples are taken then)."""
    count = int(seconds * rate_hz)
    shift = np.random.default_rng(3).uniform(-jitter, jitter, count)
    t_us = np.rint((np.arange(count) + shift) * 1e6 / rate_hz).astype(np.int64) + 5_000_000
    phase = 2 * np.pi * frequency_hz * t_us / 1e6
    samples = AMPLITUDE * np.stack([np.sin(phase), np.cos(phase), np.sin(phase + 1)], axis=1)
    return Recording("tone", "x", "p", "s", t_us, np.rint(samples).astype(np.int16))


def error(recording: Recording, frequency_hz: float) -> float:
    """Largest deviation from the sinusoid away from the ends, as a share of the amplitude."""
    phase = 2 * np.pi * frequency_hz * recording.t_us / 1e6
    wanted = AMPLITUDE * np.stack([np.sin(phase), np.cos(phase), np.sin(phase + 1)], axis=1)
    middle = slice(len(phase) // 5, -len(phase) // 5)
    return float(np.abs(recording.samples - wanted)[middle].max() / AMPLITUDE)


@pytest.mark.parametrize("source_hz", [25.0, 32.0, 77.0, 90.9, 104.0, 400.0])
@pytest.mark.parametrize("target_hz", [25.0, 50.0, 62.5, 100.0])
def test_the_pass_band_keeps_its_gain_and_phase(source_hz: float, target_hz: float) -> None:
    nyquist = min(source_hz, target_hz) / 2
    for share in (0.05, 0.3, 0.6, 0.8):
        result = at_rate(tone(share * nyquist, source_hz), target_hz, tolerance=0.0)
        assert error(result, share * nyquist) < 0.01, share


@pytest.mark.parametrize(("source_hz", "target_hz"), [(90.9, 50.0), (104.0, 25.0), (400.0, 50.0)])
def test_frequencies_beyond_the_new_nyquist_vanish(source_hz: float, target_hz: float) -> None:
    for share in (1.0, 1.1, 1.5, 0.98 * source_hz / target_hz):
        samples = at_rate(tone(share * target_hz / 2, source_hz), target_hz).samples
        middle = samples[len(samples) // 5 : -len(samples) // 5]
        assert np.abs(middle).max() <= 0.002 * AMPLITUDE, share


def test_jittered_stamps_are_used() -> None:
    result = at_rate(tone(3.0, 90.0, jitter=0.3), 50.0)
    assert error(result, 3.0) < 0.03
    flat = at_rate(replace(tone(3.0, 90.0, jitter=0.3), t_us=tone(3.0, 90.0).t_us), 50.0)
    assert error(flat, 3.0) > 0.04


def test_the_grid_is_even_and_ends_within_the_recording() -> None:
    source = tone(2.0, 90.9)
    result = at_rate(replace(source, spans=(Span("x", 6_000_000, 7_000_000),)), 62.5)
    assert (result.t_us == source.t_us[0] + np.arange(len(result.t_us)) * 16_000).all()
    assert 0 <= source.t_us[-1] - result.t_us[-1] < 16_000
    assert result.spans == (Span("x", 6_000_000, 7_000_000),)
    assert result.rate_hz == pytest.approx(62.5)


def test_what_a_device_would_see_passes_unchanged() -> None:
    source = tone(2.0, 52.0)
    assert at_rate(source, 50.0, tolerance=0.05) is source
    assert at_rate(source, 50.0, tolerance=0.03) is not source


def test_lost_samples_are_bridged_at_the_same_rate() -> None:
    whole = tone(1.0, 50.0)
    keep = np.delete(np.arange(len(whole.t_us)), [200, 201, 202])
    gappy = replace(whole, t_us=whole.t_us[keep], samples=whole.samples[keep], seq=keep)
    result = at_rate(gappy, 50.0)
    assert len(result.t_us) == len(whole.t_us)
    assert error(result, 1.0) < 0.03
    assert result.lost == 0


def test_a_gap_is_bridged_without_overshoot() -> None:
    source = tone(2.0, 90.0)
    keep = np.r_[0:300, 400:900]
    result = at_rate(replace(source, t_us=source.t_us[keep], samples=source.samples[keep]), 50.0)
    assert np.abs(result.samples).max() < 1.05 * AMPLITUDE


def test_rest_stays_exact_and_extremes_saturate() -> None:
    source = tone(2.0, 90.0)
    rest = np.tile(np.array([-7, 1000, 32767], dtype=np.int16), (len(source.t_us), 1))
    assert (at_rate(replace(source, samples=rest), 50.0).samples == rest[0]).all()
    square = np.where(np.arange(len(rest)) // 45 % 2, 32767, -32768).astype(np.int16)
    samples = at_rate(replace(source, samples=np.stack([square] * 3, axis=1)), 50.0).samples
    assert (samples[3:22] > 30000).all() or (samples[3:22] < -30000).all()
    assert samples.max() == 32767
    assert samples.min() == -32768


def test_recordings_of_two_samples_and_long_ones() -> None:
    short = at_rate(tone(1.0, 100.0, seconds=0.02), 25.0)
    assert len(short.t_us) == 2
    long = tone(3.0, 100.0, seconds=200.0)
    whole, part = (
        at_rate(long, 50.0),
        at_rate(replace(long, t_us=long.t_us[:9000], samples=long.samples[:9000]), 50.0),
    )
    assert (whole.samples[:4000] == part.samples[:4000]).all()
    assert error(whole, 3.0) < 0.01


def test_clocks_and_sequence_numbers_that_are_wrong_take_no_memory() -> None:
    two = replace(tone(1.0, 50.0), t_us=np.array([0, 20_000]), samples=np.zeros((2, 3), dtype=np.int16))
    for wrong in ({"seq": np.array([0, 10**15])}, {"t_us": np.array([0, 10**15])}):
        with pytest.raises(UserError, match="expected at most 50000000; split it or correct its seq"):
            at_rate(replace(two, **wrong), 50.0)


def test_a_very_fast_recording_takes_bounded_memory() -> None:
    fast = replace(
        tone(1.0, 50.0),
        t_us=np.array([0, 1_000_000]),
        samples=np.full((2, 3), 700, dtype=np.int16),
        seq=np.array([0, 2_000_000]),
    )
    assert (at_rate(fast, 50.0).samples == 700).all()
