"""Sensor drivers against register models: milli-g in and out, and every bus operation failing in turn."""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from gesture_tools.firmware_sources import firmware_folder
from tests.support.host import OUR_CODE, host_compiler, run
from tests.support.sensors import ABSENT, STUCK, Bus, Lis3dh, Lsm303agr, Mma8653, Part, TgBus

ERR_ID, ERR_SETTING, ERR_SILENT = -68, -70, -71
KINDS = {"lis3dh": Lis3dh, "lsm303agr": Lsm303agr, "mma8653": Mma8653}
ONE_SECOND = 1_000_000

SHIM = """
#include "lis3dh/tg_lis3dh.h"
#include "mma8653/tg_mma8653.h"
static tg_lis3dh lis3dh;
static tg_mma8653 mma8653;
static tg_accel accel;
void t_open(const tg_bus *bus, int kind) {
    if (kind == 2) { tg_mma8653_init(&mma8653, bus, &accel); return; }
    tg_lis3dh_init(&lis3dh, bus, kind == 0 ? TG_LIS3DH_ADDRESS_LOW : TG_LIS3DH_ADDRESS_HIGH,
                   kind == 0 ? &tg_lis3dh_part_lis3dh : &tg_lis3dh_part_lsm303agr, &accel);
}
int t_probe(const tg_bus *bus, int kind) {
    if (kind == 2) { return tg_mma8653_probe(bus); }
    return tg_lis3dh_probe(bus, kind == 0 ? TG_LIS3DH_ADDRESS_LOW : TG_LIS3DH_ADDRESS_HIGH);
}
int t_start(uint32_t rate_mhz, uint16_t full_scale_mg, tg_accel_setting *actual) {
    const tg_accel_setting wanted = {rate_mhz, full_scale_mg};
    return accel.start(accel.ctx, &wanted, actual);
}
int t_read(int16_t (*samples)[3], size_t capacity, uint32_t *lost, uint64_t *newest_us) {
    return accel.read(accel.ctx, samples, capacity, lost, newest_us);
}
"""


