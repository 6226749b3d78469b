#include "tg_quant.h"

/* Fields of a binary32 number (IEEE 754-2019, 3.4). */
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#define HIDDEN_BIT    (1U << MANTISSA_BITS)

static uint32_t mantissa_of(uint32_t bits) {
    return (bits & (HIDDEN_BIT - 1U)) | HIDDEN_BIT;
}

static int32_t exponent_of(uint32_t bits) {
    return (int32_t)(bits >> MANTISSA_BITS) - EXPONENT_BIAS;
}

/* value / 2^count rounded to nearest even; sticky: something nonzero lies below value's last bit. */
static uint64_t round_even(uint64_t value, unsigned count, bool sticky) {
    uint64_t half = 1ULL << (count - 1U);
    uint64_t rest = value & ((half << 1) - 1U);
    uint64_t kept = value >> count;
    bool up = rest > half || (rest == half && (sticky || (kept & 1U) != 0));
    return kept + up;
}

uint32_t tg_scale_product(uint32_t a, uint32_t b) {
    uint64_t product = (uint64_t)mantissa_of(a) * mantissa_of(b); /* 47 or 48 bits */
    unsigned excess = (product >> 47) != 0 ? 24U : 23U;
    uint32_t rounded = (uint32_t)round_even(product, excess, false);
    int32_t exponent = exponent_of(a) + exponent_of(b) + (int32_t)excess - MANTISSA_BITS;
    /* Adding, not or-ing: a mantissa rounded up to 2^24 carries into the exponent. */
    return ((uint32_t)(exponent + EXPONENT_BIAS) << MANTISSA_BITS) + (rounded - HIDDEN_BIT);
}

tg_ratio tg_ratio_make(uint32_t a, uint32_t c) {
    tg_ratio ratio = {.a = a, .c = c};
    uint32_t divisor = mantissa_of(c);
    uint32_t rest = mantissa_of(a);
    /* Long division, eight bits a step; the first 7 bits make it 63 in all. rest < 2^24, so nothing
     * overflows. */
    for (unsigned bits = 7, step = 0; step < 8U; step++, bits = 8) {
        rest <<= bits;
        uint32_t digit = rest / divisor;
        rest -= digit * divisor;
        ratio.high = ratio.high << 8 | ratio.low >> 24;
        ratio.low = ratio.low << 8 | digit;
    }
    return ratio;
}

int32_t tg_scale_quotient(uint32_t value, uint32_t scale) {
    tg_ratio ratio = tg_ratio_make(value, scale);
    /* 31 or 32 bits and all that follow: a quotient of 24-bit numbers has none after 32 zeros. */
    unsigned excess = (ratio.high >> 31) != 0 ? 8U : 7U;
    uint32_t quotient =
        (uint32_t)round_even(ratio.high, excess, ratio.low != 0); /* the float's mantissa, exactly */
    int32_t exponent = exponent_of(value) - exponent_of(scale) - 31 + (int32_t)excess;
    if (exponent > -8) {
        return 65535; /* 2^23 and more: saturates long before */
    }
    if (exponent < -25) {
        return 0;
    }
    unsigned right = (unsigned)-exponent;
    uint32_t rounded = (quotient + (1U << (right - 1U))) >> right;
    return rounded > 65535U ? 65535 : (int32_t)rounded;
}

/* floor(a b 2^shift / c) of 32 bits for mantissas, one bit at a time; *rest: the remainder. */
static uint32_t divide_product(uint32_t a, uint32_t b, unsigned shift, uint32_t c, uint32_t *rest) {
    uint64_t product = (uint64_t)a * b << shift;
    uint32_t quotient = 0;
    uint32_t remainder = 0;
    for (unsigned i = 64; i > 0; i--) {
        remainder = remainder << 1 | (uint32_t)(product >> 63);
        product <<= 1;
        quotient <<= 1;
        if (remainder >= c) {
            remainder -= c;
            quotient |= 1U;
        }
    }
    *rest = remainder;
    return quotient;
}

/* The reference computes double(a) * double(b) / double(c), which is the quotient rounded to 53 bits, halves
 * to even, and rounds that to 31 bits, halves up. Let q be the first 32 bits of the exact quotient of the
 * mantissas: it lies in [q, q + 1), and a tie of the second rounding at an odd q. When q is odd, the first
 * rounding leads to no less than q, so q + 1 >> 1 is right. When it is even, q >> 1 is, unless the first
 * rounding leads up to q + 1: the quotient is then within 2^-22 below (53 bits are 21 more than 32; halves go
 * there as well, its last 21 bits being zeros). With the remainder r of q that is c - r <= c / 2^22.
 *
 * q comes from v = a b / c x 2^31, of which b x ratio, its last 32 bits cut off, is less than 1.01 too small:
 * ratio is less than 1 too small and b less than 2^24. q and v / 2^bits agree, and no tie is near, as long as
 * the last bits of the product are 8 below the next q: 2^-22 q is at most 4 there. The rare others are
 * divided exactly.
 */
bool tg_multiplier_of(tg_multiplier *multiplier, const tg_ratio *ratio, uint32_t b, int32_t exponent) {
    uint32_t mantissa_b = mantissa_of(b);
    uint64_t v =
        (uint64_t)mantissa_b * ratio->high + ((uint64_t)mantissa_b * ratio->low >> 32); /* 54 to 56 bits */
    uint32_t high = (uint32_t)(v >> 32);
    uint32_t low = (uint32_t)v;
    unsigned bits = (high >> 22) == 0 ? 22U : (high >> 23) == 0 ? 23U : 24U;
    uint32_t q = high << (32U - bits) | low >> bits;
    if (low << (32U - bits) >= 0U - (8U << (32U - bits))) {
        uint32_t c = mantissa_of(ratio->c);
        uint32_t rest;
        uint32_t a = mantissa_of(ratio->a);
        bits = ((uint64_t)a * mantissa_b >> 24) < c ? 23U : 24U;
        bits -= bits == 23U && ((uint64_t)a * mantissa_b >> 23) < c;
        q = divide_product(a, mantissa_b, 31U - bits, c, &rest);
        q += c - rest <= c >> 22;
        q -= q == 0; /* 2^32 - 1 is odd already */
    }
    uint32_t mantissa = (q >> 1) + (q & 1U);
    int32_t shift =
        exponent_of(ratio->a) + exponent_of(b) - exponent_of(ratio->c) + exponent + (int32_t)bits - 22;
    if (mantissa == 1U << 31) {
        mantissa >>= 1;
        shift++;
    }
    if (shift > 30) {
        return false;
    }
    if (shift < -31) { /* the reference flushes what vanishes anyway */
        mantissa = 0;
        shift = 0;
    }
    multiplier->mantissa = (int32_t)mantissa;
    multiplier->shift = shift;
    return true;
}

bool tg_multiplier_make(tg_multiplier *multiplier, uint32_t a, uint32_t b, uint32_t c, int32_t exponent) {
    tg_ratio ratio = tg_ratio_make(a, c);
    return tg_multiplier_of(multiplier, &ratio, b, exponent);
}
