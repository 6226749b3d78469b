/* CONV_2D: weights [out_c, filter_h, filter_w, filter_c]; filter_c < in_c is a grouped convolution.
 *
 * Every output position is a patch of the input times all filters: a matrix product (tg_gemm.h), a chunk of
 * outputs at a time. Patches of a convolution along one dimension lie in the input one behind the other and
 * are taken from there; where they reach into the padding, from a copy. For all others strips are gathered:
 * for one output column, the input's rows as the filter's columns see them, so that the patches of successive
 * outputs overlap in it.
 *
 * A MAX_POOL_2D behind the convolution whose windows do not overlap is run with it: each of its outputs is
 * the maximum over a block of patches, and the convolution's own output is never stored.
 */
#include "tg_gemm.h"
#include "tg_pool.h"

typedef struct {
    const tg_conv *c;
    const int8_t *input;
    int8_t *strips;
    tg_gemm gemm;
} state;

/* Whether patches lie along the input's rows. */
static bool along_rows(const tg_conv *c) {
    return c->h.filter == 1 && c->h.pad == 0 && c->w.dilation == 1 && c->filter_c == c->in_c;
}

/* Values of one row of a strip. */
static uint32_t row_size(const tg_conv *c) {
    return (uint32_t)c->w.filter * c->filter_c;
}

/* Rows of a strip for `outputs` outputs; when the filter's rows are apart, there is one. */
static uint32_t strip_rows(const tg_conv *c, uint32_t outputs) {
    return c->h.dilation == 1 ? tg_covered(&c->h, &c->pool_h, outputs) : c->h.filter;
}

static int8_t *fill(int8_t *to, uint32_t count, int8_t value) {
    for (; count > 0; count--) {
        *to++ = value;
    }
    return to;
}

/* Four values at any address. */
static inline void copy_4(int8_t *to, const int8_t *from) {
#if defined(__ARM_ARCH_6M__)
    int8_t a = from[0]; /* no unaligned words */
    int8_t b = from[1];
    int8_t c = from[2];
    int8_t d = from[3];
    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = d;
#else
    memcpy(to, from, 4);
#endif
}

