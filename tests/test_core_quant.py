"""The core's integer quantisation arithmetic against the floating point of TensorFlow Lite Micro.

The reference: ``QuantizeMultiplier(double(a) * double(b) / double(c))``, which rounds twice: the quotient to
a double, its mantissa to 31 bits. Triples near a tie of the second rounding are where an integer division
goes wrong when it forgets the first.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.host import ROOT, compile_probe

Words = NDArray[np.uint32]
RANDOM_TRIPLES = 1_000_000
NEAR_TIES = 200_000
"""The powers of two that the kernels ask for: convolutions, and both steps and the softmax of others."""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return compile_probe(tmp_path_factory.mktemp("probe"), ROOT / "tests" / "support" / "quant_probe.c")


def pointer(array: NDArray[Any]) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


def make(
    probe: ctypes.CDLL, triples: tuple[Words, Words, Words]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mantissas, shifts and successes of the core."""
    count = len(triples[0])
    mantissa, shift, ok = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.uint8)
    arguments = [pointer(np.ascontiguousarray(x)) for x in triples]
    outputs = [pointer(mantissa), pointer(shift), pointer(ok)]
    probe.probe_multiplier(count, *arguments, *outputs)
    return mantissa, shift, ok.astype(bool)


def expected(triples: tuple[Words, Words, Words]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The reference's QuantizeMultiplier, in doubles; refused where it would saturate the shift of 30."""
    a, b, c = (x.view(np.float32).astype(np.float64) for x in triples)
    mantissa, shift = np.frexp(a * b / c)
    fixed = np.floor(mantissa * 2.0**31 + 0.5).astype(np.int64)
    over = fixed == 1 << 31
    fixed[over] >>= 1
    shift = shift + over
    small = shift < -31
    fixed[small], shift[small] = 0, 0
    return fixed, shift, shift <= 30


def random_scales(rng: np.random.Generator, count: int, low: int = 67, high: int = 187) -> Words:
    """Bits of scales within 2^-60 .. 2^60: any mantissa, exponents low .. high - 1 (biased)."""
    exponents = rng.integers(low, high, count, dtype=np.uint32)
    mantissas = rng.integers(0, 1 << 23, count, dtype=np.uint32)
    edges = rng.random(count)
    mantissas[edges < 0.05] = 0
    mantissas[edges > 0.95] = (1 << 23) - 1
    return exponents << np.uint32(23) | mantissas


def from_mantissas(mantissas: NDArray[np.int64]) -> Words:
    """Bits of mantissa x 2^-23: values of 1 to 2."""
    assert ((mantissas >= 1 << 23) & (mantissas < 1 << 24)).all()
    return (mantissas - (1 << 23)).astype(np.uint32) | np.uint32(127 << 23)


def near_ties(count: int) -> Iterator[tuple[int, int, int]]:
    """Mantissas a, b, c (24 bits) whose exact a b / c lies 1 / (2 c), at most 2^-24, beside a 31-bit tie.

    A tie is (2 k + 1) / 2 with 2^30 <= k < 2^31; for odd c there is none nearer.
    """
    rng = np.random.default_rng(24)
    found = 0
    while found < count:
        a, c = (int(v) for v in rng.integers(1 << 23, 1 << 24, 2))
        c |= 1
        for extra, side in ((8, 1), (8, -1), (9, 1), (9, -1)):  # a b 2^extra / c has 32 bits
            try:
                b = side * pow(a << extra, -1, c) % c
            except ValueError:
                break  # a and c have a common factor
            b += c if b < 1 << 23 else 0
            if 1 << 23 <= b < 1 << 24 and (a * b << extra) // c >> 31 == 1:
                yield a, b, c
                found += 1


def near_tie_triples() -> tuple[Words, Words, Words]:
    table = np.array(list(near_ties(NEAR_TIES)), np.int64)
    return from_mantissas(table[:, 0]), from_mantissas(table[:, 1]), from_mantissas(table[:, 2])


def exact_tie_triples(count: int = 50_000) -> tuple[Words, Words, Words]:
    """Products that end in half a unit of the 31st bit, divided by 1."""
    rng = np.random.default_rng(31)
    a = rng.integers(1 << 22, 1 << 23, count) * 2 + 1
    b = (rng.integers(1 << 6, 1 << 7, count) * 2 + 1) << 16
    return from_mantissas(a), from_mantissas(b), from_mantissas(np.full(count, 1 << 23))


def assert_equal_multipliers(probe: ctypes.CDLL, triples: tuple[Words, Words, Words]) -> None:
    mantissa, shift, ok = make(probe, triples)
    want_mantissa, want_shift, want_ok = expected(triples)
    assert (ok == want_ok).all()
    wrong = np.flatnonzero(ok & ((mantissa != want_mantissa) | (shift != want_shift)))
    first = wrong[0] if len(wrong) else 0
    assert not len(wrong), (
        f"{len(wrong)} of {len(ok)} differ, first a, b, c = {[hex(int(x[first])) for x in triples]}, "
        f"expected {want_mantissa[first]}, {want_shift[first]}, "
        f"found {mantissa[first]}, {shift[first]}"
    )


def test_random_multipliers(probe: ctypes.CDLL) -> None:
    rng = np.random.default_rng(1)
    usual = tuple(random_scales(rng, RANDOM_TRIPLES, 110, 135) for _ in range(3))
    assert_equal_multipliers(probe, (usual[0], usual[1], usual[2]))
    extreme = tuple(random_scales(rng, RANDOM_TRIPLES // 4) for _ in range(3))
    assert_equal_multipliers(probe, (extreme[0], extreme[1], extreme[2]))


def test_multipliers_near_ties(probe: ctypes.CDLL) -> None:
    triples = near_tie_triples()
    assert_equal_multipliers(probe, triples)
    # What makes the near ties worth testing: rounding the exact quotient once gives other mantissas.
    a, b, c = ((x & 0x7FFFFF | 0x800000).astype(object) for x in triples)
    mantissa, _, _ = make(probe, triples)
    extra = np.where(a * b // c >> 23 == 1, 8, 9)
    once = (a * b * 2**extra // c + 1) // 2
    assert (once.astype(np.int64) != mantissa).mean() > 0.1


def test_multipliers_at_ties(probe: ctypes.CDLL) -> None:
    triples = exact_tie_triples()
    assert_equal_multipliers(probe, triples)


def test_multipliers_at_the_ends_of_the_range(probe: ctypes.CDLL) -> None:
    one = 127
    for total in (*range(-35, -28), *range(27, 34)):
        for mantissa in (0, 1, (1 << 23) - 1):
            a = np.array([(one + total // 2) << 23 | mantissa], np.uint32)
            b = np.array([(one + total - total // 2) << 23], np.uint32)
            assert_equal_multipliers(probe, (a, b, np.array([one << 23], np.uint32)))


def test_products_round_as_floats(probe: ctypes.CDLL) -> None:
    rng = np.random.default_rng(2)
    a, b = random_scales(rng, RANDOM_TRIPLES), random_scales(rng, RANDOM_TRIPLES)
    ties_a = (rng.integers(0, 1 << 11, RANDOM_TRIPLES) << 12).astype(np.uint32) | np.uint32(127 << 23)
    ties_b = (rng.integers(0, 1 << 12, RANDOM_TRIPLES) << 11).astype(np.uint32) | np.uint32(127 << 23)
    for x, y in ((a, b), (ties_a, ties_b)):
        product = np.empty(len(x), np.uint32)
        probe.probe_product(len(x), pointer(x), pointer(y), pointer(product))
        assert (product == (x.view(np.float32) * y.view(np.float32)).view(np.uint32)).all()


def test_quotients_round_as_floats(probe: ctypes.CDLL) -> None:
    rng = np.random.default_rng(3)
    random = random_scales(rng, RANDOM_TRIPLES, 110, 145), random_scales(rng, RANDOM_TRIPLES, 110, 145)
    extreme = random_scales(rng, RANDOM_TRIPLES // 4), random_scales(rng, RANDOM_TRIPLES // 4)
    halves = (
        (rng.integers(0, 70_000, RANDOM_TRIPLES // 4) + np.float32(0.5)).astype(np.float32).view(np.uint32)
    )
    power = np.full(len(halves), 127 << 23, np.uint32)
    below = halves - np.uint32(1)
    for value, scale in (random, extreme, (halves, power), (below, power)):
        quotient = np.empty(len(value), np.int32)
        probe.probe_quotient(len(value), pointer(value), pointer(scale), pointer(quotient))
        exact = (value.view(np.float32) / scale.view(np.float32)).astype(np.float64)
        assert (quotient == np.minimum(np.floor(exact + 0.5), 65535)).all()


def test_valid_scales(probe: ctypes.CDLL) -> None:
    """Exactly the floats of 2^-60 to 2^60: no zero, negative number, infinity, NaN or subnormal number."""
    low, high = np.float32(2.0**-60), np.float32(2.0**60)
    values = [low, high, 1.0, np.nextafter(low, np.float32(0)), np.nextafter(high, np.float32(np.inf))]
    values += [0.0, -0.0, -1.0, np.inf, -np.inf, np.nan, 1e-45, np.finfo(np.float32).tiny, -low]
    floats = np.array(values, np.float32)
    bits = np.concatenate(
        [floats.view(np.uint32), np.random.default_rng(4).integers(0, 1 << 32, 100_000).astype(np.uint32)]
    )
    valid = np.empty(len(bits), np.uint8)
    probe.probe_valid(len(bits), pointer(bits), pointer(valid))
    with np.errstate(invalid="ignore"):
        scale = bits.view(np.float32)
        assert (valid.astype(bool) == ((scale >= low) & (scale <= high))).all()


def test_rescaling_rounds_twice(probe: ctypes.CDLL) -> None:
    """MultiplyByQuantizedMultiplier of the reference: a high multiplication, then a rounding shift."""
    rng = np.random.default_rng(5)
    count = 500_000
    shift = rng.integers(-31, 15, count).astype(np.int32)
    value = (rng.integers(-(1 << 31), 1 << 31, count) >> np.maximum(shift, 0)).astype(np.int32)
    value[::7] >>= rng.integers(0, 31, len(value[::7]), dtype=np.int32)
    mantissa = rng.integers(1 << 30, 1 << 31, count).astype(np.int32)
    mantissa[::5] = 1 << 30
    result = np.empty(count, np.int32)
    probe.probe_rescale(count, pointer(value), pointer(mantissa), pointer(shift), pointer(result))
    left, right = np.maximum(shift, 0).astype(np.int64), np.maximum(-shift, 0).astype(np.int64)
    high = ((value.astype(np.int64) << left) * mantissa + (1 << 30)) >> 31
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
    rounded = np.sign(high) * ((np.abs(high) + half) >> right)  # halves away from zero
    assert (result == rounded).all()
