/* DEPTHWISE_CONV_2D: weights [1, filter_h, filter_w, out_c]; each input channel gives filter_c outputs. */
#include "tg_depthwise.h"

/* Accumulator of one output, without its bias. */
static int32_t sum_of(const tg_depthwise *d, unsigned y, unsigned x, unsigned channel) {
    const tg_conv *c = d->c;
    unsigned row;
    unsigned last_row;
    unsigned first;
    unsigned end;
    tg_axis_taps(&c->h, y, &row, &last_row);
    tg_axis_taps(&c->w, x, &first, &end);
    int32_t sum = 0;
    for (; row < last_row; row++) {
        const uint32_t line = (y * c->h.stride + row * c->h.dilation - c->h.pad) * c->w.input;
        for (unsigned tap = first; tap < end; tap++) {
            uint32_t pixel = line + x * c->w.stride + tap * c->w.dilation - c->w.pad;
            int8_t value = d->input[pixel * c->in_c + channel / c->filter_c];
            sum += (value + c->input_offset) * d->weights[(row * c->w.filter + tap) * c->out_c + channel];
        }
    }
    return sum;
}

void tg_depthwise_plain(const tg_depthwise *d) {
    int8_t *output = d->output;
    for (unsigned y = 0; y < d->c->h.output; y++) {
        for (unsigned x = 0; x < d->c->w.output; x++) {
            for (unsigned channel = 0; channel < d->c->out_c; channel++) {
                *output++ = tg_output_of(&d->factors, channel, sum_of(d, y, x, channel));
            }
        }
    }
}

#if !defined(__ARM_FEATURE_DSP) && !defined(__ARM_ARCH_6M__)
void tg_depthwise_fours(const tg_depthwise *d) {
    tg_depthwise_plain(d);
}
#endif

static void run(const tg_run *run) {
    const tg_conv *c = run->params;
    tg_depthwise d;
    d.c = c;
    d.input = run->input;
    d.weights = run->input2;
    d.scratch = run->scratch;
    d.output = run->output;
    tg_factors_set(&d.factors, run->model, &c->requant, 0);
    if (tg_depthwise_by_four(c)) {
        tg_depthwise_fours(&d);
    } else {
        tg_depthwise_plain(&d);
    }
}

static uint32_t scratch_size(const tg_conv *c) {
    uint32_t taps = (uint32_t)c->h.filter * c->w.filter * TG_DEPTHWISE_TAP;
    return !tg_depthwise_by_four(c) ? 0 : taps < TG_DEPTHWISE_SUMS ? TG_DEPTHWISE_SUMS : taps;
}

enum { OPTION_MULTIPLIER = TG_CONV_OPTIONS };
static const uint8_t OPTIONS[] = {TG_BYTE(DEPTHWISE_ACTIVATION), TG_BYTE(DEPTHWISE_PADDING),
                                  TG_WORD(DEPTHWISE_STRIDE_W),   TG_WORD(DEPTHWISE_STRIDE_H),
                                  TG_ONE(DEPTHWISE_DILATION_W),  TG_ONE(DEPTHWISE_DILATION_H),
                                  TG_WORD(DEPTHWISE_MULTIPLIER), TG_END};

static int prepare(tg_prepare *p, void *params) {
    tg_conv *c = params;
    const tg_view *weights = &p->input[1];
    uint32_t multiplier = p->output.dim[DIM_C] / p->input[0].dim[DIM_C];
    int err = tg_conv_prepare(p, c, DIM_C, 1);
    if (err != 0) {
        return err;
    }
    if (multiplier * c->in_c != c->out_c || weights->dim[DIM_C] != c->out_c || weights->dim[DIM_N] != 1) {
        return TG_ERR_SHAPE;
    }
    if (p->option[OPTION_MULTIPLIER] != multiplier) {
        return TG_ERR_OPTION;
    }
    c->filter_c = (uint16_t)multiplier;
    if (c->w.input == 1 && c->w.filter == 1 && c->w.pad == 0) { /* a column is taken as a row */
        tg_conv_turn(c);
    }
    p->scratch_size = scratch_size(c);
    return 0;
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    tg_conv *c = params;
    hop->scratch = scratch_size(c);
    return tg_axes_stream(hop, &c->h, &c->w, &c->pool_h, &c->pool_w, c->in_c);
}

TG_OP(depthwise_conv_2d, stream, .opcode = OP_DEPTHWISE_CONV_2D, .needs = TG_WEIGHTED, .checks = TG_FUSED,
      .params = sizeof(tg_conv), .options = OPTIONS, .prepare = prepare, .run = run);
