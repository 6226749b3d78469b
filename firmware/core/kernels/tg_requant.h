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

/* Derives the factors input scale x weight scale / output scale into the arena, for accumulators of p->steps
 * products. float_product: a per-tensor product of scales is rounded to float first, as TensorFlow Lite Micro
 * does in fully connected layers only. Refuses biases with which an accumulator might leave +-2^30. */
int tg_requant_make(tg_requant *requant, tg_prepare *p, uint32_t channels, bool float_product);

/* A layer's biases and factors from some output channel on, resolved for running. */
typedef struct {
    const int32_t *bias;
    const int32_t *mantissa;
    const int8_t *shift;
    uint32_t bias_step; /* entries from one channel's to the next one's: 1, or 0 where all share one */
    uint32_t step;
    const tg_requant *how;
} tg_factors;

/* bias: reference of the layer's biases, or TG_REF_NONE. */
void tg_factors_set(tg_factors *factors, const tg_model *model, const tg_requant *requant, tg_ref bias,
                    uint32_t first_channel);

/* The same as a value; in a larger structure it takes a copy on the stack. */
static inline tg_factors tg_factors_at(const tg_model *model, const tg_requant *requant, tg_ref bias,
                                       uint32_t first_channel) {
    tg_factors factors;
    tg_factors_set(&factors, model, requant, bias, first_channel);
    return factors;
}

/* One output channel's factor. */
typedef struct {
    int32_t mantissa;
    int32_t right;
    int32_t constant; /* (2 x zero point + 1) x 2^(right - 1); 0 for TG_REQUANT_ANY */
} tg_factor;

static inline tg_factor tg_factor_of(const tg_factors *factors, uint32_t channel) {
    const tg_requant *how = factors->how;
    uint32_t entry = channel * factors->step;
    int32_t right = factors->shift[entry];
    uint32_t step = (uint32_t)(2 * how->zero_point + 1);
    int32_t constant = how->kind == TG_REQUANT_ANY ? 0 : (int32_t)(step << (right - 1));
    return (tg_factor){factors->mantissa[entry], right, constant};
}

static inline int32_t tg_bias_of(const tg_factors *factors, uint32_t channel) {
    return factors->bias[channel * factors->bias_step];
}

/* An accumulator, bias included, to an int8 value. */
int32_t tg_requantize(const tg_requant *how, const tg_factor *factor, int32_t accumulator);

#endif
