/* CONV_2D: weights [out_c, filter_h, filter_w, filter_c]; filter_c < in_c is a grouped convolution.
 *
 * Every output position is a patch of the input times all filters: a matrix product (tg_gemm.h), a chunk of
 * an output column at a time. For it strips are gathered: the input's rows as the filter's columns see them,
 * so that the patches of successive outputs overlap in it. Where the input is one column, it is its own strip
 * but at its ends, where patches reach into padding; an input of one row is taken as a column.
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

/* Gathers `rows` rows of the strip of output column x, from the input's row `row` (of which there may be
 * none) on, for input channels from `channel`. */
static TG_NOINLINE int8_t *gather(const state *s, int8_t *to, int32_t row, uint32_t rows, unsigned x,
                                  unsigned channel) {
    const tg_conv *c = s->c;
    const int8_t zero = (int8_t)-c->input_offset;
    const int32_t line = (int32_t)c->w.input * c->in_c;
    unsigned first;
    unsigned end;
    tg_axis_taps(&c->w, x, &first, &end);
    const uint32_t before = first * c->filter_c;
    const uint32_t behind = (c->w.filter - end) * c->filter_c;
    const uint32_t pixel = (uint32_t)c->w.dilation * c->in_c;
    const bool together = pixel == c->filter_c; /* taps lie side by side in the input as in the strip */
    const uint32_t pieces = together ? 1U : end - first;
    const uint32_t length = together ? (end - first) * c->filter_c : c->filter_c;
    const int32_t column = (int32_t)(x * c->w.stride + first * c->w.dilation) - c->w.pad;
    /* What four values are too many is read from the next row, and overwritten by it. */
    const bool four = together && length <= 4U && row_size(c) >= 3U && line >= 3;
    const int32_t dilation = c->h.dilation;
    const int32_t last = c->h.input - 1;
    for (; rows > 0 && row < 0; rows--, row += dilation) {
        to = fill(to, row_size(c), zero);
    }
    const int8_t *from = s->input + row * line + column * c->in_c + channel;
    for (; rows > 0 && row <= last; rows--, row += dilation, from += dilation * line) {
        to = fill(to, before, zero);
        if (four && rows > 1U && row < last) {
            copy_4(to, from);
            to += length;
        } else {
            const int8_t *piece = from;
            for (uint32_t left = pieces; left > 0; left--, piece += pixel) {
                to = copy(to, piece, length);
            }
        }
        to = fill(to, behind, zero);
    }
    return fill(to, rows * row_size(c), zero);
}

/* Whether the input, inside, is its own strip. */
static bool is_strip(const tg_conv *c) {
    return c->w.input == 1 && c->w.filter == 1 && c->filter_c == c->in_c && c->h.dilation == 1;
}

/* Outputs of one column: `outputs` from row y on. */
static void run_chunk(state *s, unsigned y, unsigned x, unsigned outputs, unsigned channel, int8_t *output) {
    const tg_conv *c = s->c;
    uint32_t rows = strip_rows(c, outputs);
    int32_t row = (int32_t)(y * tg_advance(&c->h, &c->pool_h)) - c->h.pad;
    const int8_t *patches = s->strips;
    if (is_strip(c) && row >= 0 && row + (int32_t)rows <= c->h.input) {
        patches = s->input + row * c->in_c;
    } else {
        int8_t *to = s->strips;
        for (unsigned i = 0; i < c->pool_w.filter; i++) {
            to = gather(s, to, row, rows, x * c->pool_w.stride + i, channel);
        }
    }
    s->gemm.patches.run_step = rows * row_size(c);
    tg_gemm_run(&s->gemm, patches, outputs, output);
}

/* All outputs of one group of channels. */
static void run_group(state *s, unsigned channel, int8_t *output) {
    const tg_conv *c = s->c;
    const unsigned length = c->pool_h.output;
    for (unsigned x = 0; x < c->pool_w.output; x++, output += c->out_c) {
        unsigned now = c->chunk;
        for (unsigned y = 0; y < length; y += now) {
            if (length - y < now) {
                /* Rather some twice than a group for few. */
                now = length - y < TG_GEMM_GROUP && now > TG_GEMM_GROUP ? TG_GEMM_GROUP : length - y;
                y = length - now;
            }
            run_chunk(s, y, x, now, channel, output + y * s->gemm.output_step);
        }
    }
}

