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

static void run(const tg_model *model, const struct tg_node *node) {
    const relu *r = tg_at(model, node->params);
    const int8_t *input = tg_at(model, node->input);
    int8_t *output = tg_at(model, node->output);
    for (uint32_t i = 0; i < r->size; i++) {
        int32_t value = tg_rescale(input[i] - r->input_zero, r->multiplier);
        output[i] = (int8_t)tg_clamp(tg_wrap_add(value, r->output_zero), r->low, r->high);
    }
}

/* The reference clamps RELU6 in the input's quantisation and does not rescale. */
static void run_6(const tg_model *model, const struct tg_node *node) {
    const relu *r = tg_at(model, node->params);
    const int8_t *input = tg_at(model, node->input);
    int8_t *output = tg_at(model, node->output);
    for (uint32_t i = 0; i < r->size; i++) {
        output[i] = (int8_t)tg_clamp(input[i], r->low, r->high);
    }
}

static int prepare(tg_prepare *p, struct tg_node *node, uint32_t activation) {
    const tg_view *input = &p->input[0];
    int err = tg_check_int8(input);
    if (err != 0) {
        return err;
    }
    if (p->input_count != 1 || !tg_same_shape(input, &p->output)) {
        return TG_ERR_SHAPE;
    }
    relu *r = tg_alloc(p->arena, sizeof *r, &node->params);
    if (r == NULL) {
        return TG_ERR_ARENA;
    }
    r->size = input->size;
    r->input_zero = input->zero_point;
    r->output_zero = p->output.zero_point;
    if (activation == ACTIVATION_RELU6) {
        return tg_activation_range(activation, input, &r->low, &r->high);
    }
    if (!tg_multiplier_make(&r->multiplier, tg_scale_of(input), TG_SCALE_ONE, tg_scale_of(&p->output), 0)) {
        return TG_ERR_QUANTIZATION;
    }
    return tg_activation_range(activation, &p->output, &r->low, &r->high);
}

static int prepare_relu(tg_prepare *p, struct tg_node *node) {
    return prepare(p, node, ACTIVATION_RELU);
}

static int prepare_relu_6(tg_prepare *p, struct tg_node *node) {
    return prepare(p, node, ACTIVATION_RELU6);
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    relu *r = params;
    r->size = hop->fresh * hop->size;
    return TG_STREAM_YES;
}

const tg_op tg_op_relu = {OP_RELU, prepare_relu, run, NULL, stream};
const tg_op tg_op_relu6 = {OP_RELU6, prepare_relu_6, run_6, NULL, stream};
