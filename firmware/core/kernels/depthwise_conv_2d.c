/* DEPTHWISE_CONV_2D: weights [1, filter_h, filter_w, out_c]; each input channel gives filter_c outputs. */
#include "tg_depthwise.h"

typedef struct {
    const tg_conv *c;
    const int8_t *weights;
    tg_factors factors;
    int8_t *output;
} state;

/* The outputs of all channels at a place. */
static uint32_t visit(void *context, const tg_taps *t) {
    state *s = context;
    const tg_conv *c = s->c;
    for (uint32_t channel = 0; channel < c->out_c; channel++) {
        int32_t sum = 0;
        const int8_t *row = t->input + channel / c->filter_c;
        for (unsigned i = t->top; i < t->bottom; i++, row += (uint32_t)c->h.dilation * c->w.input * c->in_c) {
            const int8_t *value = row;
            for (unsigned j = t->left; j < t->right; j++, value += (uint32_t)c->w.dilation * c->in_c) {
                sum += (*value + c->input_offset) * s->weights[(i * c->w.filter + j) * c->out_c + channel];
            }
        }
        *s->output++ = tg_output_of(&s->factors, channel, sum);
    }
    return 1;
}

#if !defined(__ARM_FEATURE_DSP) && !defined(__ARM_ARCH_6M__)
bool tg_depthwise_fours(const tg_run *run) {
    (void)run;
    return false;
}
#endif

static void run(const tg_run *run) {
    const tg_conv *c = run->params;
    if (c->lanes == 0 || !tg_depthwise_fours(run)) {
        state s;
        s.c = c;
        s.weights = run->input2;
        s.output = run->output;
        tg_factors_set(&s.factors, run->model, &c->requant, 0);
        tg_slide(&c->h, &c->w, c->in_c, run->input, visit, &s);
    }
}

/* Bytes of scratch for tg_depthwise_fours(); 0 where it cannot be used: not where all taps of a filter may
 * lie in the padding. */
static uint32_t scratch_size(const tg_conv *c) {
    if (c->filter_c != 1 || c->out_c < 4U ||
        (c->h.dilation * c->w.dilation != 1 && c->h.pad + c->w.pad != 0)) {
        return 0;
    }
    uint32_t taps = (uint32_t)c->h.filter * c->w.filter * TG_DEPTHWISE_TAP;
    return taps < TG_DEPTHWISE_SUMS ? TG_DEPTHWISE_SUMS : taps;
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
    int err = tg_conv_prepare(p, c, DIM_C, 1, DIM_W);
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
    p->scratch_size = c->lanes = scratch_size(c);
    return 0;
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    tg_conv *c = params;
    hop->scratch = c->lanes;
    return tg_axes_stream(hop, &c->h, &c->w, &c->pool_h, &c->pool_w, c->in_c);
}

TG_OP(depthwise_conv_2d, stream, .opcode = OP_DEPTHWISE_CONV_2D, .needs = TG_WEIGHTED, .checks = TG_FUSED,
      .params = sizeof(tg_conv), .options = OPTIONS, .prepare = prepare, .run = run);
