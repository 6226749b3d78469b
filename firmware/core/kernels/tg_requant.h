/* From int32 accumulators to int8 outputs, as convolutions and fully connected layers need it. Internal to
 * the core. */
#ifndef TG_REQUANT_H
#define TG_REQUANT_H

#include "../tg_op.h"

/* How an accumulator becomes an int8 output. Of the short ways that are equal to tg_output_of() one is chosen
 * when the model is opened. */
typedef enum {
    TG_REQUANT_ANY,       /* there is none */
    TG_REQUANT_SHIFTED,   /* all factors below 1/2: one rounded high product, one shift */
    TG_REQUANT_SATURATED, /* and outputs that are only saturated */
    TG_REQUANT_RELU,      /* and their zero point is -128: the sign of ties cannot show */
} tg_requant_kind;

/* From int32 accumulators to int8. Every output channel has an entry, also where the file has one for all. */
typedef struct {
    tg_ref biases;     /* int32 each */
    tg_ref mantissas;  /* int32 each */
    tg_ref shifts;     /* int8 each: how far to shift right but the last bit, -31 .. 30 */
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

/* One output channel's factor, as the short ways take it. */
typedef struct {
    int32_t mantissa;
    int32_t right; /* with the DSP extension but the last bit, which comes with the saturation */
    /* Half a step and the zero point: (2 x zero point + 1) x 2^right without the last bit. */
    int32_t constant;
} tg_factor;

/* A channel's accumulator without its bias to an int8 value: the definition, of every kind. The short way,
 * but for TG_REQUANT_ANY, is to shift the rounded high product, less 1 when it is negative, and the constant.
 */
int8_t tg_output_of(const tg_factors *factors, uint32_t channel, int32_t sum);

#endif
