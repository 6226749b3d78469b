/* MAX_POOL_2D and AVERAGE_POOL_2D: values pass through in the input's quantisation, as in the reference. */
#include "tg_pool.h"
#include "tg_rows.h"

/* Halves away from zero; divided without signs, as one division is enough to link. */
static int32_t average(int32_t sum, uint32_t count) {
    const uint32_t size = (uint32_t)(sum < 0 ? -sum : sum);
    const int32_t value = (int32_t)((size + count / 2U) / count);
    return sum < 0 ? -value : value;
}

typedef struct {
    const tg_pool *pool;
    int8_t *output;
} state;

static void put(state *s, int32_t value) {
    *s->output++ = (int8_t)tg_clamp(value, s->pool->low, s->pool->high);
}

static uint32_t visit_max(void *context, const tg_taps *t) {
    state *s = context;
    const uint32_t channels = s->pool->channels;
    for (uint32_t channel = 0; channel < channels; channel++) {
        int32_t most = INT8_MIN;
        const int8_t *row = t->input + channel;
        for (unsigned i = t->top; i < t->bottom; i++, row += s->pool->w.input * channels) {
            const int8_t *value = row;
            for (unsigned j = t->left; j < t->right; j++, value += channels) {
                most = *value > most ? *value : most;
            }
        }
        put(s, most);
    }
    return 1;
}

static uint32_t visit_average(void *context, const tg_taps *t) {
    state *s = context;
    const uint32_t channels = s->pool->channels;
    const uint32_t rows = t->bottom - t->top;
    const uint32_t columns = t->right - t->left;
    for (uint32_t channel = 0; channel < channels; channel++) {
        int32_t sum = 0;
        const int8_t *row = t->input + channel;
        for (uint32_t left = rows; left > 0; left--, row += s->pool->w.input * channels) {
            sum += tg_row_sum(row, columns, channels);
        }
        put(s, average(sum, rows * columns));
    }
    return 1;
}

static void slide(const tg_run *run, uint32_t (*visit)(void *context, const tg_taps *taps)) {
    const tg_pool *p = run->params;
    state s = {p, run->output};
    tg_slide(&p->h, &p->w, p->channels, run->input, visit, &s);
}

static void run_max(const tg_run *run) {
    slide(run, visit_max);
}

static void run_average(const tg_run *run) {
    slide(run, visit_average);
}

enum { OPTION_FILTER_W = OPTION_DILATION_W, OPTION_FILTER_H };

int tg_pool_read(tg_prepare *p, void *params) {
    tg_pool *pool = params;
    const tg_view *input = &p->input[0];
    const tg_view *output = &p->output;
    if (input->dim[DIM_C] != output->dim[DIM_C]) {
        return TG_ERR_SHAPE;
    }
    /* The filter comes as options, not as a second input. */
    uint32_t filter_h = p->option[OPTION_FILTER_H];
    uint32_t filter_w = p->option[OPTION_FILTER_W];
    if (filter_h > UINT16_MAX || filter_w > UINT16_MAX) {
        return TG_ERR_OPTION;
    }
    p->input[1].dim[DIM_H] = (uint16_t)filter_h;
    p->input[1].dim[DIM_W] = (uint16_t)filter_w;
    p->option[OPTION_DILATION_H] = p->option[OPTION_DILATION_W] = 1;
    int err = tg_axes_make(p, &pool->h, &pool->w);
    p->option[OPTION_FILTER_H] = filter_h; /* may be read again */
    p->option[OPTION_FILTER_W] = filter_w;
    pool->channels = input->dim[DIM_C];
    p->steps = (uint32_t)pool->h.filter * pool->w.filter;
    pool->low = p->low;
    pool->high = p->high;
    return err;
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    tg_pool *p = params;
    tg_pooled h = {p->h.output, 1, 1};
    tg_pooled w = {p->w.output, 1, 1};
    return tg_axes_stream(hop, &p->h, &p->w, &h, &w, p->channels);
}

static const uint8_t OPTIONS[] = {TG_BYTE(POOL_ACTIVATION),
                                  TG_BYTE(POOL_PADDING),
                                  TG_WORD(POOL_STRIDE_W),
                                  TG_WORD(POOL_STRIDE_H),
                                  TG_WORD(POOL_FILTER_W),
                                  TG_WORD(POOL_FILTER_H),
                                  TG_END};

#define POOL(name, code, what)                                                                               \
    TG_OP(name, stream, .opcode = (code), .needs = {TG_ACTIVATION}, .checks = TG_FUSED,                      \
          .params = sizeof(tg_pool), .options = OPTIONS, .prepare = tg_pool_read, .run = (what))

POOL(max_pool_2d, OP_MAX_POOL_2D, run_max);
POOL(average_pool_2d, OP_AVERAGE_POOL_2D, run_average);
