"""Drivers on the host: axis maps, the reader of log images, and the virtual accelerometer's FIFO."""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_tools.firmware_sources import firmware_folder
from gesture_tools.log_image import HEADER, log_image
from gesture_tools.profile import Profile
from gesture_tools.toolchain import find_toolchain

END, ERR_IMAGE = -66, -65
FIFO = 32

TEST_SOURCE = """
#include "virtual/tg_virtual_accel.h"
#include "tg_axes.h"
static tg_virtual_accel sensor;
static tg_accel accel;
static uint32_t pace;
static void set_pace(uint32_t rate_mhz) { pace = rate_mhz; }
int t_open(const uint8_t *bytes, size_t size) {
    tg_log_image image;
    int err = tg_log_image_read(&image, bytes, size);
    if (err == 0) { tg_virtual_accel_init(&sensor, &image, set_pace, &accel); }
    return err;
}
uint32_t t_start(uint32_t *full_scale) {
    tg_accel_setting wanted = {1, 1};
    tg_accel_setting actual;
    if (accel.start(accel.ctx, &wanted, &actual) != 0 || actual.rate_mhz != pace) { return 0; }
    *full_scale = actual.full_scale_mg;
    return actual.rate_mhz;
}
static uint64_t now;
void t_tick(unsigned count) { while (count-- > 0) { tg_virtual_accel_tick(&sensor, now += 20); } }
int t_read(int16_t (*samples)[3], size_t capacity, uint32_t *lost, uint64_t *newest_us) {
    return accel.read(accel.ctx, samples, capacity, lost, newest_us);
}
"""


@pytest.fixture(scope="module")
def drivers(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The drivers as a library of the host, checked for undefined behaviour."""
    folder = tmp_path_factory.mktemp("drivers")
    (folder / "test.c").write_text(TEST_SOURCE)
    compiler = [found] if (found := shutil.which("cc")) else []
    if not compiler:
        try:
            compiler = [str(find_toolchain("zig").program), "cc"]
        except UserError as error:
            pytest.skip(f"no C compiler for the host: {error.message}")
    source = firmware_folder() / "drivers"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-shared", "-fPIC", "-g"]
    checks = ["-fsanitize=undefined", "-fno-sanitize-recover=all"] if os.name == "posix" else []
    files = [folder / "test.c", *source.glob("*.c"), *source.glob("virtual/*.c")]
    library = folder / "drivers.so"
    subprocess.run(
        [*compiler, *flags, *checks, f"-I{source}", *map(str, files), "-o", str(library)], check=True
    )
    return ctypes.CDLL(str(library))


def test_axis_maps_are_rotations(drivers: ctypes.CDLL) -> None:
    valid = 0
    for axes in itertools.product(range(4), repeat=3):
        for signs in itertools.product((-1, 0, 1), repeat=3):
            matrix = np.zeros((3, 3))
            for row, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
                if axis < 3:
                    matrix[row, axis] = sign
            expected = round(float(np.linalg.det(matrix))) == 1
            packed = bytes([*axes, *(sign & 0xFF for sign in signs)])
            assert drivers.tg_axes_valid(packed) == expected, (axes, signs)
            valid += expected
    assert valid == 24


def test_axes_turn_and_saturate(drivers: ctypes.CDLL) -> None:
    chip = (ctypes.c_int16 * 3)(-32768, 12, -7)
    frame = (ctypes.c_int16 * 3)()
    drivers.tg_axes_turn(bytes([1, 2, 0, 0xFF, 0x01, 0xFF]), chip, frame)
    assert list(frame) == [-12, -7, 32767]


def samples_of(count: int) -> NDArray[np.int16]:
    return np.arange(3 * count, dtype=np.int16).reshape(count, 3)


def read(drivers: ctypes.CDLL, capacity: int = 100) -> tuple[int, int, list[list[int]]]:
    """Return the result of a read, samples lost before it, and the samples."""
    buffer, lost, newest = (ctypes.c_int16 * (3 * capacity))(), ctypes.c_uint32(0), ctypes.c_uint64(0)
    count = int(drivers.t_read(buffer, capacity, ctypes.byref(lost), ctypes.byref(newest)))
    values = np.frombuffer(bytes(buffer), np.int16).reshape(-1, 3)[: max(count, 0)]
    return count, lost.value, values.tolist()


def test_samples_come_one_a_tick_and_end(drivers: ctypes.CDLL) -> None:
    samples = samples_of(5)
    image = ctypes.create_string_buffer(log_image(samples, Profile(rate_hz=50.0)))
    assert drivers.t_open(image, len(image)) == 0
    full_scale = ctypes.c_uint32()
    assert drivers.t_start(ctypes.byref(full_scale)) == 50_000
    assert full_scale.value == 4000
    assert read(drivers) == (0, 0, [])
    drivers.t_tick(3)
    assert read(drivers, capacity=2) == (2, 0, samples[:2].tolist())
    assert read(drivers) == (1, 0, samples[2:3].tolist())
    drivers.t_tick(10)
    assert read(drivers) == (2, 0, samples[3:].tolist())
    assert read(drivers)[0] == END


def test_overrun_loses_the_oldest_and_says_how_many(drivers: ctypes.CDLL) -> None:
    samples = samples_of(100)
    image = ctypes.create_string_buffer(log_image(samples, Profile(rate_hz=50.0)))
    assert drivers.t_open(image, len(image)) == 0
    drivers.t_tick(FIFO)
    assert read(drivers, capacity=30)[:2] == (30, 0)
    drivers.t_tick(FIFO + 5)
    assert read(drivers) == (FIFO, 7, samples[37 : 37 + FIFO].tolist())
    assert read(drivers)[0] == 0


def test_malformed_images_are_refused(drivers: ctypes.CDLL) -> None:
    image = log_image(samples_of(4), Profile(rate_hz=50.0))
    for size in range(len(image)):
        assert drivers.t_open(ctypes.create_string_buffer(image[:size], size), size) == ERR_IMAGE
    good = list(HEADER.unpack_from(image))
    wrong = {0: b"TGLJ", 1: 2, 2: 28, 3: 16, 4: 999, 5: 32768, 6: 2, 7: 5}
    for field, value in [*wrong.items(), (4, 1_000_001), (5, 0), (7, 0xFFFFFFFF)]:
        changed = [*good[:field], value, *good[field + 1 :]]
        content = HEADER.pack(*changed) + image[HEADER.size :]
        assert drivers.t_open(ctypes.create_string_buffer(content), len(content)) == ERR_IMAGE, (field, value)
