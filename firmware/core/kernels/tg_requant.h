/* From int32 accumulators to int8 outputs, as convolutions and fully connected layers need it. Internal to
 * the core. */
#ifndef TG_REQUANT_H
#define TG_REQUANT_H

#include "../tg_op.h"

/* How an accumulator becomes an int8 output; which of three equal ways is decided once, when the model is
 * opened. */
typedef enum {
    TG_REQUANT_ANY,     /* the definition: tg_rescale() */
    TG_REQUANT_SHIFTED, /* all factors below 1/2: one rounded high product, one shift */
    TG_REQUANT_RELU, /* and outputs of zero point -128 that are only saturated: the sign of ties cannot show
                      */
} tg_requant_kind;

/* From int32 accumulators to int8, with a factor per output channel or one for all. */
typedef struct {
    tg_ref mantissas;    /* int32 each */
    tg_ref shifts;       /* int8 each: how far to shift right, -30 .. 31 */
    uint8_t kind;        /* tg_requant_kind */
    uint8_t per_channel; /* 1: an entry per output channel; 0: one entry */
    int8_t zero_point;   /* of the output */
    int8_t low;          /* fused activation */
    int8_t high;
} tg_requant;

/* Derives the factors input scale x weight scale / output scale into the arena.
 * depth, channels: products per accumulator, output channels. float_product: a per-tensor product of scales
 * is rounded to float first, as TensorFlow Lite Micro does in fully connected layers only. Refuses biases
 * with which an accumulator might leave +-2^30. */
int tg_requant_make(tg_requant *requant, tg_prepare *p, uint32_t activation, uint32_t depth,
                    uint32_t channels, bool float_product);

/* A layer's biases and factors from some output channel on, resolved for running. What all channels share has
 * a step of 0, and so have biases that are left out. */
typedef struct {
    const int32_t *bias;
    const int32_t *mantissa;
    const int8_t *shift;
    uint8_t bias_step;
    uint8_t step;
    int16_t constant; /* 2 x zero point + 1 */
    tg_requant how;
} tg_factors;

/* bias: reference of the layer's biases, or TG_REF_NONE. */
tg_factors tg_factors_at(const tg_model *model, const tg_requant *requant, tg_ref bias,
                         uint32_t first_channel);

/* The next channel's bias. */
static inline int32_t tg_next_bias(tg_factors *factors) {
    int32_t bias = *factors->bias;
    factors->bias += factors->bias_step;
    return bias;
}

/* One channel's factor. */
typedef struct {
    int32_t mantissa;
    int32_t right;
} tg_factor;

static inline tg_factor tg_next_factor(tg_factors *factors) {
    tg_factor f = {*factors->mantissa, *factors->shift};
    factors->mantissa += factors->step;
    factors->shift += factors->step;
    return f;
}

/* By the definition. */
int32_t tg_requantize_any(const tg_requant *r, int32_t accumulator, tg_factor f);

/* An accumulator (bias included) to an int8 value. kind is that of `factors`; a caller that knows it at
 * compile time saves the question. */
static inline int32_t tg_requantize(tg_requant_kind kind, const tg_factors *factors, int32_t accumulator,
                                    tg_factor f) {
    if (kind == TG_REQUANT_ANY) {
        return tg_requantize_any(&factors->how, accumulator, f);
    }
    /* Half a step and the zero point are added before the one shift that serves both. */
    int32_t constant = (int32_t)((uint32_t)factors->constant << (f.right - 1));
    int32_t value;
#if defined(__ARM_FEATURE_DSP)
    /* |accumulator| < 2^30: doubled, so that the high word of the product is the product / 2^31. */
    if (kind == TG_REQUANT_RELU) {
        __asm__("smmlar %0, %1, %2, %3" : "=r"(value) : "r"(accumulator * 2), "r"(f.mantissa), "r"(constant));
        __asm__("ssat %0, #8, %1" : "=r"(value) : "r"(value >> f.right));
        return value;
    }
    __asm__("smmulr %0, %1, %2" : "=r"(value) : "r"(accumulator * 2), "r"(f.mantissa));
#else
    value = tg_high_mul_positive(accumulator, f.mantissa);
#endif
    value += (value >> 31) + constant;
    return tg_clamp(value >> f.right, factors->how.low, factors->how.high);
}

#endif
