/* CONV_2D: weights [out_c, filter_h, filter_w, filter_c]; filter_c < in_c is a grouped convolution.
 *
 * Every output position is a patch of the input times all filters: a matrix product (tg_gemm.h). Patches that
 * lie in the input one behind the other, as those of a convolution along time do, are taken from there. For
 * all others a strip is gathered: for one output column, the input's rows as the filter's columns see them,
 * padding included, so that the patches of successive outputs overlap in it.
 */
#include "tg_gemm.h"

typedef struct {
    const tg_conv *c;
    const int8_t *input;
    int8_t *output;
    int8_t *strip;
    tg_gemm gemm;
} state;

/* Whether patches can be taken from the input itself. */
static bool in_place(const tg_conv *c) {
    return c->h.filter == 1 && c->h.stride == 1 && c->h.pad == 0 && c->h.output == c->h.input &&
           c->w.pad == 0 && c->w.dilation == 1 && c->filter_c == c->in_c &&
           (c->w.output - 1U) * c->w.stride + c->w.filter <= c->w.input;
}

/* Bytes of one row of a strip. */
static uint32_t row_size(const tg_conv *c) {
    return (uint32_t)c->w.filter * c->filter_c;
}

/* Rows of a strip: those of all outputs of a column, or of one output when the filter's rows are apart. */
static uint32_t strip_rows(const tg_conv *c) {
    return c->h.dilation == 1 ? (c->h.output - 1U) * c->h.stride + c->h.filter : c->h.filter;
}

/* Outputs that one strip serves. */
static unsigned strip_outputs(const tg_conv *c) {
    return c->h.dilation == 1 ? c->h.output : 1U;
}

/* Gathers the strip of output (y, x) and those below it, for input channels from `channel`. */
static void gather(const state *s, unsigned y, unsigned x, unsigned channel) {
    const tg_conv *c = s->c;
    int8_t zero = (int8_t)-c->input_offset;
    int8_t *to = s->strip;
    int32_t row = (int32_t)(y * c->h.stride) - c->h.pad;
    for (uint32_t i = 0; i < strip_rows(c); i++, row += c->h.dilation) {
        int32_t column = (int32_t)(x * c->w.stride) - c->w.pad;
        for (unsigned k = 0; k < c->w.filter; k++, column += c->w.dilation) {
            bool inside = row >= 0 && row < c->h.input && column >= 0 && column < c->w.input;
            size_t from = ((size_t)row * c->w.input + (size_t)column) * c->in_c + channel;
            for (unsigned n = 0; n < c->filter_c; n++) {
                *to++ = inside ? s->input[from + n] : zero;
            }
        }
    }
}

/* `count` patches one behind the other; their outputs lie output_step apart. */
static void run_patches(const tg_gemm *gemm, const int8_t *input, uint32_t step, unsigned count,
                        int8_t *output, uint32_t output_step) {
    while (count > 0) {
        unsigned now = count < TG_GEMM_POSITIONS ? count : TG_GEMM_POSITIONS;
        tg_gemm_run(gemm, input, step, now, output, output_step);
        input += now * step;
        output += now * output_step;
        count -= now;
    }
}

static void run_strips(const state *s, unsigned first_channel, int8_t *output) {
    const tg_conv *c = s->c;
    uint32_t step = c->h.stride * row_size(c);
    uint32_t output_row = (uint32_t)c->w.output * c->out_c;
    for (unsigned x = 0; x < c->w.output; x++) {
        for (unsigned y = 0; y < c->h.output; y += strip_outputs(c)) {
            gather(s, y, x, first_channel);
            run_patches(&s->gemm, s->strip, step, strip_outputs(c),
                        output + (size_t)y * output_row + x * c->out_c, output_row);
        }
    }
}

static void run(const tg_model *model, const struct tg_node *node) {
    const tg_conv *c = tg_at(model, node->params);
    unsigned groups = c->in_c / c->filter_c;
    state s = {.c = c, .input = tg_at(model, node->input), .output = tg_at(model, node->output)};
    s.gemm.depth = c->h.filter * row_size(c);
    s.gemm.channels = c->out_c / groups;
    s.gemm.input_offset = c->input_offset;
    s.gemm.scratch = node->scratch == TG_REF_NONE ? NULL : tg_at(model, node->scratch);
    for (unsigned group = 0; group < groups; group++) {
        unsigned first = group * s.gemm.channels;
        s.gemm.weights = (const int8_t *)tg_at(model, node->input2) + (size_t)first * s.gemm.depth;
        s.gemm.factors = tg_factors_at(model, &c->requant, c->bias, first);
        if (in_place(c)) {
            uint32_t row = (uint32_t)c->w.input * c->in_c;
            uint32_t output_row = (uint32_t)c->w.output * c->out_c;
            for (unsigned y = 0; y < c->h.output; y++) {
                run_patches(&s.gemm, s.input + (size_t)y * row, c->w.stride * c->in_c, c->w.output,
                            s.output + (size_t)y * output_row, c->out_c);
            }
        } else {
            s.strip = (int8_t *)s.gemm.scratch + tg_gemm_scratch(s.gemm.depth);
            run_strips(&s, group * c->filter_c, s.output + first);
        }
    }
}

static int prepare(tg_prepare *p, struct tg_node *node) {
    const tg_conv *c;
    int err = tg_conv_prepare(p, node, false, &c);
    if (err == 0) {
        p->scratch_size =
            tg_gemm_scratch(c->h.filter * row_size(c)) + (in_place(c) ? 0 : strip_rows(c) * row_size(c));
    }
    return err;
}

const tg_op tg_op_conv_2d = {OP_CONV_2D, prepare, run};