class Setting(ctypes.Structure):
    _fields_ = (("rate_mhz", ctypes.c_uint32), ("full_scale_mg", ctypes.c_uint16))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The drivers as a library of the host, checked for undefined behaviour."""
    folder = tmp_path_factory.mktemp("sensors")
    (folder / "shim.c").write_text(SHIM)
    source = firmware_folder() / "drivers"
    files = [folder / "shim.c", *sorted(source.glob("*.c")), *sorted(source.glob("[!v]*/*.c"))]
    flags = ["-O1", "-g", "-shared", "-fPIC", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    run([host_compiler(), *OUR_CODE, *flags, f"-I{source}", *files, "-o", folder / "sensors.so"])
    opened = ctypes.CDLL(str(folder / "sensors.so"))
    opened.t_open.argtypes = opened.t_probe.argtypes = [ctypes.POINTER(TgBus), ctypes.c_int]
    opened.t_start.argtypes = [ctypes.c_uint32, ctypes.c_uint16, ctypes.POINTER(Setting)]
    numbers = [ctypes.POINTER(ctypes.c_uint32), ctypes.POINTER(ctypes.c_uint64)]
    opened.t_read.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *numbers]
    return opened


def numbered(number: int) -> tuple[int, int, int]:
    """A sample that tells its number, in steps every part resolves at 4 g, within 2 g."""
    return (number % 120 * 32 - 1920, number // 120 % 120 * 32 - 1920, 1024)


def number_of(sample: list[int]) -> int:
    return round((sample[0] + 1920) / 32) + 120 * round((sample[1] + 1920) / 32)


@dataclass
class Driver:
    """A driver and the bus it is on."""

    library: ctypes.CDLL
    bus: Bus
    kind: str

    def __post_init__(self) -> None:
        self.library.t_open(ctypes.byref(self.bus.c), list(KINDS).index(self.kind))

    @property
    def part(self) -> Part:
        assert self.bus.part is not None
        return self.bus.part

    def probe(self) -> int:
        return int(self.library.t_probe(ctypes.byref(self.bus.c), list(KINDS).index(self.kind)))

    def start(self, rate_hz: float = 50, full_scale_mg: int = 4000) -> tuple[int, float, int]:
        actual = Setting(0, 0)
        result = self.library.t_start(round(rate_hz * 1000), full_scale_mg, ctypes.byref(actual))
        return int(result), actual.rate_mhz / 1000, actual.full_scale_mg

    def read(self, capacity: int = 16) -> tuple[int, int, list[list[int]]]:
        samples, lost = (ctypes.c_int16 * (3 * capacity))(), ctypes.c_uint32(0)
        newest = ctypes.c_uint64(0)
        count = int(self.library.t_read(samples, capacity, ctypes.byref(lost), ctypes.byref(newest)))
        self.newest_us = newest.value
        values = [[samples[3 * i + axis] for axis in range(3)] for i in range(max(count, 0))]
        return count, lost.value if count > 0 else 0, values

    def run(self, us: float) -> tuple[list[int], int, int]:
        """Wake at the driver's pace and read all there is. Returns numbers of samples, lost ones, errors."""
        numbers: list[int] = []
        all_lost = errors = 0
        end = self.bus.now + us
        while self.bus.now < end:
            self.bus.wait(self.bus.period_us)
            while (read := self.read())[0] > 0:
                all_lost += read[1]
                found = [self.number(sample) for sample in read[2]]
                if numbers:
                    assert found[0] >= numbers[-1] + 1
                assert found == list(range(found[0], found[0] + len(found))), "not consecutive"
                numbers += found
            if read[0] < 0:
                errors += 1
                assert self.start()[0] == 0
        return numbers, all_lost, errors

    def number(self, sample: list[int]) -> int:
        turned = [sample[0], -sample[1] if self.kind == "lsm303agr" else sample[1], sample[2]]
        return number_of(turned)


@pytest.fixture(params=KINDS)
def driver(request: pytest.FixtureRequest, library: ctypes.CDLL) -> Driver:
    return Driver(library, Bus(KINDS[request.param](numbered)), request.param)


@pytest.mark.parametrize("full_scale", [2000, 4000, 8000, 16000])
def test_milli_g_in_is_milli_g_out(driver: Driver, full_scale: int) -> None:
    if driver.kind == "mma8653" and full_scale > 8000:
        pytest.skip("the part has no such range")
    limit = full_scale
    cases = [(0, 0, 1000), (-1000, 500, -250), (limit, -limit, 0), (3 * limit, -3 * limit, 1)]
    driver.part.motion = lambda number: cases[number % len(cases)]
    assert driver.start(50, full_scale) == (0, 50, full_scale)
    driver.bus.wait(21_000)
    step = full_scale / 2000 * (4 if driver.kind == "mma8653" else 1) * (1.5 if full_scale > 8000 else 1)
    for case in cases:
        count, lost, (sample,) = driver.read()
        assert (count, lost) == (1, 0)
        expected = [case[0], -case[1] if driver.kind == "lsm303agr" else case[1], case[2]]
        for found, meant in zip(sample, expected, strict=True):
            clipped = max(-limit, min(limit, meant))
            assert abs(found - clipped) <= 1.01 * step + abs(clipped) * 0.024
            assert abs(found) <= limit
        driver.bus.wait(20_000)