static int8_t *copy(int8_t *to, const int8_t *from, uint32_t count) {
    for (; count >= 4U; count -= 4U, to += 4, from += 4) {
        copy_4(to, from);
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
    return to;
}

/* Zeroes `count` values of each row. */
static void fill_columns(int8_t *to, uint32_t count, uint32_t row, uint32_t rows, int8_t value) {
    for (; rows > 0; rows--, to += row) {
        fill(to, count, value);
    }
}

#define SLACK 3U /* values that may be written behind a strip */

/* Copies `length` values of each of some rows; from_step and to_step lead from one to the next. all: what
 * lies behind them in the rows of `to` may be overwritten. */
static void copy_rows(int8_t *to, uint32_t to_step, const int8_t *from, uint32_t from_step, uint32_t rows,
                      uint32_t length, bool all) {
    if (all && length <= 4U && from_step >= SLACK) {
        /* What is too much is overwritten by the next row; only the last must be exact. */
        for (; rows > 1U; rows--, to += to_step, from += from_step) {
            copy_4(to, from);
        }
    }
    for (; rows > 0; rows--, to += to_step, from += from_step) {
        copy(to, from, length);
    }
}

/* Gathers `rows` rows of the strip of output column x, from the input's row `row` (of which there may be
 * none) on, for input channels from `channel`. */
static int8_t *gather(const state *s, int8_t *to, int32_t row, uint32_t rows, unsigned x, unsigned channel) {
    const tg_conv *c = s->c;
    int8_t zero = (int8_t)-c->input_offset;
    uint32_t size = row_size(c);
    uint32_t dilation = c->h.dilation;
    for (; rows > 0 && row < 0; rows--, row += (int32_t)dilation) {
        to = fill(to, size, zero);
    }
    if (row < c->h.input && rows > 0) {
        uint32_t left = (uint32_t)(c->h.input - row);
        left = dilation == 1U ? left : (left + dilation - 1U) / dilation;
        uint32_t inside = left < rows ? left : rows;
        unsigned first;
        unsigned end;
        tg_axis_taps(&c->w, x, &first, &end);
        size_t column = x * c->w.stride + first * c->w.dilation - c->w.pad;
        uint32_t input_row = (uint32_t)c->w.input * c->in_c;
        const int8_t *from = s->input + (uint32_t)row * input_row + column * c->in_c + channel;
        uint32_t pixel = (uint32_t)c->w.dilation * c->in_c;
        bool together = pixel == c->filter_c; /* taps lie side by side in the input as in the strip */
        uint32_t length = (together ? end - first : 1U) * c->filter_c;
        for (unsigned tap = first; tap < end; tap = together ? end : tap + 1U, from += pixel) {
            copy_rows(to + tap * c->filter_c, size, from, dilation * input_row, inside, length, together);
        }
        if (first > 0) {
            fill_columns(to, first * c->filter_c, size, inside, zero);
        }
        if (end < c->w.filter) {
            fill_columns(to + end * c->filter_c, (c->w.filter - end) * c->filter_c, size, inside, zero);
        }
        to += inside * size;
        rows -= inside;
    }
    return fill(to, rows * size, zero);
}

/* Outputs of one column, gathered: `outputs` from row y on. */
static void run_column(state *s, unsigned y, unsigned x, unsigned outputs, unsigned channel, int8_t *output) {
    const tg_conv *c = s->c;
    uint32_t rows = strip_rows(c, outputs);
    int32_t row = (int32_t)(y * tg_advance(&c->h, &c->pool_h)) - c->h.pad;
    int8_t *to = s->strips;
    for (unsigned i = 0; i < c->pool_w.filter; i++) {
        to = gather(s, to, row, rows, x * c->pool_w.stride + i, channel);
    }
    s->gemm.patches.run_step = rows * row_size(c);
    tg_gemm_run(&s->gemm, s->strips, outputs, output);
}

/* Outputs of one row: `outputs` from column x on. */
static void run_row(state *s, unsigned y, unsigned x, unsigned outputs, int8_t *output) {
    const tg_conv *c = s->c;
    int8_t zero = (int8_t)-c->input_offset;
    uint32_t input_row = (uint32_t)c->h.stride * c->w.input * c->in_c;
    const int8_t *row = s->input + (size_t)y * c->pool_h.stride * input_row;
    int32_t first = (int32_t)(x * tg_advance(&c->w, &c->pool_w)) - c->w.pad;
    int32_t end = first + (int32_t)tg_covered(&c->w, &c->pool_w, outputs);
    if (first >= 0 && end <= c->w.input) {
        s->gemm.patches.run_step = input_row;
        tg_gemm_run(&s->gemm, row + (uint32_t)first * c->in_c, outputs, output);
        return;
    }
    uint32_t before = first < 0 ? (uint32_t)-first * c->in_c : 0;
    uint32_t after = end > c->w.input ? (uint32_t)(end - c->w.input) * c->in_c : 0;
    uint32_t size = (uint32_t)(end - first) * c->in_c;
    const int8_t *from = row + (first < 0 ? 0 : (uint32_t)first * c->in_c);
    int8_t *to = s->strips;
    for (unsigned i = 0; i < c->pool_h.filter; i++, from += input_row) {
        to = fill(to, before, zero);
        to = copy(to, from, size - before - after);
        to = fill(to, after, zero);
    }
    s->gemm.patches.run_step = size;
    tg_gemm_run(&s->gemm, s->strips, outputs, output);
}

/* All outputs of one group of channels, a chunk of a row or of a column at a time. */
static void run_group(state *s, unsigned channel, int8_t *output) {
    const tg_conv *c = s->c;
    bool rows = along_rows(c);
    unsigned lines = rows ? c->pool_h.output : c->pool_w.output;
    unsigned length = rows ? c->pool_w.output : c->pool_h.output;
    uint32_t row = (uint32_t)c->pool_w.output * c->out_c;
    s->gemm.output_step = rows ? c->out_c : row;
    s->gemm.patches.step = rows ? (uint32_t)c->w.stride * c->in_c : c->h.stride * row_size(c);
    s->gemm.patches.skip = s->gemm.patches.step * (rows ? c->pool_w.stride : c->pool_h.stride);
    for (unsigned line = 0; line < lines; line++) {
        int8_t *to = output + line * (rows ? row : c->out_c);
        for (unsigned i = 0; i < length; i += c->chunk, to += c->chunk * s->gemm.output_step) {
            unsigned now = length - i < c->chunk ? length - i : c->chunk;
            if (now < TG_GEMM_GROUP &&
                c->chunk >= TG_GEMM_GROUP) { /* rather some twice than a group for few */
                i -= TG_GEMM_GROUP - now;
                to -= (TG_GEMM_GROUP - now) * s->gemm.output_step;
                now = TG_GEMM_GROUP;
            }
            if (rows) {
                run_row(s, line, i, now, to);
            } else {
                run_column(s, i, line, now, channel, to);
            }
        }
    }
}

static void run(const tg_run *run) {
    const tg_conv *c = run->params;
    bool rows = along_rows(c);
    state s; /* all of it is set on the way */
    s.c = c;
    s.input = run->input;
    s.gemm.depth = c->h.filter * row_size(c);
    s.gemm.input_offset = c->input_offset;
    s.gemm.patches.count = rows ? c->pool_w.filter : c->pool_h.filter;
    s.gemm.patches.runs = rows ? c->pool_h.filter : c->pool_w.filter;
    s.gemm.scratch = run->scratch;
    s.gemm.pair =
        s.gemm.scratch + tg_gemm_scratch(s.gemm.depth, s.gemm.patches.count, s.gemm.patches.runs, c->chunk) /
                             sizeof *s.gemm.pair;
    s.strips = (int8_t *)s.gemm.pair;
    unsigned groups = c->in_c / c->filter_c;
    s.gemm.channels = c->out_c / groups;
    for (unsigned group = 0; group < groups; group++) {
        unsigned first = group * s.gemm.channels;
        s.gemm.weights = run->input2 + (size_t)first * s.gemm.depth;
        s.gemm.factors = tg_factors_at(run->model, &c->requant, c->bias, first);
        run_group(&s, group * c->filter_c, run->output + first);
    }
}

/* Chooses the chunk; returns the bytes of scratch. */
static uint32_t plan(tg_conv *c, uint32_t room) {
    bool rows = along_rows(c);
    uint32_t depth = c->h.filter * row_size(c);
    uint32_t count = rows ? c->pool_w.filter : c->pool_h.filter;
    uint32_t runs = rows ? c->pool_h.filter : c->pool_w.filter;
    uint32_t length = rows ? c->pool_w.output : c->pool_h.output;
    c->chunk = c->h.dilation == 1 || rows ? (uint16_t)tg_gemm_chunk(depth, count, runs, length, room) : 1U;
    uint32_t strip =
        rows ? tg_covered(&c->w, &c->pool_w, c->chunk) * c->in_c : strip_rows(c, c->chunk) * row_size(c);
    if (rows && c->w.pad == 0 && tg_covered(&c->w, &c->pool_w, length) <= c->w.input) {
        strip = 0;
    }
    uint32_t strips = runs * strip + (rows ? 0 : SLACK);
    uint32_t pair = tg_gemm_pair(depth);
    return tg_gemm_scratch(depth, count, runs, c->chunk) + (pair > strips ? pair : strips);
}

static const uint8_t OPTIONS[] = {TG_BYTE(CONV_ACTIVATION),
                                  TG_BYTE(CONV_PADDING),
                                  TG_WORD(CONV_STRIDE_W),
                                  TG_WORD(CONV_STRIDE_H),
                                  TG_WORD(CONV_DILATION_W),
                                  TG_WORD(CONV_DILATION_H),
                                  TG_END};

static int prepare(tg_prepare *p, void *params) {
    tg_conv *c = params;
    const tg_view *weights = &p->input[1];
    int err = tg_conv_prepare(p, c, DIM_N);
    if (err != 0) {
        return err;
    }
    c->filter_c = weights->dim[DIM_C];
    uint32_t groups = c->in_c / c->filter_c;
    if (groups * c->filter_c != c->in_c || c->out_c % groups != 0 || weights->dim[DIM_N] != c->out_c) {
        return TG_ERR_SHAPE;
    }
    p->scratch_size = plan(c, p->room);
    p->steps = c->h.filter * row_size(c);
    return tg_requant_make(&c->requant, p, c->out_c, false);
}

static bool absorb(void *params, tg_prepare *p) {
    tg_conv *c = params;
    tg_pool pool;
    if (tg_pool_read(p, &pool) != 0 ||
        c->pool_h.filter * c->pool_w.filter * c->pool_h.stride * c->pool_w.stride != 1 ||
        (c->h.dilation != 1 && !along_rows(c))) {
        return false;
    }
    bool apart = pool.h.stride >= pool.h.filter && pool.w.stride >= pool.w.filter;
    if (!apart || pool.low != INT8_MIN || pool.high != INT8_MAX) {
        return false;
    }
    tg_pooled one = {1, 1, 1};
    tg_pooled pool_h = {pool.h.output, (uint8_t)pool.h.filter, (uint8_t)pool.h.stride};
    tg_pooled pool_w = {pool.w.output, (uint8_t)pool.w.filter, (uint8_t)pool.w.stride};
    if (tg_covered(&pool.h, &one, pool.h.output) > pool.h.input ||
        tg_covered(&pool.w, &one, pool.w.output) > pool.w.input) {
        return false; /* windows that reach over the edge */
    }
    c->pool_h = pool_h;
    c->pool_w = pool_w;
    p->scratch_size = plan(c, 0);
    return true;
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    tg_conv *c = params;
    tg_stream_reason reason = tg_axes_stream(hop, &c->h, &c->w, &c->pool_h, &c->pool_w, c->in_c);
    if (reason == TG_STREAM_YES) {
        hop->scratch = plan(c, 0);
    }
    return reason;
}

const tg_op tg_op_conv_2d = {
    .opcode = OP_CONV_2D,
    .least_inputs = 2,
    .most_inputs = 3,
    .params = sizeof(tg_conv),
    .absorbs = OP_MAX_POOL_2D,
    .options = OPTIONS,
    .prepare = prepare,
    .run = run,
    .absorb = absorb,
    .stream = stream,
};
