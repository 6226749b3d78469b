/* Fixed-point arithmetic of int8 inference, equal to TensorFlow Lite Micro bit for bit.
 *
 * Floats of the file (scales) are handled as their IEEE 754 binary32 bit patterns: opening a model needs no
 * floating point either. Internal to the core.
 */
#ifndef TG_QUANT_H
#define TG_QUANT_H

#include <stdbool.h>
#include <stdint.h>

#include "tg_flatbuffer.h"

/* A real factor as mantissa x 2^(shift - 31): mantissa 2^30 .. 2^31-1 (or 0), shift -31 .. 30. */
typedef struct {
    int32_t mantissa;
    int32_t shift;
} tg_multiplier;

/* True for the bits of a positive float within 2^-60 .. 2^60: every scale a model may use, and products of
 * two stay normal numbers. */
static inline bool tg_scale_valid(uint32_t bits) {
    return bits - (67U << 23) <= 120U << 23; /* biased exponents 127 - 60 .. 127 + 60 */
}

/* Bits of a x b, rounded to nearest even as the float product is. Both valid scales. */
uint32_t tg_scale_product(uint32_t a, uint32_t b);

/* round(value / scale), the quotient first rounded to float as TensorFlow Lite does; halves away from zero;
 * saturated to +-65535. value: bits of a positive normal float. */
int32_t tg_scale_quotient(uint32_t value, uint32_t scale);

/* The quotient of two valid scales: mantissa x 2^(exponent - 31), its mantissa rounded down to 32 bits and 8
 * more. */
typedef struct {
    uint32_t high; /* at least 2^31 */
    uint8_t low;
    int16_t exponent;
    uint32_t a; /* what was divided: mantissas of 24 bits, that of a doubled where it was the smaller one */
    uint32_t c;
} tg_ratio;

void tg_ratio_make(tg_ratio *ratio, uint32_t a, uint32_t c);

/* The multipliers of b x a / c for `count` b, at least one, little-endian scales one behind the other, each
 * computed as double(a) * double(b) / double(c) and then rounded to 31 bits: the two roundings of the
 * reference are kept. right: how far to shift right, the multiplier's shift negated, but the last bit.
 * Returns TG_ERR_QUANTIZATION when a b is no valid scale or a multiplier too large; otherwise 1 if all
 * `right` are 0 .. 22, or 0. */
int tg_multipliers(int32_t *mantissa, int8_t *right, const uint8_t *b, uint32_t count, const tg_ratio *ratio);

/* The multiplier of a x b / c, for one valid scale. Returns false when it is outside the range above (too
 * large). */
bool tg_multiplier_make(tg_multiplier *multiplier, uint32_t a, uint32_t b, uint32_t c);

#define TG_SCALE_POWER(exponent) ((uint32_t)(127 + (exponent)) << 23) /* bits of 2^exponent */
#define TG_SCALE_ONE             TG_SCALE_POWER(0)

/* Signed arithmetic that wraps like the reference's does in practice, without undefined behaviour. */
static inline int32_t tg_wrap_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t tg_wrap_shift(int32_t a, int32_t left) {
    return (int32_t)((uint32_t)a << left);
}

/* round(a x b / 2^31), halves up, for b >= 0 and any a; tg_high_mul_half() takes 2b. */
#if defined(__ARM_FEATURE_DSP)
static inline int32_t tg_high_mul_half(int32_t a, uint32_t twice) {
    /* The rounded high word of a x 2b; 2b beyond 2^31 counts as negative, 2^32 too little. */
    int32_t high;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(high) : "r"(a), "r"(twice), "r"(a & ((int32_t)twice >> 31)));
    return high;
}

static inline int32_t tg_high_mul_positive(int32_t a, int32_t b) {
    return tg_high_mul_half(a, (uint32_t)b * 2U);
}
#else
#if defined(__ARM_ARCH_6M__)
int32_t tg_high_mul_positive(int32_t a, int32_t b);
#else
static inline int32_t tg_high_mul_positive(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}
#endif

static inline int32_t tg_high_mul_half(int32_t a, uint32_t twice) {
    return tg_high_mul_positive(a, (int32_t)(twice >> 1));
}
#endif

/* The same for b >= 2^30, or a of 0. */
static inline int32_t tg_high_mul_large(int32_t a, int32_t b) {
#if defined(__ARM_FEATURE_DSP)
    int32_t high;
    __asm__("smmlar %0, %1, %2, %1" : "=r"(high) : "r"(a), "r"((uint32_t)b * 2U));
    return high;
#else
    return tg_high_mul_positive(a, b);
#endif
}

/* The same for |a| < 2^30: one instruction where the processor has it. */
static inline int32_t tg_high_mul_small(int32_t a, int32_t b) {
#if defined(__ARM_FEATURE_DSP)
    int32_t high;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(a * 2), "r"(b));
    return high;
#else
    return tg_high_mul_positive(a, b);
#endif
}

/* The same and c. */
static inline int32_t tg_high_mul_small_add(int32_t a, int32_t b, int32_t c) {
#if defined(__ARM_FEATURE_DSP)
    int32_t high;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(high) : "r"(a * 2), "r"(b), "r"(c));
    return high;
#else
    return tg_high_mul_positive(a, b) + c;
#endif
}

/* The same of |a| < 2^30 and itself. */
static inline int32_t tg_high_square(int32_t a) {
#if defined(__ARM_FEATURE_DSP)
    return tg_high_mul_small(a, a);
#else
    a = a < 0 ? -a : a;
    return tg_high_mul_positive(a, a);
#endif
}

/* Leading zeros of a value that has no more than `most`. */
static inline int32_t tg_leading_zeros(uint32_t value, int32_t most) {
#if defined(__ARM_FEATURE_CLZ)
    (void)most;
    return __builtin_clz(value);
#else
    for (; value >> (32 - most) != 0; most--) {
    }
    return most;
#endif
}

/* round(a / 2^exponent), halves away from zero; exponent 0 .. 31. */
static inline int32_t tg_round_shift(int32_t a, int32_t exponent) {
    int32_t mask = (int32_t)((1U << exponent) - 1U);
    int32_t threshold = (int32_t)((uint32_t)mask >> 1) + (a < 0);
    return (a >> exponent) + ((a & mask) > threshold);
}

/* The same for a >= 0 and an exponent from 1 on. */
static inline int32_t tg_round_shift_positive(int32_t a, int32_t exponent) {
    return (int32_t)(((uint32_t)a + (1U << (exponent - 1))) >> exponent);
}

/* a times the multiplier, in the reference's two roundings. */
int32_t tg_rescale_by(int32_t a, int32_t mantissa, int32_t shift);

static inline int32_t tg_rescale(int32_t a, tg_multiplier multiplier) {
    return tg_rescale_by(a, multiplier.mantissa, multiplier.shift);
}

static inline int8_t tg_saturate(int32_t value) {
#if defined(__ARM_FEATURE_DSP)
    __asm__("ssat %0, #8, %1" : "=r"(value) : "r"(value));
#else
    value = value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
#endif
    return (int8_t)value;
}

static inline int32_t tg_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

#endif
