/* From int32 accumulators to int8 outputs, as convolutions and fully connected layers need it. Internal to
 * the core. */
#ifndef TG_REQUANT_H
#define TG_REQUANT_H

#include "../tg_op.h"

/* How an accumulator becomes an int8 output; which of four equal ways is decided once, when the model is
 * opened. */
typedef enum {
    TG_REQUANT_ANY,       /* the definition: tg_rescale() */
    TG_REQUANT_SHIFTED,   /* all factors below 1/2: one rounded high product, one shift */
    TG_REQUANT_SATURATED, /* and outputs that are only saturated */
    TG_REQUANT_RELU,      /* and their zero point is -128: the sign of ties cannot show */
} tg_requant_kind;

/* From int32 accumulators to int8. Every output channel has an entry, also where the file has one for all. */
typedef struct {
    tg_ref biases;     /* int32 each */
    tg_ref mantissas;  /* int32 each */
    tg_ref shifts;     /* int8 each: how far to shift right, -30 .. 31 */
    uint8_t kind;      /* tg_requant_kind */
    int8_t zero_point; /* of the output */
    int8_t low;        /* fused activation */
    int8_t high;
} tg_requant;

/* Derives the factors input scale x weight scale / output scale into the arena, and biases of zero when there
 * are none, for accumulators of p->steps products. float_product: a per-tensor product of scales is rounded
 * to float first, as TensorFlow Lite Micro does in fully connected layers only. Refuses biases with which an
 * accumulator might leave +-2^30. */
int tg_requant_make(tg_requant *requant, tg_prepare *p, uint32_t channels, bool float_product);

/* A layer's biases and factors from some output channel on, resolved for running. */
typedef struct {
    const int32_t *bias;
    const int32_t *mantissa;
    const int8_t *shift;
    const tg_requant *how;
} tg_factors;

void tg_factors_set(tg_factors *factors, const tg_model *model, const tg_requant *requant,
                    uint32_t first_channel);

/* One output channel's factor. */
typedef struct {
    int32_t mantissa;
    int32_t right;
    int32_t constant; /* (2 x zero point + 1) x 2^(right - 1); 0 for TG_REQUANT_ANY */
} tg_factor;

static inline tg_factor tg_factor_of(const tg_factors *factors, uint32_t channel) {
    const tg_requant *how = factors->how;
    int32_t right = factors->shift[channel];
    uint32_t step = (uint32_t)(2 * how->zero_point + 1);
    int32_t constant = how->kind == TG_REQUANT_ANY ? 0 : (int32_t)(step << (right - 1));
    return (tg_factor){factors->mantissa[channel], right, constant};
}

/* An accumulator, bias included, to an int8 value. */
int32_t tg_requantize(const tg_requant *how, const tg_factor *factor, int32_t accumulator);

/* The same of a channel's accumulator without its bias. */
int8_t tg_output_of(const tg_factors *factors, uint32_t channel, int32_t sum);

#endif
