#include "tg_conv.h"

int tg_axis_make(tg_axis *axis, uint16_t input, uint16_t output, uint32_t filter, uint32_t stride,
                 uint32_t dilation, uint8_t padding) {
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
    if (p->input_count < 2 || p->input_count > 3) {
        return TG_ERR_GRAPH;
    }
    if (weights->type != TYPE_INT8 || weights->data == NULL) {
        return TG_ERR_TYPE;
    }
    if (weights->zero_point != 0 || (weights->scale_count > 1 && (weights->scale_dim != channel_dim ||
                                                                  weights->scale_count != channels))) {
        return TG_ERR_QUANTIZATION;
    }
    if (p->input_count == 3 && p->input[2].type != 0) {
        if (p->input[2].type != TYPE_INT32 || p->input[2].data == NULL) {
            return TG_ERR_TYPE;
        }
        if (p->input[2].size != channels) {
            return TG_ERR_SHAPE;
        }
    }
    return tg_check_int8(&p->input[0]);
}

int tg_conv_prepare(tg_prepare *p, struct tg_node *node, bool depthwise, tg_conv **conv) {
    const tg_view *input = &p->input[0];
    const tg_view *weights = &p->input[1];
    const tg_view *output = &p->output;
    const tg_table *options = &p->options;
    int err = tg_check_weights(p, depthwise ? DIM_C : DIM_N, output->dim[DIM_C]);
    if (err != 0) {
        return err;
    }
    if (input->dims != 4 || weights->dims != 4 || output->dims != 4 || input->dim[DIM_N] != 1 ||
        output->dim[DIM_N] != 1) {
        return TG_ERR_SHAPE;
    }
    tg_conv *c = tg_alloc(p->arena, sizeof *c, &node->params);
    if (c == NULL) {
        return TG_ERR_ARENA;
    }
    *conv = c;
    c->in_c = input->dim[DIM_C];
    c->out_c = output->dim[DIM_C];
    if (depthwise) {
        c->filter_c = (uint16_t)(c->out_c / c->in_c);
        if (c->filter_c * c->in_c != c->out_c || weights->dim[DIM_C] != c->out_c ||
            weights->dim[DIM_N] != 1) {
            return TG_ERR_SHAPE;
        }
        if (tg_read_u32(options, DEPTHWISE_MULTIPLIER, 0) != c->filter_c) {
            return TG_ERR_OPTION;
        }
    } else {
        c->filter_c = weights->dim[DIM_C];
        uint32_t groups = c->in_c / c->filter_c;
        if (groups * c->filter_c != c->in_c || c->out_c % groups != 0 || weights->dim[DIM_N] != c->out_c) {
            return TG_ERR_SHAPE;
        }
    }
    uint8_t padding = tg_read_u8(options, depthwise ? DEPTHWISE_PADDING : CONV_PADDING, PADDING_SAME);
    uint32_t dilation_h = tg_read_u32(options, depthwise ? DEPTHWISE_DILATION_H : CONV_DILATION_H, 1);
    uint32_t dilation_w = tg_read_u32(options, depthwise ? DEPTHWISE_DILATION_W : CONV_DILATION_W, 1);
    uint8_t activation =
        tg_read_u8(options, depthwise ? DEPTHWISE_ACTIVATION : CONV_ACTIVATION, ACTIVATION_NONE);
    err = tg_axis_make(&c->h, input->dim[DIM_H], output->dim[DIM_H], weights->dim[DIM_H],
                       tg_read_u32(options, CONV_STRIDE_H, 0), dilation_h, padding);
    if (err == 0) {
        err = tg_axis_make(&c->w, input->dim[DIM_W], output->dim[DIM_W], weights->dim[DIM_W],
                           tg_read_u32(options, CONV_STRIDE_W, 0), dilation_w, padding);
    }
    c->pool_h = (tg_pooled){c->h.output, 1, 1};
    c->pool_w = (tg_pooled){c->w.output, 1, 1};
    uint32_t taps = (uint32_t)weights->dim[DIM_H] * weights->dim[DIM_W];
    uint32_t depth = depthwise ? taps : taps * c->filter_c;
    if (err == 0) {
        err = tg_requant_make(&c->requant, p, activation, depth, c->out_c, false);
    }
    c->input_offset = (int16_t)-input->zero_point;
    c->bias = tg_constant(p, &p->input[2]);
    return err;
}
