#include "tg_conv.h"

/* Fills the axis of a dimension, and checks that the output is what TensorFlow Lite computes. */
static int make_axis(const tg_prepare *p, tg_axis *axis, unsigned dim) {
    const unsigned back = dim - DIM_H; /* the options of the width come before those of the height */
    uint32_t stride = p->option[OPTION_STRIDE_H - back];
    uint32_t dilation = p->option[OPTION_DILATION_H - back];
    uint32_t padding = p->option[OPTION_PADDING];
    uint32_t input = p->input[0].dim[dim];
    uint32_t outputs = p->output.dim[dim] - 1U;
    uint32_t filter = p->input[1].dim[dim];
    if (stride - 1U >= UINT8_MAX || dilation - 1U >= UINT8_MAX || padding > PADDING_VALID || filter == 0) {
        return TG_ERR_OPTION;
    }
    /* ComputePaddingHeightWidth and ComputeOutSize of TensorFlow Lite: the last output is the last that
     * starts within the input; or, without padding, ends there. */
    uint32_t span = (filter - 1U) * dilation;
    uint32_t last = outputs * stride + 1U;
    uint32_t covered = last + span;
    if (input - (padding == PADDING_SAME ? last : covered) >= stride) {
        return TG_ERR_SHAPE;
    }
    uint32_t pad = covered > input ? (covered - input) / 2U : 0;
    if (pad > UINT16_MAX) {
        return TG_ERR_TOO_BIG;
    }
    axis->input = (uint16_t)input;
    axis->output = (uint16_t)(outputs + 1U);
    axis->filter = (uint16_t)filter;
    axis->pad = (uint16_t)pad;
    axis->stride = (uint8_t)stride;
    axis->dilation = (uint8_t)dilation;
    return 0;
}

int tg_axes_make(const tg_prepare *p, tg_axis *h, tg_axis *w) {
    const tg_view *input = &p->input[0];
    const tg_view *output = &p->output;
    if (input->dims != 4 || output->dims != 4 || input->dim[DIM_N] != 1 || output->dim[DIM_N] != 1) {
        return TG_ERR_SHAPE;
    }
    int err = make_axis(p, h, DIM_H);
    return err != 0 ? err : make_axis(p, w, DIM_W);
}

int32_t tg_axis_taps(const tg_axis *axis, int32_t position, unsigned *first, unsigned *end) {
    int32_t last = position + (axis->filter - 1) * axis->dilation;
    unsigned taps = axis->filter;
    /* Both loops end at a tap inside: every output sees the input. */
    for (; last >= axis->input; last -= axis->dilation) {
        taps--;
    }
    *end = taps;
    for (taps = 0; position < 0; position += axis->dilation) {
        taps++;
    }
    *first = taps;
    return position;
}

void tg_slide(const tg_axis *h, const tg_axis *w, uint32_t channels, const int8_t *input,
              uint32_t (*visit)(void *context, const tg_taps *taps), void *context) {
    tg_taps taps;
    for (unsigned y = 0; y < h->output; y++) {
        const int32_t line = tg_axis_taps(h, tg_axis_start(h, y), &taps.top, &taps.bottom) * w->input;
        for (taps.outputs = w->output; taps.outputs > 0; taps.outputs -= visit(context, &taps)) {
            const int32_t start = tg_axis_start(w, w->output - taps.outputs);
            taps.column = tg_axis_taps(w, start, &taps.left, &taps.right);
            taps.input = input + (line + taps.column) * (int32_t)channels;
        }
    }
}

static tg_stream_reason narrow(tg_hop *hop, tg_axis *axis, tg_pooled *pool) {
    uint32_t stride = tg_advance(axis, pool);
    uint32_t outputs = pool->output;
    if (axis->pad != 0 || tg_covered(axis, pool, outputs) > axis->input) {
        return TG_STREAM_PADDING;
    }
    if (hop->fresh / stride > outputs) {
        return outputs == 1U ? TG_STREAM_ENDS : TG_STREAM_HOP;
    }
    if (hop->fresh % stride != 0) {
        return TG_STREAM_STRIDE;
    }
    hop->kept = (int32_t)hop->columns - (int32_t)(outputs * stride);
    axis->input = (uint16_t)((int32_t)hop->fresh + hop->kept);
    hop->columns = outputs;
    hop->fresh /= stride;
    pool->output = (uint16_t)hop->fresh;
    axis->output = (uint16_t)((hop->fresh - 1U) * pool->stride + pool->filter);
    return TG_STREAM_YES;
}

tg_stream_reason tg_axes_stream(tg_hop *hop, tg_axis *h, tg_axis *w, tg_pooled *pool_h, tg_pooled *pool_w,
                                uint32_t in_c) {
    if (h->input == 1 && w->input == hop->columns && in_c == hop->size) {
        return narrow(hop, w, pool_w);
    }
    if (h->input == hop->columns && w->input * in_c == hop->size) {
        return narrow(hop, h, pool_h);
    }
    return TG_STREAM_LAYOUT;
}

int tg_check_weights(const tg_prepare *p, unsigned channel_dim, uint32_t channels) {
    const tg_view *weights = &p->input[1];
    const tg_view *bias = &p->input[2];
    const uint32_t scales = tg_count(weights->scales);
    if (scales > 1 && (weights->scale_dim != channel_dim || scales != channels)) {
        return TG_ERR_QUANTIZATION;
    }
    const uint8_t *zero = tg_items(weights->zeros);
    const uint8_t *end = zero + 8U * scales;
    uint32_t zeros = 0; /* or'ed */
    do {
        zeros |= tg_load32(zero) | tg_load32(zero + 4);
        zero += 8;
    } while (zero != end);
    if (zeros != 0) {
        return TG_ERR_QUANTIZATION;
    }
    return bias->has != 0 && bias->size != channels ? TG_ERR_SHAPE : 0;
}

int tg_conv_prepare(tg_prepare *p, tg_conv *c, unsigned channel_dim, uint32_t depth, unsigned turned_dim) {
    const tg_view *weights = &p->input[1];
    c->in_c = p->input[0].dim[DIM_C];
    c->out_c = p->output.dim[DIM_C];
    int err = tg_check_weights(p, channel_dim, c->out_c);
    if (err != 0) {
        return err;
    }
    if (weights->dims != 4) {
        return TG_ERR_SHAPE;
    }
    c->input_offset = (int16_t)-p->input[0].zero_point;
    /* Then there is no padding either. */
    c->turned = p->input[0].dim[turned_dim] == 1 && weights->dim[turned_dim] == 1;
    err = tg_axes_make(p, c->turned ? &c->w : &c->h, c->turned ? &c->h : &c->w);
    if (err != 0) {
        return err;
    }
    c->pool_h = (tg_pooled){c->h.output, 1, 1};
    c->pool_w = (tg_pooled){c->w.output, 1, 1};
    p->steps = (uint32_t)c->h.filter * c->w.filter * depth;
    return tg_requant_make(&c->requant, p, c->out_c, false);
}
