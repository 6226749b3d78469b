/* What the convolution-like operators share: geometry, weights, requantisation. Internal to the core. */
#ifndef TG_CONV_H
#define TG_CONV_H

#include "../tg_op.h"

/* One spatial dimension of a sliding filter. */
typedef struct {
    uint16_t input;
    uint16_t output;
    uint16_t filter;
    uint16_t stride;
    uint16_t dilation;
    uint16_t pad; /* positions before the input's first that the first filter position covers */
} tg_axis;

/* Fills an axis and checks that output is what TensorFlow Lite computes. Returns 0, TG_ERR_OPTION or
 * TG_ERR_SHAPE. */
int tg_axis_make(tg_axis *axis, uint16_t input, uint16_t output, uint32_t filter, uint32_t stride,
                 uint32_t dilation, uint8_t padding);

/* From an int32 accumulator to int8, per output channel or once for all. */
typedef struct {
    tg_ref mantissas;    /* int32 each */
    tg_ref shifts;       /* int8 each */
    uint8_t per_channel; /* 1: an entry per output channel; 0: one entry */
    int8_t zero_point;   /* of the output */
    int8_t low;          /* fused activation */
    int8_t high;
} tg_requant;

/* Derives the multipliers input scale x weight scale / output scale into the arena.
 * channels: output channels. single_rounds: a per-tensor product of scales is rounded to float first, as
 * TensorFlow Lite Micro does in fully connected layers only. */
int tg_requant_make(tg_requant *requant, tg_prepare *p, uint32_t activation, uint32_t channels,
                    bool single_rounds);

static inline int8_t tg_requantize(const tg_model *model, const tg_requant *requant, int32_t accumulator,
                                   unsigned channel) {
    const int32_t *mantissas = tg_at(model, requant->mantissas);
    const int8_t *shifts = tg_at(model, requant->shifts);
    unsigned i = requant->per_channel != 0 ? channel : 0;
    tg_multiplier multiplier = {mantissas[i], shifts[i]};
    int32_t value = tg_wrap_add(tg_rescale(accumulator, multiplier), requant->zero_point);
    return (int8_t)tg_clamp(value, requant->low, requant->high);
}

/* Parameters of CONV_2D and DEPTHWISE_CONV_2D; the weights are the node's second input. */
typedef struct {
    tg_axis h;
    tg_axis w;
    uint16_t in_c;
    uint16_t out_c;
    uint16_t
        filter_c; /* CONV_2D: input channels of one filter; DEPTHWISE_CONV_2D: outputs per input channel */
    int16_t input_offset;
    tg_ref bias; /* int32 each, or TG_REF_NONE */
    tg_requant requant;
} tg_conv;

/* Bias of an output channel, 0 without biases. */
static inline int32_t tg_bias(const tg_model *model, tg_ref bias, unsigned channel) {
    return bias == TG_REF_NONE ? 0 : ((const int32_t *)tg_at(model, bias))[channel];
}

/* Checks int8 input and constant int8 weights with symmetric scales over `channel_dim`, and the optional
 * int32 bias of `channels` values. Returns 0 or a negative tg_err. */
int tg_check_weights(const tg_prepare *p, unsigned channel_dim, uint32_t channels);

/* Both operators' prepare(). */
int tg_conv_prepare(tg_prepare *p, struct tg_node *node, bool depthwise);

#endif
