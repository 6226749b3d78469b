/* CONV_2D: weights [out_c, filter_h, filter_w, filter_c]; filter_c < in_c is a grouped convolution.
 *
 * Every output position is a patch of the input times all filters: a matrix product (tg_gemm.h). Patches of a
 * convolution along one dimension lie in the input one behind the other and are taken from there, or from a
 * copy of the row with its padding. For all others a strip is gathered: for one output column, the input's
 * rows as the filter's columns see them, so that the patches of successive outputs overlap in it.
 *
 * A MAX_POOL_2D behind the convolution whose windows do not overlap is run with it: the maximum is taken over
 * accumulators, which requantisation keeps in order, and the convolution's own output is never stored.
 */
#include "tg_gemm.h"
#include "tg_pool.h"

typedef struct {
    const tg_conv *c;
    const int8_t *input;
    int8_t *strip;
    tg_gemm gemm;
} state;

/* Whether patches lie along the input's rows. */
static bool along_rows(const tg_conv *c) {
    return c->h.filter == 1 && c->h.pad == 0 && c->w.dilation == 1 && c->filter_c == c->in_c;
}

/* Columns that the patches of a row cover, padding included. */
static uint32_t covered(const tg_axis *axis) {
    return (axis->output - 1U) * axis->stride + (axis->filter - 1U) * axis->dilation + 1U;
}

static bool in_place(const tg_conv *c) {
    return along_rows(c) && covered(&c->w) <= c->w.input;
}

/* Bytes of one row of a strip. */
static uint32_t row_size(const tg_conv *c) {
    return (uint32_t)c->w.filter * c->filter_c;
}

/* Rows of a strip: those of all outputs of a column, or of one output when the filter's rows are apart. */
static uint32_t strip_rows(const tg_conv *c) {
    return c->h.dilation == 1 ? covered(&c->h) : c->h.filter;
}

/* Outputs that one strip serves. */
static unsigned strip_outputs(const tg_conv *c) {
    return c->h.dilation == 1 ? c->h.output : 1U;
}

static int8_t *fill(int8_t *to, uint32_t count, int8_t value) {
    for (; count > 0; count--) {
        *to++ = value;
    }
    return to;
}

static int8_t *copy(int8_t *to, const int8_t *from, uint32_t count) {
    for (; count > 0; count--) {
        *to++ = *from++;
    }
    return to;
}

/* Gathers the strip of output (y, x) and those below it, for input channels from `channel`. */
static void gather(const state *s, unsigned y, unsigned x, unsigned channel) {
    const tg_conv *c = s->c;
    int8_t zero = (int8_t)-c->input_offset;
    unsigned first;
    unsigned end;
    tg_axis_taps(&c->w, x, &first, &end);
    size_t column = x * c->w.stride + first * c->w.dilation - c->w.pad;
    uint32_t pixel = (uint32_t)c->w.dilation * c->in_c;
    bool together = pixel == c->filter_c; /* taps lie side by side in the input as in the strip */
    uint32_t runs = together ? 1U : end - first;
    uint32_t length = (together ? end - first : 1U) * c->filter_c;
    uint32_t before = first * c->filter_c;
    uint32_t after = (c->w.filter - end) * c->filter_c;
    uint32_t input_row = (uint32_t)c->w.input * c->in_c;
    const int8_t *column_at = s->input + column * c->in_c + channel;
    int8_t *to = s->strip;
    int32_t row = (int32_t)(y * c->h.stride) - c->h.pad;
    for (uint32_t i = strip_rows(c); i > 0; i--, row += c->h.dilation) {
        if (row < 0 || row >= c->h.input) {
            to = fill(to, row_size(c), zero);
            continue;
        }
        const int8_t *from = column_at + (uint32_t)row * input_row;
        to = before > 0 ? fill(to, before, zero) : to;
        for (uint32_t k = runs; k > 0; k--, from += pixel) {
            to = copy(to, from, length);
        }
        to = after > 0 ? fill(to, after, zero) : to;
    }
}

/* The row of the input that output row y sees, with its padding. */
static const int8_t *row_of(const state *s, unsigned y) {
    const tg_conv *c = s->c;
    const int8_t *row = s->input + (size_t)y * c->h.stride * c->w.input * c->in_c;
    if (in_place(c)) {
        return row;
    }
    int8_t zero = (int8_t)-c->input_offset;
    int8_t *to = fill(s->strip, (uint32_t)c->w.pad * c->in_c, zero);
    uint32_t inside = covered(&c->w) - c->w.pad;
    inside = inside < c->w.input ? inside : c->w.input;
    to = copy(to, row, inside * c->in_c);
    fill(to, (covered(&c->w) - c->w.pad - inside) * c->in_c, zero);
    return s->strip;
}

/* `count` patches one behind the other, `step` apart; their outputs lie output_step apart. */
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

