/* PAD and PADV2: constant values around the input, in any of the four dimensions. */
#include "../tg_op.h"

typedef struct {
    uint16_t input[TG_MAX_DIMS];
    uint16_t before[TG_MAX_DIMS];
    uint16_t output[TG_MAX_DIMS];
    int8_t value;
} pad;

static bool inside(const pad *q, unsigned dim, unsigned position) {
    return position >= q->before[dim] && position < (unsigned)q->before[dim] + q->input[dim];
}

static void run(const tg_model *model, const struct tg_node *node) {
    const pad *q = tg_at(model, node->params);
    const int8_t *input = tg_at(model, node->input);
    int8_t *output = tg_at(model, node->output);
    for (unsigned n = 0; n < q->output[DIM_N]; n++) {
        for (unsigned y = 0; y < q->output[DIM_H]; y++) {
            for (unsigned x = 0; x < q->output[DIM_W]; x++) {
                bool row_inside = inside(q, DIM_N, n) && inside(q, DIM_H, y) && inside(q, DIM_W, x);
                for (unsigned c = 0; c < q->output[DIM_C]; c++) {
                    *output++ = row_inside && inside(q, DIM_C, c) ? *input++ : q->value;
                }
            }
        }
    }
}

static int prepare(tg_prepare *p, struct tg_node *node) {
    const tg_view *input = &p->input[0];
    const tg_view *paddings = &p->input[1];
    int err = tg_check_int8(input);
    if (err != 0) {
        return err;
    }
    if (p->input_count < 2 || p->input_count > 3 || paddings->type != TYPE_INT32 || paddings->data == NULL) {
        return TG_ERR_TYPE;
    }
    if (paddings->size != 2U * input->dims || p->output.dims != input->dims) {
        return TG_ERR_SHAPE;
    }
    if (!tg_same_quantization(input, &p->output)) {
        return TG_ERR_QUANTIZATION;
    }
    pad *q = tg_alloc(p->arena, sizeof *q, &node->params);
    if (q == NULL) {
        return TG_ERR_ARENA;
    }
    unsigned missing = TG_MAX_DIMS - input->dims;
    for (unsigned i = 0; i < TG_MAX_DIMS; i++) {
        uint32_t before = i < missing ? 0 : tg_load32(paddings->data + 8U * (i - missing));
        uint32_t after = i < missing ? 0 : tg_load32(paddings->data + 8U * (i - missing) + 4U);
        if (before > UINT16_MAX || after > UINT16_MAX || before + input->dim[i] + after != p->output.dim[i]) {
            return TG_ERR_SHAPE;
        }
        q->input[i] = input->dim[i];
        q->before[i] = (uint16_t)before;
        q->output[i] = p->output.dim[i];
    }
    q->value = p->output.zero_point;
    if (p->input_count == 3) {
        if (p->input[2].type != TYPE_INT8 || p->input[2].data == NULL || p->input[2].size != 1) {
            return TG_ERR_TYPE;
        }
        q->value = (int8_t)*p->input[2].data;
    }
    return 0;
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    pad *q = params;
    unsigned time = 0;
    while (time < DIM_C && q->output[time] == 1) {
        time++;
    }
    if (q->input[time] != hop->columns) {
        return TG_STREAM_LAYOUT;
    }
    if (q->output[time] != q->input[time]) {
        return TG_STREAM_PADDING;
    }
    q->input[time] = q->output[time] = (uint16_t)hop->fresh;
    return TG_STREAM_YES;
}

const tg_op tg_op_pad = {OP_PAD, prepare, run, NULL, stream};
const tg_op tg_op_padv2 = {OP_PADV2, prepare, run, NULL, stream};
