/* MAX_POOL_2D and AVERAGE_POOL_2D: values pass through in the input's quantisation, as in the reference. */
#include "tg_pool.h"

/* Filter positions [first, end) that lie inside the input. */
static void inside(const tg_axis *axis, unsigned output, int32_t *first, int32_t *end) {
    int32_t origin = (int32_t)(output * axis->stride) - axis->pad;
    *first = origin < 0 ? 0 : origin;
    *end = origin + axis->filter > axis->input ? axis->input : origin + axis->filter;
}

/* Halves away from zero; divided without signs, as one division is enough to link. */
static int32_t average(int32_t sum, uint32_t count) {
    const uint32_t size = (uint32_t)(sum < 0 ? -sum : sum);
    const int32_t value = (int32_t)((size + count / 2U) / count);
    return sum < 0 ? -value : value;
}

static void run_all(const tg_run *run, bool maximum) {
    const tg_pool *p = run->params;
    int8_t *output = run->output;
    for (unsigned y = 0; y < p->h.output; y++) {
        int32_t top, bottom;
        inside(&p->h, y, &top, &bottom);
        for (unsigned x = 0; x < p->w.output; x++) {
            int32_t left, right;
            inside(&p->w, x, &left, &right);
            for (unsigned channel = 0; channel < p->channels; channel++) {
                int32_t value = maximum ? INT8_MIN : 0;
                for (int32_t in_y = top; in_y < bottom; in_y++) {
                    for (int32_t in_x = left; in_x < right; in_x++) {
                        int32_t next =
                            run->input[(uint32_t)(in_y * p->w.input + in_x) * p->channels + channel];
                        value = !maximum ? value + next : next > value ? next : value;
                    }
                }
                value = maximum ? value : average(value, (uint32_t)((bottom - top) * (right - left)));
                *output++ = (int8_t)tg_clamp(value, p->low, p->high);
            }
        }
    }
}

static void run_max(const tg_run *run) {
    run_all(run, true);
}

static void run_average(const tg_run *run) {
    run_all(run, false);
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
