/* What the convolution-like operators share: geometry, weights, requantisation. Internal to the core. */
#ifndef TG_CONV_H
#define TG_CONV_H

#include "tg_requant.h"

/* One spatial dimension of a sliding filter. */
typedef struct {
    uint16_t input;
    uint16_t output;
    uint16_t filter;
    uint16_t pad; /* positions before the input's first that the first filter position covers */
    uint8_t stride;
    uint8_t dilation;
} tg_axis;

/* Fills an axis and checks that output is what TensorFlow Lite computes. Returns 0, TG_ERR_OPTION or
 * TG_ERR_SHAPE. */
int tg_axis_make(tg_axis *axis, uint16_t input, uint16_t output, uint32_t filter, uint32_t stride,
                 uint32_t dilation, uint8_t padding);

/* Filter taps [first, end) that fall inside the input for one output; none when first == end. */
void tg_axis_taps(const tg_axis *axis, unsigned output, unsigned *first, unsigned *end);

/* One spatial dimension of a max-pooling whose windows lie apart and inside. */
typedef struct {
    uint16_t output;
    uint8_t filter;
    uint8_t stride;
} tg_pooled;

/* Positions along an axis that `outputs` outputs see, and from one output to the next. */
static inline uint32_t tg_covered(const tg_axis *axis, const tg_pooled *pool, uint32_t outputs) {
    uint32_t positions = (outputs - 1U) * pool->stride + pool->filter;
    return (positions - 1U) * axis->stride + (axis->filter - 1U) * axis->dilation + 1U;
}

static inline uint32_t tg_advance(const tg_axis *axis, const tg_pooled *pool) {
    return (uint32_t)axis->stride * pool->stride;
}

/* The `stream` of a sliding filter of in_c input channels, by itself or with a max-pooling: narrows the axis
 * that time runs along. */
tg_stream_reason tg_axes_stream(tg_hop *hop, tg_axis *h, tg_axis *w, tg_pooled *pool_h, tg_pooled *pool_w,
                                uint32_t in_c);

/* Parameters of CONV_2D and DEPTHWISE_CONV_2D; the weights are the node's second input. */
typedef struct {
    tg_axis h;
    tg_axis w;
    uint16_t in_c;
    uint16_t out_c;
    uint16_t filter_c; /* CONV_2D: input channels of a filter; DEPTHWISE_CONV_2D: outputs per input channel */
    int16_t input_offset;
    uint16_t chunk;   /* CONV_2D: outputs made at a time */
    tg_pooled pool_h; /* of a max-pooling run with it, or 1 x 1 */
    tg_pooled pool_w;
    tg_ref bias; /* int32 each, or TG_REF_NONE */
    tg_requant requant;
} tg_conv;

/* Checks int8 input and constant int8 weights with symmetric scales over `channel_dim`, and the optional
 * int32 bias of `channels` values. Returns 0 or a negative tg_err. */
int tg_check_weights(const tg_prepare *p, unsigned channel_dim, uint32_t channels);

/* Both operators' prepare(); *conv is what it filled. */
int tg_conv_prepare(tg_prepare *p, struct tg_node *node, bool depthwise, tg_conv **conv);

#endif
