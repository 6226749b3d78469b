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

/* A layer's biases and factors from some output channel on, resolved for running. */
typedef struct {
    const int32_t *bias; /* NULL: none */
    const int32_t *mantissa;
    const int8_t *shift;
    const tg_requant *how;
} tg_factors;

/* bias: reference of the layer's biases, or TG_REF_NONE. */
tg_factors tg_factors_at(const tg_model *model, const tg_requant *requant, tg_ref bias,
                         uint32_t first_channel);

/* One output channel's. */
typedef struct {
    int32_t bias;
    int32_t mantissa;
    int32_t right;
    int32_t constant; /* (2 x zero point + 1) x 2^(right - 1); not for TG_REQUANT_ANY */
} tg_channel;

/* Channel `channel` after the first. */
tg_channel tg_channel_of(const tg_factors *factors, uint32_t channel);

/* An accumulator (bias included) to an int8 value, in whichever way. */
int32_t tg_requantize_any(const tg_requant *how, const tg_channel *channel, int32_t accumulator);

/* The same, inline where kind is TG_REQUANT_RELU and known at compile time; it must be how->kind or
 * TG_REQUANT_ANY. */
static inline int32_t tg_requantize(tg_requant_kind kind, const tg_requant *how, const tg_channel *channel,
                                    int32_t accumulator) {
#if defined(__ARM_FEATURE_DSP)
    if (kind == TG_REQUANT_RELU) {
        /* |accumulator| < 2^30: doubled, so that the high word of the product is the product / 2^31. Half a step
         * and the zero point are added before the one shift that serves both. */
        int32_t value;
        __asm__("smmlar %0, %1, %2, %3"
                : "=r"(value)
                : "r"(accumulator * 2), "r"(channel->mantissa), "r"(channel->constant));
        __asm__("ssat %0, #8, %1" : "=r"(value) : "r"(value >> channel->right));
        return value;
    }
#else
    (void)kind;
#endif
    return tg_requantize_any(how, channel, accumulator);
}

#endif
