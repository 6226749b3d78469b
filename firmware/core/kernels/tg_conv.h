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

/* The options of sliding filters, and of those with dilations. */
enum {
    OPTION_PADDING = OPTION_ACTIVATION + 1,
    OPTION_STRIDE_W,
    OPTION_STRIDE_H,
    OPTION_DILATION_W,
    OPTION_DILATION_H,
    TG_CONV_OPTIONS
};

/* Fills the axes of height and width, of a filter as large as the second input, and checks that the output is
 * what TensorFlow Lite computes. Returns 0, TG_ERR_OPTION, TG_ERR_SHAPE or TG_ERR_TOO_BIG. */
int tg_axes_make(const tg_prepare *p, tg_axis *h, tg_axis *w);

/* Filter taps [first, end) that fall inside the input, of a filter whose first is at a position. Returns the
 * position of the first inside. */
int32_t tg_axis_taps(const tg_axis *axis, int32_t position, unsigned *first, unsigned *end);

/* Where the filter's first tap lies for an output. */
static inline int32_t tg_axis_start(const tg_axis *axis, unsigned output) {
    return (int32_t)(output * axis->stride) - axis->pad;
}

/* A filter over an output's place. */
typedef struct {
    const int8_t *input;               /* the first channel's value that the first tap inside meets */
    unsigned top, bottom, left, right; /* the taps inside */
    int32_t column;                    /* of that value */
    uint32_t outputs;                  /* left in this row */
} tg_taps;

/* Shows the places of outputs, row by row, to `visit`, which makes one or more of them and returns how many.
 */
void tg_slide(const tg_axis *h, const tg_axis *w, uint32_t channels, const int8_t *input,
              uint32_t (*visit)(void *context, const tg_taps *taps), void *context);

/* How many outputs from this one on have all their taps inside; 1 for one that has not. */
static inline uint32_t tg_taps_alike(const tg_axis *w, const tg_taps *taps) {
    if (taps->right - taps->left != w->filter) {
        return 1;
    }
    const uint32_t room = (uint32_t)(w->input - 1 - (w->filter - 1) * w->dilation - taps->column);
    const uint32_t count = room / w->stride + 1U;
    return count < taps->outputs ? count : taps->outputs;
}

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
    bool turned;      /* h is the input's width */
    bool strip;       /* CONV_2D: the input is its own strip */
    tg_pooled pool_h; /* of a max-pooling run with it, or 1 x 1 */
    tg_pooled pool_w;
    uint32_t lanes; /* bytes of scratch for what is made in assembly; CONV_2D: strips lie behind them */
    tg_requant requant;
} tg_conv;

/* What the inputs of these operators need: an activation, weights, and an optional bias. */
#define TG_WEIGHTED {TG_ACTIVATION, TG_INT8 | TG_CONSTANT, TG_INT32 | TG_CONSTANT | TG_OPTIONAL}

/* Checks that the weights are symmetric, that their scales run along `channel_dim`, and that the bias has
 * `channels` values. Returns 0 or a negative tg_err. */
int tg_check_weights(const tg_prepare *p, unsigned channel_dim, uint32_t channels);

/* What both operators' prepare() begins with: checks weights of a dimension for output channels, and fills
 * what is common; depth: products of a tap. Where input and filter are 1 in `turned_dim`, height and width
 * are exchanged. Returns 0 or a negative tg_err. */
int tg_conv_prepare(tg_prepare *p, tg_conv *conv, unsigned channel_dim, uint32_t depth, unsigned turned_dim);

#endif
