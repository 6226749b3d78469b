#include "tg_quant.h"

#include "tg_flatbuffer.h"

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

/* a x b + c, of 64 bits. */
static TG_INLINE uint32_t multiply_add(uint32_t a, uint32_t b, uint32_t c, uint32_t *low) {
#if defined(__ARM_ARCH_6M__)
    uint32_t a_high = a >> 16; /* no such instruction: four products of halves */
    uint32_t b_high = b >> 16;
    a &= 0xFFFFU;
    b &= 0xFFFFU;
    uint32_t lowest = a * b;
    uint32_t middle = a_high * b + (lowest >> 16);
    uint32_t other = a * b_high + (middle & 0xFFFFU);
    uint32_t sum = (other << 16 | (lowest & 0xFFFFU)) + c;
    *low = sum;
    return a_high * b_high + (middle >> 16) + (other >> 16) + (sum < c);
#else
    uint64_t product = (uint64_t)a * b + c;
    *low = (uint32_t)product;
    return (uint32_t)(product >> 32);
#endif
}

#if defined(__ARM_ARCH_6M__)
int32_t tg_high_mul_positive(int32_t a, int32_t b) {
    /* Four products of 16-bit halves. No sum below overflows: |high half| <= 2^15, halves of b < 2^15 and
     * 2^16. */
    int32_t a_high = a >> 16;
    uint32_t a_low = (uint32_t)a & 0xFFFFU;
    uint32_t b_high = (uint32_t)b >> 16;
    uint32_t b_low = (uint32_t)b & 0xFFFFU;
    int32_t middle = a_high * (int32_t)b_low + (int32_t)(a_low * b_low >> 16);
    uint32_t low = a_low * b_high + ((uint32_t)middle & 0xFFFFU);
    return (a_high * (int32_t)b_high + (middle >> 16)) * 2 + (int32_t)((low + (1U << 14)) >> 15);
}
#endif

uint32_t tg_scale_product(uint32_t a, uint32_t b) {
    uint32_t low;
    uint32_t high = multiply_add(a << 8 | 1U << 31, b << 8 | 1U << 31, 0, &low); /* 31 or 32 bits, and more */
    uint32_t exponent = (a >> MANTISSA_BITS) + (b >> MANTISSA_BITS) - EXPONENT_BIAS + (high >> 31);
    if ((int32_t)high >= 0) {
        high = high << 1 | low >> 31;
        low <<= 1;
    }
    uint32_t kept = high >> 8;
    kept += ((high & 0xFFU) | (low != 0)) + (kept & 1U) > 0x80U; /* half to even */
    /* Adding, not or-ing: a mantissa rounded up to 2^24 carries into the exponent. */
    return (exponent << MANTISSA_BITS) + (kept - HIDDEN_BIT);
}

void tg_ratio_make(tg_ratio *r, uint32_t a, uint32_t c) {
    const uint32_t divisor = mantissa_of(c);
    uint32_t rest = mantissa_of(a);
    const bool below = rest < divisor;
    uint32_t high = 0;
    uint32_t low = 0;
    rest <<= 7U + below;
    for (unsigned digits = 5; digits > 0; digits--) { /* long division: rest is below 2^8 x divisor */
        high = high << 8 | low;
        low = rest / divisor;
        rest = (rest - low * divisor) << 8;
    }
    r->high = high;
    r->low = (uint8_t)low;
    r->exponent = (int16_t)(exponent_of(a) - exponent_of(c) - below);
    r->a = mantissa_of(a) << below;
    r->c = divisor;
}

int32_t tg_scale_quotient(uint32_t value, uint32_t scale) {
    tg_ratio r;
    tg_ratio_make(&r, value, scale);
    /* The float's mantissa. There are no ties: half a step would take the divisor one bit more than it has.
     */
    uint32_t quotient = (r.high >> 8) + (r.high >> 7 & 1U);
    int32_t right = MANTISSA_BITS - r.exponent;
    if (right <= 0) {
        return 65535; /* 2^23 and more: saturates long before */
    }
    if (right > 25) {
        return 0;
    }
    uint32_t rounded = (quotient + (1U << (right - 1))) >> right;
    return rounded > 65535U ? 65535 : (int32_t)rounded;
}

