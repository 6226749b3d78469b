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

bool tg_scale_valid(uint32_t bits) {
    return bits >= (uint32_t)(EXPONENT_BIAS - 60) << MANTISSA_BITS && bits <= (uint32_t)(EXPONENT_BIAS + 60)
                                                                                  << MANTISSA_BITS;
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

int32_t tg_scale_quotient(uint32_t value, uint32_t scale) {
    uint64_t dividend = (uint64_t)mantissa_of(value) << 26;
    uint32_t divisor = mantissa_of(scale);
    uint64_t quotient = dividend / divisor; /* 26 or 27 bits */
    bool sticky = dividend % divisor != 0;
    int32_t exponent = exponent_of(value) - exponent_of(scale) - 26;
    unsigned excess = (quotient >> 26) != 0 ? 3U : 2U;
    quotient = round_even(quotient, excess, sticky); /* now the float's mantissa, exactly */
    exponent += (int32_t)excess;
    if (exponent > -8) {
        return 65535; /* 2^23 and more: saturates long before */
    }
    if (exponent < -25) {
        return 0;
    }
    unsigned right = (unsigned)-exponent;
    uint64_t rounded = (quotient + (1ULL << (right - 1U))) >> right;
    return rounded > 65535U ? 65535 : (int32_t)rounded;
}

bool tg_multiplier_make(tg_multiplier *multiplier, uint32_t a, uint32_t b, uint32_t c, int32_t exponent) {
    /* Both steps round as the reference's doubles do: first a quotient of 53 bits, halves to even, then 31
     * bits, halves up. The product of two 24-bit mantissas is exact in a double. */
    uint64_t dividend = (uint64_t)mantissa_of(a) * mantissa_of(b); /* 47 or 48 bits */
    uint32_t divisor = mantissa_of(c);                             /* 24 bits */
    uint64_t high = dividend / divisor;                            /* 23 to 25 bits */
    uint64_t low = (dividend % divisor) << 32;
    uint64_t quotient = (high << 32) | (low / divisor); /* 55 to 57 bits */
    bool sticky = low % divisor != 0;
    unsigned excess = (quotient >> 56) != 0 ? 4U : (quotient >> 55) != 0 ? 3U : 2U;
    uint64_t double_mantissa = round_even(quotient, excess, sticky); /* 2^52 .. 2^53 */
    uint64_t mantissa = (double_mantissa + (1U << 21)) >> 22;        /* 2^30 .. 2^31 */
    /* quotient = a b / c x 2^(32 + 23), mantissa = quotient / 2^(excess + 22); mantissa x 2^(shift - 31). */
    int32_t shift = exponent_of(a) + exponent_of(b) - exponent_of(c) + exponent + (int32_t)excess - 2;
    if (mantissa == 1ULL << 31) {
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
