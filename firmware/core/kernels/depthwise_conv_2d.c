/* DEPTHWISE_CONV_2D: weights [1, filter_h, filter_w, out_c]; each input channel gives filter_c outputs. */
#include "tg_depthwise.h"

tg_taps tg_depthwise_taps(const tg_depthwise *d, unsigned y, unsigned x) {
    const tg_conv *c = d->c;
    unsigned top;
    unsigned left;
    tg_taps taps;
    tg_axis_taps(&c->h, y, &top, &taps.rows);
    tg_axis_taps(&c->w, x, &left, &taps.columns);
    taps.rows -= top;
    taps.columns -= left;
    taps.first = (uint32_t)top * c->w.filter + left;
    uint32_t in_y = y * c->h.stride + top * c->h.dilation - c->h.pad;
    uint32_t in_x = x * c->w.stride + left * c->w.dilation - c->w.pad;
    taps.input = d->input + (in_y * c->w.input + in_x) * c->in_c;
    return taps;
}

/* Accumulator of one output, without its bias. */
static int32_t sum_of(const tg_depthwise *d, const tg_taps *taps, unsigned channel) {
    const tg_conv *c = d->c;
    const int8_t *row = taps->input + channel / c->filter_c;
    const int8_t *weights_row = d->weights + taps->first * c->out_c + channel;
    int32_t sum = 0;
    for (unsigned y = taps->rows; y > 0; y--) {
        const int8_t *input = row;
        const int8_t *weights = weights_row;
        for (unsigned x = taps->columns; x > 0; x--) {
            sum += (*input + c->input_offset) * *weights;
            input += (uint32_t)c->w.dilation * c->in_c;
            weights += c->out_c;
        }
        row += (uint32_t)c->h.dilation * c->w.input * c->in_c;
        weights_row += (uint32_t)c->w.filter * c->out_c;
    }
    return sum;
}

void tg_depthwise_one(const tg_depthwise *d, unsigned channel) {
    const tg_factor factor = tg_factor_of(&d->factors, channel);
    int32_t bias = tg_bias_of(&d->factors, channel);
    int8_t *output = d->output + channel;
    for (unsigned y = 0; y < d->c->h.output; y++) {
        for (unsigned x = 0; x < d->c->w.output; x++) {
            tg_taps taps = tg_depthwise_taps(d, y, x);
            *output = (int8_t)tg_requantize(d->factors.how, &factor, sum_of(d, &taps, channel) + bias);
            output += d->c->out_c;
        }
    }
}

#if !defined(__ARM_FEATURE_DSP) && !defined(__ARM_ARCH_6M__)
void tg_depthwise_four(const tg_depthwise *d, unsigned channel) {
    for (unsigned i = 0; i < 4U; i++) {
        tg_depthwise_one(d, channel + i);
    }
}
#endif

static void run(const tg_model *model, const struct tg_node *node) {
    const tg_conv *c = tg_at(model, node->params);
    const tg_depthwise d = {
        .c = c,
        .input = tg_at(model, node->input),
        .weights = tg_at(model, node->input2),
        .factors = tg_factors_at(model, &c->requant, c->bias, 0),
        .scratch = node->scratch == TG_REF_NONE ? NULL : tg_at(model, node->scratch),
        .output = tg_at(model, node->output),
    };
    if (tg_depthwise_by_four(c)) {
        /* The last group starts earlier when channels are no multiple of four. */
        for (unsigned channel = 0; channel < c->out_c; channel += 4U) {
            tg_depthwise_four(&d, channel + 4U <= c->out_c ? channel : c->out_c - 4U);
        }
    } else {
        for (unsigned channel = 0; channel < c->out_c; channel++) {
            tg_depthwise_one(&d, channel);
        }
    }
}

static uint32_t scratch_size(const tg_conv *c) {
    uint32_t taps = (uint32_t)c->h.filter * c->w.filter * TG_DEPTHWISE_TAP;
    return !tg_depthwise_by_four(c) ? 0 : taps < TG_DEPTHWISE_SUMS ? TG_DEPTHWISE_SUMS : taps;
}

static int prepare(tg_prepare *p, struct tg_node *node) {
    tg_conv *c;
    int err = tg_conv_prepare(p, node, true, &c);
    if (err == 0) {
        p->scratch_size = scratch_size(c);
    }
    return err;
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    tg_conv *c = params;
    hop->scratch = scratch_size(c);
    return tg_axes_stream(hop, &c->h, &c->w, &c->pool_h, &c->pool_w, c->in_c);
}

const tg_op tg_op_depthwise_conv_2d = {OP_DEPTHWISE_CONV_2D, prepare, run, NULL, stream};