@pytest.mark.parametrize(
    ("kind", "wanted", "actual"),
    [
        ("lis3dh", 1, 1),
        ("lis3dh", 40, 50),
        ("lis3dh", 75, 50),
        ("lis3dh", 76, 100),
        ("lis3dh", 104, 100),
        ("lis3dh", 1000, 400),
        ("lsm303agr", 52, 50),
        ("mma8653", 1, 6.25),
        ("mma8653", 50, 50),
        ("mma8653", 500, 400),
        ("mma8653", 1000, 800),
    ],
)
def test_the_nearest_rate_is_taken_and_kept(
    library: ctypes.CDLL, kind: str, wanted: float, actual: float
) -> None:
    driver = Driver(library, Bus(KINDS[kind](numbered)), kind)
    assert driver.start(wanted)[:2] == (0, actual)
    assert driver.part.rate_hz() == actual
    before = driver.part.taken
    numbers, lost, errors = driver.run(20e6 / actual)
    assert (lost, errors) == (0, 0)
    assert 17 <= len(numbers) <= driver.part.taken - before <= 40


@pytest.mark.parametrize(
    ("kind", "wanted", "actual"), [("lis3dh", 3000, 4000), ("lis3dh", 20000, 16000), ("mma8653", 16000, 8000)]
)
def test_the_range_that_holds_the_wanted_one(
    library: ctypes.CDLL, kind: str, wanted: int, actual: int
) -> None:
    assert Driver(library, Bus(KINDS[kind](numbered)), kind).start(50, wanted)[2] == actual


def test_the_processor_sleeps_between_batches(library: ctypes.CDLL) -> None:
    """At 400 Hz a part with a FIFO is asked 25 times a second, and loses nothing."""
    driver = Driver(library, Bus(Lis3dh(numbered)), "lis3dh")
    assert driver.start(400)[0] == 0
    assert driver.bus.period_us == 40_000
    operations = driver.bus.operations
    numbers, lost, errors = driver.run(2 * ONE_SECOND)
    assert (lost, errors) == (0, 0)
    assert len(numbers) > 780
    assert driver.bus.operations - operations < 2 * 25 * 7


def test_interrupt_pin_follows_the_batch(library: ctypes.CDLL) -> None:
    driver = Driver(library, Bus(Lis3dh(numbered)), "lis3dh")
    assert driver.start(400)[0] == 0
    assert driver.part.registers[0x22] == 0x04  # I1_WTM
    assert driver.part.registers[0x2E] & 0x1F == 16


def test_samples_lost_are_counted(driver: Driver) -> None:
    assert driver.start(100)[0] == 0
    first, lost, errors = driver.run(ONE_SECOND)
    assert (lost, errors) == (0, 0)
    driver.bus.wait(2 * ONE_SECOND)
    after, lost, errors = driver.run(ONE_SECOND)
    assert errors == 0
    assert abs(lost - (after[0] - first[-1] - 1)) <= (driver.kind == "mma8653")  # told by time alone
    assert lost > 100


def test_a_part_that_falls_silent_is_told_and_started_again(driver: Driver) -> None:
    assert driver.start(100)[0] == 0
    driver.run(ONE_SECOND)
    driver.part.dead = True
    deadline = driver.bus.now + ONE_SECOND
    result = 0
    while result >= 0 and driver.bus.now < deadline:
        driver.bus.wait(driver.bus.period_us)
        result = driver.read()[0]
    assert result == ERR_SILENT
    driver.part.dead = False
    assert driver.start(100)[0] == 0
    assert driver.run(ONE_SECOND)[1:] == (0, 0)


def test_an_absent_part(library: ctypes.CDLL, driver: Driver) -> None:
    nothing = Driver(library, Bus(None), driver.kind)
    assert nothing.probe() == ABSENT
    assert nothing.start() == (ABSENT, 0, 0)
    assert nothing.read()[0] == ABSENT


def test_another_part_at_the_address(driver: Driver) -> None:
    register, identity = driver.part.identity
    driver.part.registers[register] = identity ^ 1
    assert driver.probe() == ERR_ID
    assert driver.start() == (ERR_ID, 0, 0)
    driver.part.registers[register] = identity
    assert driver.probe() == 0
    assert driver.start()[0] == 0


def test_a_setting_that_is_not_kept(driver: Driver) -> None:
    rate_register = {"mma8653": 0x2A}.get(driver.kind, 0x20)
    driver.part.stuck_registers = {rate_register}
    assert driver.start() == (ERR_SETTING, 0, 0)


