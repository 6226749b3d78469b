/* CONV_2D: weights [out_c, filter_h, filter_w, filter_c]; filter_c < in_c is a grouped convolution.
 *
 * Every output position is a patch of the input times all filters: a matrix product (tg_gemm.h), a chunk of
 * an output column at a time. For it strips are gathered: the input's rows as the filter's columns see them,
 * so that the patches of successive outputs overlap in it. An input of one column without padding is its own
 * strip; one of one row is taken as a column.
 *
 * A MAX_POOL_2D behind the convolution whose windows do not overlap is run with it: each of its outputs is
 * the maximum over a block of patches, and the convolution's own output is never stored.
 */
#include "tg_gemm.h"
#include "tg_pool.h"

#define STRIPS 256U /* bytes for strips when there is no room */

/* Strides are so limited that strips never have 2^32 bytes: the positions in a window times the filter's
 * values are less than TG_MAX_WORK, times the stride those of all strips. */
#define MOST_STRIDE 32U
#define CHUNK       6U /* a chunk is all outputs, or a multiple of these: what is taken together */

typedef struct {
    const tg_conv *c;
    const int8_t *input; /* of a group's first channel */
    int8_t *strips;
    uint32_t size; /* of a strip's row */
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

/* Copies `rows` rows of `length` values; rows are so far apart. */
static void copy_rows(int8_t *to, const int8_t *from, uint32_t rows, uint32_t length, uint32_t to_step,
                      uint32_t from_step) {
    if (length == to_step && length == from_step) {
        length *= rows;
        rows = 1;
    }
    for (; rows > 0; rows--, to += to_step, from += from_step) {
        for (uint32_t i = 0; i < length; i++) {
            to[i] = from[i];
        }
    }
}

/* Gathers `rows` rows of the strip of output column x, from the input's row `at` (of which there may be
 * none) on. Returns its end. */
static TG_NOINLINE int8_t *gather(const state *s, int8_t *to, int32_t at, uint32_t rows, unsigned x) {
    const tg_conv *c = s->c;
    const int32_t dilation = c->h.dilation;
    const uint32_t size = s->size;
    const uint32_t line = (uint32_t)c->w.input * c->in_c;
    unsigned tap;
    unsigned end;
    int32_t column = tg_axis_taps(&c->w, tg_axis_start(&c->w, x), &tap, &end);
    int8_t *behind = to + rows * size;
    memset(to, -c->input_offset, rows * size);
    for (; rows > 0 && at < 0; rows--, at += dilation) {
        to += size;
    }
    uint32_t inside = at < c->h.input ? (uint32_t)(c->h.input - 1 - at) / c->h.dilation + 1U : 0;
    inside = inside < rows ? inside : rows;
    const uint32_t pixel = (uint32_t)c->w.dilation * c->in_c;
    const unsigned together = pixel == c->filter_c ? end - tap : 1U; /* taps that lie side by side */
    const int8_t *from = s->input + at * (int32_t)line + column * c->in_c;
    for (; tap < end; tap += together, from += pixel) {
        copy_rows(to + tap * c->filter_c, from, inside, together * c->filter_c, size,
                  (uint32_t)dilation * line);
    }
    return behind;
}

/* Outputs of one column: `outputs` from row y on. */
static void run_chunk(state *s, unsigned y, unsigned x, unsigned outputs, int8_t *output) {
    const tg_conv *c = s->c;
    const int8_t *patches = s->input;
    if (!c->strip) {
        const uint32_t rows = strip_rows(c, outputs);
        const int32_t row = (int32_t)(y * tg_advance(&c->h, &c->pool_h)) - c->h.pad;
        int8_t *to = s->strips;
        patches = to;
        for (unsigned i = 0; i < c->pool_w.filter; i++) {
            to = gather(s, to, row, rows, x * c->pool_w.stride + i);
        }
        s->gemm.patches.run_step = rows * s->size;
    }
    tg_gemm_run(&s->gemm, patches, outputs, output);
}

/* All outputs of one group of channels. */
static void run_group(state *s, int8_t *output) {
    const tg_conv *c = s->c;
    for (unsigned x = 0; x < c->pool_w.output; x++, output += c->out_c) {
        unsigned now;
        for (unsigned y = 0; y < c->pool_h.output; y += now) {
            now = c->pool_h.output - y;
            now = now < c->chunk ? now : c->chunk;
            run_chunk(s, y, x, now, output + y * s->gemm.output_step);
        }
    }
}

static void run(const tg_run *run) {
    const tg_conv *c = run->params;
    state s; /* all of it is set on the way */
    s.c = c;
    s.input = run->input;
    s.strips = (int8_t *)run->scratch + c->lanes;
    s.size = row_size(c);
    s.gemm.depth = c->h.filter * s.size;
    s.gemm.input_offset = c->input_offset;
    s.gemm.patches.count = c->pool_h.filter;
    s.gemm.patches.runs = c->pool_w.filter;
    s.gemm.patches.step = c->h.stride * s.size;
    s.gemm.patches.run_step = 0;
    s.gemm.patches.skip = s.gemm.patches.step * c->pool_h.stride;
    s.gemm.output_step = (uint32_t)c->pool_w.output * c->out_c;
    s.gemm.scratch = run->scratch;
    s.gemm.scratch_size = c->lanes;
    s.gemm.weights = run->input2;
    unsigned groups = c->in_c / c->filter_c;
    s.gemm.channels = c->out_c / groups;
    for (unsigned first = 0; first < c->out_c; first += s.gemm.channels) {
        tg_factors_set(&s.gemm.factors, run->model, &c->requant, first);
        run_group(&s, run->output + first);
        s.input += c->filter_c;
        s.gemm.weights += s.gemm.channels * s.gemm.depth;
    }
}

/* Bytes of the strips for a chunk. */
static uint32_t strips_size(const tg_conv *c) {
    return c->pool_w.filter * strip_rows(c, c->chunk) * row_size(c);
}

/* Chooses the chunk; returns the bytes of scratch. */
static uint32_t plan(tg_conv *c, uint32_t room) {
    c->chunk = c->h.dilation == 1 ? c->pool_h.output : 1;
    c->lanes =
        tg_gemm_scratch(c->h.filter * row_size(c), c->pool_w.filter * c->pool_h.filter != 1, c->chunk, room);
    c->strip = c->w.input == 1 && c->w.filter == 1 && c->filter_c == c->in_c && c->h.dilation == 1 &&
               c->h.pad == 0 && strip_rows(c, c->chunk) <= c->h.input;
    if (c->strip) {
        return c->lanes;
    }
    room = room > c->lanes + STRIPS ? room - c->lanes : STRIPS;
    while (c->chunk > CHUNK && strips_size(c) > room) {
        c->chunk = (uint16_t)((c->chunk / 2U + CHUNK - 1U) / CHUNK * CHUNK);
    }
    return c->lanes + ((strips_size(c) + 3U) & ~3U);
}

static const uint8_t OPTIONS[] = {TG_BYTE(CONV_ACTIVATION),
                                  TG_BYTE(CONV_PADDING),
                                  TG_WORD(CONV_STRIDE_W),
                                  TG_WORD(CONV_STRIDE_H),
                                  TG_ONE(CONV_DILATION_W),
                                  TG_ONE(CONV_DILATION_H),
                                  TG_END};

/* Whether windows lie apart and inside. */
static bool is_apart(const tg_axis *pool) {
    return pool->stride >= pool->filter && (pool->output - 1U) * pool->stride + pool->filter <= pool->input;
}

static tg_pooled pooled(const tg_axis *pool) {
    return (tg_pooled){pool->output, (uint8_t)pool->filter, (uint8_t)pool->stride};
}

/* Takes in a max-pooling of the output. Returns TG_ERR_OPTION, with nothing changed, when it cannot. */
static TG_NOINLINE int absorb(tg_prepare *p, tg_conv *c) {
    tg_pool pool;
    if (c->h.dilation != 1 || tg_pool_read(p, &pool) != 0 || !is_apart(&pool.h) || !is_apart(&pool.w) ||
        pool.low != INT8_MIN || pool.high != INT8_MAX) {
        return TG_ERR_OPTION;
    }
    c->pool_h = pooled(c->turned ? &pool.w : &pool.h);
    c->pool_w = pooled(c->turned ? &pool.h : &pool.w);
    p->scratch_size = plan(c, 0);
    return 0;
}

static int prepare(tg_prepare *p, void *params) {
    tg_conv *c = params;
    if (p->opcode == OP_MAX_POOL_2D) {
        return absorb(p, c);
    }
    const tg_view *weights = &p->input[1];
    c->filter_c = weights->dim[DIM_C];
    int err = tg_conv_prepare(p, c, DIM_N, c->filter_c, DIM_H);
    if (err != 0) {
        return err;
    }
    uint32_t groups = c->in_c / c->filter_c;
    if (groups * c->filter_c != c->in_c || c->out_c % groups != 0 || weights->dim[DIM_N] != c->out_c) {
        return TG_ERR_SHAPE;
    }
    if (c->h.stride > MOST_STRIDE) {
        return TG_ERR_OPTION;
    }
    p->scratch_size = plan(c, p->room);
    return 0;
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
      .run = run);
