#include "tg_conv.h"

/* Fills an axis and checks that output is what TensorFlow Lite computes. */
static int make_axis(tg_axis *axis, uint16_t input, uint16_t output, uint32_t filter, uint32_t stride,
                     uint32_t dilation, uint32_t padding) {
    if (stride == 0 || stride > UINT8_MAX || dilation == 0 || dilation > UINT8_MAX || filter == 0 ||
        filter > UINT16_MAX || padding > PADDING_VALID) {
        return TG_ERR_OPTION;
    }
    /* ComputePaddingHeightWidth and ComputeOutSize of TensorFlow Lite. */
    uint32_t span = (filter - 1U) * dilation + 1U;
    uint32_t expected = padding == PADDING_SAME ? (input + stride - 1U) / stride
                        : span > input          ? 0
                                                : (input - span) / stride + 1U;
    if (expected == 0 || expected != output) {
        return TG_ERR_SHAPE;
    }
    uint32_t covered = (output - 1U) * stride + span;
    uint32_t pad = covered > input ? (covered - input) / 2U : 0;
    if (pad > UINT16_MAX) {
        return TG_ERR_TOO_BIG;
    }
    *axis = (tg_axis){input, output, (uint16_t)filter, (uint16_t)pad, (uint8_t)stride, (uint8_t)dilation};
    return 0;
}

int tg_axes_make(const tg_prepare *p, tg_axis *h, tg_axis *w, uint32_t filter_h, uint32_t filter_w,
                 uint32_t dilation_h, uint32_t dilation_w) {
    const tg_view *input = &p->input[0];
    const tg_view *output = &p->output;
    if (input->dims != 4 || output->dims != 4 || input->dim[DIM_N] != 1 || output->dim[DIM_N] != 1) {
        return TG_ERR_SHAPE;
    }
    uint32_t padding = p->option[OPTION_PADDING];
    int err = make_axis(h, input->dim[DIM_H], output->dim[DIM_H], filter_h, p->option[OPTION_STRIDE_H],
                        dilation_h, padding);
    if (err != 0) {
        return err;
    }
    return make_axis(w, input->dim[DIM_W], output->dim[DIM_W], filter_w, p->option[OPTION_STRIDE_W],
                     dilation_w, padding);
}

void tg_axis_taps(const tg_axis *axis, unsigned output, unsigned *first, unsigned *end) {
    int32_t position = (int32_t)(output * axis->stride) - axis->pad;
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
    if (weights->scale_count > 1 && (weights->scale_dim != channel_dim || weights->scale_count != channels)) {
        return TG_ERR_QUANTIZATION;
    }
    return bias->has != 0 && bias->size != channels ? TG_ERR_SHAPE : 0;
}

int tg_conv_prepare(tg_prepare *p, tg_conv *c, unsigned channel_dim) {
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
    err = tg_axes_make(p, &c->h, &c->w, weights->dim[DIM_H], weights->dim[DIM_W],
                       p->option[OPTION_DILATION_H], p->option[OPTION_DILATION_W]);
    c->pool_h = (tg_pooled){c->h.output, 1, 1};
    c->pool_w = (tg_pooled){c->w.output, 1, 1};
    return err;
}
