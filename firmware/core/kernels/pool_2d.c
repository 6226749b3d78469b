/* MAX_POOL_2D and AVERAGE_POOL_2D: values pass through in the input's quantisation, as in the reference. */
#include "tg_pool.h"

/* Filter positions [first, end) that lie inside the input. */
static void inside(const tg_axis *axis, unsigned output, int32_t *first, int32_t *end) {
    int32_t origin = (int32_t)(output * axis->stride) - axis->pad;
    *first = origin < 0 ? 0 : origin;
    *end = origin + axis->filter > axis->input ? axis->input : origin + axis->filter;
}

static int32_t average(int32_t sum, int32_t count) {
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static int32_t pool_one(const tg_pool *p, const int8_t *input, unsigned y, unsigned x, bool maximum) {
    int32_t top, bottom, left, right;
    inside(&p->h, y, &top, &bottom);
    inside(&p->w, x, &left, &right);
    int32_t sum = 0;
    int32_t max = INT8_MIN;
    for (int32_t in_y = top; in_y < bottom; in_y++) {
        for (int32_t in_x = left; in_x < right; in_x++) {
            int32_t value = input[((size_t)in_y * p->w.input + (size_t)in_x) * p->channels];
            sum += value;
            max = value > max ? value : max;
        }
    }
    return maximum ? max : average(sum, (bottom - top) * (right - left));
}

static void run(const tg_model *model, const struct tg_node *node, bool maximum) {
    const tg_pool *p = tg_at(model, node->params);
    const int8_t *input = tg_at(model, node->input);
    int8_t *output = tg_at(model, node->output);
    for (unsigned y = 0; y < p->h.output; y++) {
        for (unsigned x = 0; x < p->w.output; x++) {
            for (unsigned channel = 0; channel < p->channels; channel++) {
                int32_t value = pool_one(p, input + channel, y, x, maximum);
                *output++ = (int8_t)tg_clamp(value, p->low, p->high);
            }
        }
    }
}

static void run_max(const tg_model *model, const struct tg_node *node) {
    run(model, node, true);
}

static void run_average(const tg_model *model, const struct tg_node *node) {
    run(model, node, false);
}

int tg_pool_read(const tg_prepare *p, tg_pool *pool) {
    const tg_view *input = &p->input[0];
    const tg_view *output = &p->output;
    int err = tg_check_int8(input);
    if (err != 0) {
        return err;
    }
    if (p->input_count != 1 || input->dims != 4 || output->dims != 4 || input->dim[DIM_N] != 1 ||
        output->dim[DIM_N] != 1 || input->dim[DIM_C] != output->dim[DIM_C]) {
        return TG_ERR_SHAPE;
    }
    uint8_t padding = tg_read_u8(&p->options, POOL_PADDING, PADDING_SAME);
    err = tg_axis_make(&pool->h, input->dim[DIM_H], output->dim[DIM_H],
                       tg_read_u32(&p->options, POOL_FILTER_H, 0), tg_read_u32(&p->options, POOL_STRIDE_H, 0),
                       1, padding);
    if (err == 0) {
        err = tg_axis_make(&pool->w, input->dim[DIM_W], output->dim[DIM_W],
                           tg_read_u32(&p->options, POOL_FILTER_W, 0),
                           tg_read_u32(&p->options, POOL_STRIDE_W, 0), 1, padding);
    }
    if (err != 0) {
        return err;
    }
    pool->channels = input->dim[DIM_C];
    uint8_t activation = tg_read_u8(&p->options, POOL_ACTIVATION, ACTIVATION_NONE);
    return tg_activation_range(activation, output, &pool->low, &pool->high);
}

static int prepare(tg_prepare *p, struct tg_node *node) {
    tg_pool *pool = tg_alloc(p->arena, sizeof *pool, &node->params);
    return pool == NULL ? TG_ERR_ARENA : tg_pool_read(p, pool);
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    tg_pool *p = params;
    tg_pooled h = {p->h.output, 1, 1};
    tg_pooled w = {p->w.output, 1, 1};
    return tg_axes_stream(hop, &p->h, &p->w, &h, &w, p->channels);
}

const tg_op tg_op_max_pool_2d = {OP_MAX_POOL_2D, prepare, run_max, NULL, stream};
const tg_op tg_op_average_pool_2d = {OP_AVERAGE_POOL_2D, prepare, run_average, NULL, stream};