/* Bytes of scratch in front of the strips. */
static uint32_t lanes_size(const tg_conv *c) {
    return tg_gemm_scratch(c->h.filter * row_size(c), c->pool_h.filter, c->pool_w.filter, c->chunk);
}

static void run(const tg_run *run) {
    const tg_conv *c = run->params;
    state s; /* all of it is set on the way */
    s.c = c;
    s.input = run->input;
    s.gemm.depth = c->h.filter * row_size(c);
    s.gemm.input_offset = c->input_offset;
    s.gemm.patches.count = c->pool_h.filter;
    s.gemm.patches.runs = c->pool_w.filter;
    s.gemm.patches.step = c->h.stride * row_size(c);
    s.gemm.patches.skip = s.gemm.patches.step * c->pool_h.stride;
    s.gemm.output_step = (uint32_t)c->pool_w.output * c->out_c;
    s.gemm.scratch = run->scratch;
    s.gemm.pair = s.gemm.scratch + lanes_size(c) / sizeof *s.gemm.pair;
    s.strips = (int8_t *)s.gemm.pair;
    unsigned groups = c->in_c / c->filter_c;
    s.gemm.channels = c->out_c / groups;
    for (unsigned group = 0; group < groups; group++) {
        unsigned first = group * s.gemm.channels;
        s.gemm.weights = run->input2 + (size_t)first * s.gemm.depth;
        tg_factors_set(&s.gemm.factors, run->model, &c->requant, c->bias, first);
        run_group(&s, group * c->filter_c, run->output + first);
    }
}

/* Chooses the chunk; returns the bytes of scratch. */
static uint32_t plan(tg_conv *c, uint32_t room) {
    uint32_t depth = c->h.filter * row_size(c);
    uint32_t length = c->pool_h.output;
    c->chunk = 1;
    if (c->h.dilation == 1) {
        c->chunk = (uint16_t)tg_gemm_chunk(depth, c->pool_h.filter, c->pool_w.filter, length, room);
    }
    uint32_t strips = c->pool_w.filter * strip_rows(c, c->chunk) * row_size(c);
    if (is_strip(c) && c->h.pad == 0 && tg_covered(&c->h, &c->pool_h, length) <= c->h.input) {
        strips = 0;
    }
    uint32_t pair = tg_gemm_pair(depth);
    return lanes_size(c) + (pair > strips ? pair : strips);
}

static const uint8_t OPTIONS[] = {TG_BYTE(CONV_ACTIVATION),
                                  TG_BYTE(CONV_PADDING),
                                  TG_WORD(CONV_STRIDE_W),
                                  TG_WORD(CONV_STRIDE_H),
                                  TG_ONE(CONV_DILATION_W),
                                  TG_ONE(CONV_DILATION_H),
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
    p->steps = (uint32_t)c->h.filter * c->w.filter * c->filter_c;
    c->turned = c->h.input == 1 && c->h.filter == 1 && c->h.pad == 0;
    if (c->turned) {
        tg_axis row = c->w;
        c->w = c->h;
        c->h = row;
        c->pool_h.output = c->h.output;
        c->pool_w.output = c->w.output;
    }
    p->scratch_size = plan(c, p->room);
    return tg_requant_make(&c->requant, p, c->out_c, false);
}

static bool absorb(void *params, tg_prepare *p) {
    tg_conv *c = params;
    tg_pool pool;
    if (tg_pool_read(p, &pool) != 0 ||
        c->pool_h.filter * c->pool_w.filter * c->pool_h.stride * c->pool_w.stride != 1 ||
        c->h.dilation != 1) {
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
    c->pool_h = c->turned ? pool_w : pool_h;
    c->pool_w = c->turned ? pool_h : pool_w;
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

TG_OP(conv_2d, stream, .opcode = OP_CONV_2D, .needs = TG_WEIGHTED, .checks = TG_FUSED,
      .params = sizeof(tg_conv), .absorbs = OP_MAX_POOL_2D, .options = OPTIONS, .prepare = prepare,
      .run = run, .absorb = absorb);