/* The same, `pool` patches to an output and `skip` from one output's first patch to the next one's. */
static void pool_patches(const tg_gemm *gemm, const int8_t *input, uint32_t step, unsigned pool,
                         unsigned skip, unsigned count, int8_t *output, uint32_t output_step, bool combine) {
    for (; count > 0; count--, input += skip * step, output += output_step) {
        for (unsigned done = 0; done < pool; done += TG_GEMM_POSITIONS) {
            unsigned now = pool - done < TG_GEMM_POSITIONS ? pool - done : TG_GEMM_POSITIONS;
            tg_gemm_max(gemm, input + done * step, step, now, output, combine || done > 0);
        }
    }
}

/* All outputs of output row y, or all that pool it. */
static void run_row(const state *s, unsigned y, int8_t *output) {
    const tg_conv *c = s->c;
    uint32_t step = (uint32_t)c->w.stride * c->in_c;
    const int8_t *row = row_of(s, y);
    if (c->pool_h.filter == 0) {
        run_patches(&s->gemm, row, step, c->w.output, output + (size_t)y * c->w.output * c->out_c, c->out_c);
        return;
    }
    unsigned pool_y = y / c->pool_h.stride;
    unsigned place = y - pool_y * c->pool_h.stride;
    if (pool_y < c->pool_h.output && place < c->pool_h.filter) {
        output += (size_t)pool_y * c->pool_w.output * c->out_c;
        pool_patches(&s->gemm, row, step, c->pool_w.filter, c->pool_w.stride, c->pool_w.output, output,
                     c->out_c, place > 0);
    }
}

/* All outputs of output column x, from input channel `channel` on, or all that pool it. */
static void run_column(const state *s, unsigned x, unsigned channel, int8_t *output) {
    const tg_conv *c = s->c;
    uint32_t step = c->h.stride * row_size(c);
    if (c->pool_h.filter == 0) {
        uint32_t output_row = (uint32_t)c->w.output * c->out_c;
        output += x * c->out_c;
        for (unsigned y = 0; y < c->h.output; y += strip_outputs(c)) {
            gather(s, y, x, channel);
            run_patches(&s->gemm, s->strip, step, strip_outputs(c), output + (size_t)y * output_row,
                        output_row);
        }
        return;
    }
    unsigned pool_x = x / c->pool_w.stride;
    unsigned place = x - pool_x * c->pool_w.stride;
    if (pool_x < c->pool_w.output && place < c->pool_w.filter) {
        gather(s, 0, x, channel);
        pool_patches(&s->gemm, s->strip, step, c->pool_h.filter, c->pool_h.stride, c->pool_h.output,
                     output + pool_x * c->out_c, (uint32_t)c->pool_w.output * c->out_c, place > 0);
    }
}

static void run(const tg_model *model, const struct tg_node *node) {
    const tg_conv *c = tg_at(model, node->params);
    int8_t *output = tg_at(model, node->output);
    unsigned groups = c->in_c / c->filter_c;
    state s = {.c = c, .input = tg_at(model, node->input)};
    s.gemm.depth = c->h.filter * row_size(c);
    s.gemm.channels = c->out_c / groups;
    s.gemm.input_offset = c->input_offset;
    s.gemm.scratch = tg_at(model, node->scratch);
    s.strip = (int8_t *)s.gemm.scratch + tg_gemm_scratch(s.gemm.depth);
    for (unsigned group = 0; group < groups; group++) {
        unsigned first = group * s.gemm.channels;
        s.gemm.weights = (const int8_t *)tg_at(model, node->input2) + (size_t)first * s.gemm.depth;
        s.gemm.factors = tg_factors_at(model, &c->requant, c->bias, first);
        if (along_rows(c)) {
            for (unsigned y = 0; y < c->h.output; y++) {
                run_row(&s, y, output);
            }
        } else {
            for (unsigned x = 0; x < c->w.output; x++) {
                run_column(&s, x, group * c->filter_c, output + first);
            }
        }
    }
}

static int prepare(tg_prepare *p, struct tg_node *node) {
    tg_conv *c;
    int err = tg_conv_prepare(p, node, false, &c);
    if (err != 0) {
        return err;
    }
    uint32_t strip = strip_rows(c) * row_size(c);
    if (along_rows(c)) {
        strip = in_place(c) ? 0 : covered(&c->w) * c->in_c;
    }
    p->scratch_size = tg_gemm_scratch(c->h.filter * row_size(c)) + strip;
    return 0;
}

static bool absorb(void *params, const tg_op *next, const tg_prepare *p) {
    tg_conv *c = params;
    tg_pool pool;
    if (next->opcode != OP_MAX_POOL_2D || tg_pool_read(p, &pool) != 0 || c->pool_h.filter != 0 ||
        (c->h.dilation != 1 && !along_rows(c))) {
        return false;
    }
    bool apart = pool.h.stride >= pool.h.filter && pool.w.stride >= pool.w.filter;
    bool inside = covered(&pool.h) <= pool.h.input && covered(&pool.w) <= pool.w.input;
    if (!apart || !inside || pool.low != INT8_MIN || pool.high != INT8_MAX) {
        return false;
    }
    c->pool_h = pool.h;
    c->pool_w = pool.w;
    return true;
}

const tg_op tg_op_conv_2d = {OP_CONV_2D, prepare, run, absorb};
