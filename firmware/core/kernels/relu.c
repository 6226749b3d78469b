/* RELU and RELU6 that the converter could not fuse into the operator before them. */
#include "../tg_op.h"

typedef struct {
    uint32_t size;
    tg_multiplier multiplier; /* input scale / output scale */
    int32_t input_zero;
    int32_t output_zero;
    int8_t low;
    int8_t high;
} relu;

static void run(const tg_run *run) {
    const relu *r = run->params;
    for (uint32_t i = 0; i < r->size; i++) {
        int32_t value = tg_rescale(run->input[i] - r->input_zero, r->multiplier);
        run->output[i] = (int8_t)tg_clamp(tg_wrap_add(value, r->output_zero), r->low, r->high);
    }
}

/* The reference clamps RELU6 in the input's quantisation and does not rescale. */
static void run_6(const tg_run *run) {
    const relu *r = run->params;
    for (uint32_t i = 0; i < r->size; i++) {
        run->output[i] = (int8_t)tg_clamp(run->input[i], r->low, r->high);
    }
}

static int prepare(tg_prepare *p, void *params) {
    relu *r = params;
    const tg_view *input = &p->input[0];
    r->size = input->size;
    r->input_zero = input->zero_point;
    r->output_zero = p->output.zero_point;
    if (!tg_multiplier_make(&r->multiplier, tg_scale_of(input), TG_SCALE_ONE, tg_scale_of(&p->output), 0)) {
        return TG_ERR_QUANTIZATION;
    }
    return tg_activation_range(ACTIVATION_RELU, &p->output, &r->low, &r->high);
}

static int prepare_6(tg_prepare *p, void *params) {
    relu *r = params;
    r->size = p->output.size;
    return tg_activation_range(ACTIVATION_RELU6, &p->input[0], &r->low, &r->high);
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    relu *r = params;
    r->size = hop->fresh * hop->size;
    return TG_STREAM_YES;
}

static const uint8_t OPTIONS[] = {TG_END};

TG_OP(relu, stream, .opcode = OP_RELU, .needs = {TG_ACTIVATION}, .checks = TG_SAME_SHAPE,
      .params = sizeof(relu), .options = OPTIONS, .prepare = prepare, .run = run);
TG_OP(relu6, stream, .opcode = OP_RELU6, .needs = {TG_ACTIVATION}, .checks = TG_SAME_SHAPE,
      .params = sizeof(relu), .options = OPTIONS, .prepare = prepare_6, .run = run_6);
