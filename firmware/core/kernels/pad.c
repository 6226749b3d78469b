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

static void run(const tg_run *run) {
    const pad *q = run->params;
    const int8_t *input = run->input;
    int8_t *output = run->output;
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

static int prepare(tg_prepare *p, void *params) {
    pad *q = params;
    const tg_view *input = &p->input[0];
    const tg_view *paddings = &p->input[1];
    const tg_view *value = &p->input[2];
    if (paddings->size != 2U * input->dims || p->output.dims != input->dims) {
        return TG_ERR_SHAPE;
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
    if (value->has != 0) {
        if (value->size != 1) {
            return TG_ERR_TYPE;
        }
        q->value = (int8_t)*value->data;
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

static const uint8_t OPTIONS[] = {TG_END};

#define PAD(name, code)                                                                                      \
    TG_OP(name, stream, .opcode = (code),                                                                    \
          .needs = {TG_ACTIVATION, TG_INT32 | TG_CONSTANT, TG_INT8 | TG_CONSTANT | TG_OPTIONAL},             \
          .checks = TG_SAME_QUANTIZATION, .params = sizeof(pad), .options = OPTIONS, .prepare = prepare,     \
          .run = run)

PAD(pad, OP_PAD);
PAD(padv2, OP_PADV2);
