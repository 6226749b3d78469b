"""``gesture.toml``: read what was written, refuse what is wrong in one line that names the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from gesture_tools.errors import UserError
from gesture_tools.profile import PROFILE_NAME, Profile

GOOD = (
    "version = 1\nrate_hz = 50\nrate_tolerance = 0.05\nfull_scale_mg = 4000\nframe = 'face'\n"
    "[[channels]]\nkind = 'acceleration_x'\nunit = 'milli-g'\n"
)


def read(folder: Path, text: str) -> Profile:
    """Read a profile of this text."""
    (folder / PROFILE_NAME).write_text(text)
    return Profile.read(folder / PROFILE_NAME)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    profile = Profile(rate_hz=62.5, full_scale_mg=2000, rate_tolerance=0.01)
    profile.write(tmp_path / PROFILE_NAME)
    assert Profile.read(tmp_path / PROFILE_NAME) == profile
    assert read(tmp_path, GOOD) == Profile(rate_hz=50.0, channels=("acceleration_x",))


CASES = [
    ("version = 1", "version = 2", "version is 2: expected 1"),
    ("version = 1", "version = true", "version is True: expected 1"),
    ("version = 1", "version = 1.0", "version is 1.0: expected 1"),
    ("version = 1", "", "version is missing: expected 1"),
    ("version = 1", "version = 0x1" + "0" * 9999, "version is a number of many digits: expected 1"),
    ("version = 1", "version = 1" + "0" * 9999, "is not valid TOML"),
    ("version = 1", "version" + ".a" * 5000 + " = 1", "version is a table: expected 1"),
    ("version = 1", "version = " + "[" * 50_000, "is not valid TOML"),
    ("rate_hz = 50", "rate_hz = nan", "rate_hz is nan: expected 1 to 1000 Hz"),
    ("rate_hz = 50", "rate_hz = true", "rate_hz is True: expected a number"),
    ("rate_hz = 50", "rate_hz = 1" + "0" * 400, "rate_hz is a number of many digits: expected"),
    ("0.05", "inf", "rate_tolerance is inf: expected 0 to 0.5"),
    ("4000", "nan", "full_scale_mg is nan: expected a whole number"),
    ("4000", "inf", "full_scale_mg is inf: expected a whole number"),
    ("4000", "4000.7", "full_scale_mg is 4000.7: expected a whole number"),
    ("4000", "-1" + "0" * 400, "full_scale_mg is a number of many digits"),
    ("'face'", "['face']", "frame is a list: expected text"),
    ("'face'", "'wrist'", "frame is 'wrist': expected one of face"),
    ("[[channels]]", "colour = 1\n[[channels]]", "unknown field 'colour': expected channels, frame"),
    ("[[channels]]", "[channels]", "channels: expected [[channels]] tables"),
    ("'acceleration_x'", "[]", "kind is a list: expected text"),
    ("'acceleration_x'", "{a=1}", "kind is a table: expected text"),
    ("'acceleration_x'", "'heat'", "channel kind 'heat' is unknown"),
    ("'milli-g'", "'g'", "channel acceleration_x has unit 'g': expected 'milli-g'"),
    ("unit = ", "Unit = ", "unknown field 'Unit': expected kind, unit"),
    ("unit = 'milli-g'", "", "unit is missing: expected text"),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES, ids=[new[:30] for _, new, _ in CASES])
def test_a_wrong_field_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(UserError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    message = caught.value.message
    assert str(tmp_path / PROFILE_NAME) in message
    assert expected in message
    assert "\n" not in message