def test_a_bus_that_stays_stuck(driver: Driver) -> None:
    assert driver.start()[0] == 0
    driver.bus.faults = {operation: "stuck" for operation in range(driver.bus.operations, 100)}
    before = driver.bus.now
    assert driver.probe() == STUCK
    assert driver.start() == (STUCK, 0, 0)
    assert driver.read()[0] == STUCK
    assert driver.bus.now - before < 0.1 * ONE_SECOND
    driver.bus.faults = {}
    assert driver.start()[0] == 0


def session(library: ctypes.CDLL, kind: str, bus: Bus) -> tuple[list[int], int, int]:
    """Start until it works, then a quarter of a second of samples at 100 Hz."""
    driver = Driver(library, bus, kind)
    for _ in range(3):
        if driver.start(100)[0] == 0:
            break
    else:
        pytest.fail("a single fault kept the sensor from starting")
    return driver.run(ONE_SECOND / 4)


@pytest.mark.parametrize("fault", ["nack", "lost", "stuck"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_operation_failing_once(library: ctypes.CDLL, kind: str, fault: str) -> None:
    """At each position: no hang, no error after the retries, no sample invented, none lost untold."""
    bus = Bus(KINDS[kind](numbered))
    session(library, kind, bus)
    assert bus.operations > 30
    for position in range(bus.operations):
        failing = Bus(KINDS[kind](numbered))
        failing.faults[position] = fault
        numbers, lost, errors = session(library, kind, failing)
        assert errors == 0, position
        assert failing.recovered == 2, position  # once at the start, once for the fault
        gaps = numbers[0] + sum(b - a - 1 for a, b in itertools.pairwise(numbers))
        assert gaps <= lost <= gaps + 1, (position, numbers, lost)
        assert len(numbers) >= 20, position


@pytest.mark.parametrize("kind", KINDS)
def test_every_operation_failing_for_good(library: ctypes.CDLL, kind: str) -> None:
    """From each position on the part is gone: told within bounded time; back again, it starts anew."""
    bus = Bus(KINDS[kind](numbered))
    session(library, kind, bus)
    for position in range(bus.operations):
        failing = Bus(KINDS[kind](numbered))
        failing.broken_from = position
        driver = Driver(library, failing, kind)
        result = driver.start(100)[0]
        while result >= 0 and failing.now < ONE_SECOND:
            failing.wait(failing.period_us)
            result = driver.read()[0]
        assert result == ABSENT, position
        failing.broken_from = None
        assert driver.start(100)[0] == 0
        failing.wait(failing.period_us)
        numbers, _, errors = driver.run(ONE_SECOND / 10)
        assert errors == 0
        assert numbers


@pytest.mark.parametrize("clock", [0.93, 1.0, 1.07])
def test_times_follow_the_clock_of_the_part(driver: Driver, clock: float) -> None:
    """Each sample's time is near the true one, rises evenly, and their slope is the part's own rate."""
    driver.part.clock = clock
    assert driver.start(100)[0] == 0
    period = 10_000 / clock
    first = driver.part.next_sample
    off, numbers, times = [], [], []
    while driver.bus.now < first + 4 * ONE_SECOND:
        driver.bus.wait(driver.bus.period_us)
        while (read := driver.read())[0] > 0:
            numbers.append(driver.number(read[2][-1]))
            times.append(driver.newest_us)
            off.append(driver.newest_us - first - numbers[-1] * period)
    assert max(off[len(off) // 2 :]) - min(off[len(off) // 2 :]) < 0.6 * period
    assert -period < np.mean(off[len(off) // 2 :]) < period
    slope = np.polyfit(numbers[-len(off) // 2 :], times[-len(off) // 2 :], 1)[0]
    assert slope == pytest.approx(period, rel=0.005)
    assert all(b > a for a, b in itertools.pairwise(times))