/* The reference computes double(a) * double(b) / double(c), which is the quotient rounded to 53 bits, halves
 * to even, and rounds that to 31 bits, halves up. Let q be the first 32 bits of the exact quotient of the
 * mantissas: it lies in [q, q + 1), and a tie of the second rounding at an odd q. When q is odd, the first
 * rounding leads to no less than q, so q + 1 >> 1 is right. When it is even, q >> 1 is, unless the first
 * rounding leads up to q + 1: the quotient is then within 2^-22 below (53 bits are 21 more than 32; halves go
 * there as well, its last 21 bits being zeros).
 *
 * q comes from b x ratio, of 64 bits. The ratio is less than 1 too small in its 40th bit, so the product is
 * less than 2^24 too small, twice that when it is shifted. q is right, and no tie is near, as long as the
 * last 32 bits are 2^26 below the next q. For the rare others, what the product of the mantissas lacks to the
 * tie above the result, times c, is so little that its last 32 bits tell: when it is nothing, or at most c /
 * 2^22, the result is one more. */
int tg_multipliers(int32_t *mantissa, int8_t *right, const uint8_t *b, uint32_t count, const tg_ratio *r) {
    const int32_t *end = mantissa + count;
    const int32_t least = EXPONENT_BIAS - 3 - r->exponent;
    const uint32_t high = r->high;
    int narrow = 1;
    do {
        uint32_t scale = tg_load32(b);
        b += 4;
        if (!tg_scale_valid(scale)) {
            return TG_ERR_QUANTIZATION;
        }
        int32_t shift = least - (int32_t)(scale >> MANTISSA_BITS);
        uint32_t mantissa_b = scale << 8 | 1U << 31;
        uint32_t low;
        uint32_t q = multiply_add(mantissa_b, high, (mantissa_b >> 8) * r->low, &low);
        uint32_t shifted = q >> 31 ^ 1U;
        if ((int32_t)q < 0) {
            q = (q >> 1) + (q & 1U);
        } else {
            q += low >> 31;
            low <<= 1;
            shift++;
        }
        if (low >= 0U - (1U << 26)) {
            int32_t lacks = (int32_t)((2U * q + 1U) * r->c - (r->a * (mantissa_b >> 8) << (7U + shifted)));
            q += lacks <= (int32_t)(r->c >> 22);
        }
        if ((int32_t)q < 0 || (uint32_t)shift > 22U) {
            shift -= (int32_t)(q >> 31);
            q >>= q >> 31;
            narrow = (uint32_t)shift > 22U ? 0 : narrow;
            if (shift < -31) {
                return TG_ERR_QUANTIZATION;
            }
            if (shift > 30) { /* the reference flushes what vanishes anyway */
                q = 0;
                shift = -1;
            }
        }
        *mantissa++ = (int32_t)q;
        *right++ = (int8_t)shift;
    } while (mantissa != end);
    return narrow;
}

bool tg_multiplier_make(tg_multiplier *multiplier, uint32_t a, uint32_t b, uint32_t c) {
    int8_t right;
    tg_ratio ratio;
    tg_ratio_make(&ratio, a, c);
    if (tg_multipliers(&multiplier->mantissa, &right, (const uint8_t *)&b, 1, &ratio) < 0) {
        return false;
    }
    multiplier->shift = -right - 1;
    return true;
}

int32_t tg_rescale_by(int32_t a, int32_t mantissa, int32_t shift) {
    int32_t left = shift > 0 ? shift : 0;
    int32_t right = shift > 0 ? 0 : -shift;
    return tg_round_shift(tg_high_mul_positive(tg_wrap_shift(a, left), mantissa), right);
}
