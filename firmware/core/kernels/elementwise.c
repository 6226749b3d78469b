/* ADD, SUB and MUL of two tensors, either of which may be broadcast along dimensions of size 1. */
#include "../tg_op.h"

#define ADD_LEFT_SHIFT 20

typedef struct {
    uint16_t dim[TG_MAX_DIMS];
    uint32_t stride1[TG_MAX_DIMS]; /* 0 along a broadcast dimension */
    uint32_t stride2[TG_MAX_DIMS];
    int16_t offset1;
    int16_t offset2;
    tg_multiplier multiplier1; /* of ADD and SUB */
    tg_multiplier multiplier2;
    tg_multiplier multiplier;
    int8_t zero_point;
    int8_t low;
    int8_t high;
} elementwise;

/* One pair of values, their zero points taken off, to the output's scale. */
typedef int32_t pair_function(const elementwise *e, int32_t a, int32_t b);

static int32_t scaled(int32_t value, tg_multiplier multiplier) {
    return tg_rescale(value * (1 << ADD_LEFT_SHIFT), multiplier);
}

static int32_t add(const elementwise *e, int32_t a, int32_t b) {
    return tg_rescale(scaled(a, e->multiplier1) + scaled(b, e->multiplier2), e->multiplier);
}

static int32_t subtract(const elementwise *e, int32_t a, int32_t b) {
    return tg_rescale(scaled(a, e->multiplier1) - scaled(b, e->multiplier2), e->multiplier);
}

static int32_t multiply(const elementwise *e, int32_t a, int32_t b) {
    return tg_rescale(a * b, e->multiplier);
}

static size_t at(const uint32_t *stride, unsigned n, unsigned y, unsigned x) {
    return (size_t)stride[DIM_N] * n + (size_t)stride[DIM_H] * y + (size_t)stride[DIM_W] * x;
}

static void run_pairs(const tg_run *run, pair_function *one) {
    const elementwise *e = run->params;
    int8_t *output = run->output;
    for (unsigned n = 0; n < e->dim[DIM_N]; n++) {
        for (unsigned y = 0; y < e->dim[DIM_H]; y++) {
            for (unsigned x = 0; x < e->dim[DIM_W]; x++) {
                const int8_t *a = run->input + at(e->stride1, n, y, x);
                const int8_t *b = run->input2 + at(e->stride2, n, y, x);
                for (unsigned c = 0; c < e->dim[DIM_C]; c++) {
                    int32_t value = one(e, *a + e->offset1, *b + e->offset2);
                    *output++ = (int8_t)tg_clamp(tg_wrap_add(value, e->zero_point), e->low, e->high);
                    a += e->stride1[DIM_C];
                    b += e->stride2[DIM_C];
                }
            }
        }
    }
}

/* Strides of an input under the output's shape. Returns false when it cannot be broadcast to it. */
static bool strides(const tg_view *input, const tg_view *output, uint32_t *stride) {
    uint32_t step = 1;
    for (unsigned i = TG_MAX_DIMS; i-- > 0;) {
        if (input->dim[i] != output->dim[i] && input->dim[i] != 1) {
            return false;
        }
        stride[i] = input->dim[i] == 1 ? 0 : step;
        step *= input->dim[i];
    }
    return true;
}

/* Multipliers of a sum: both inputs are brought to twice the larger scale, then to the output's. */
static bool sum_multipliers(elementwise *e, uint32_t scale1, uint32_t scale2, uint32_t scale) {
    uint32_t larger = scale1 > scale2 ? scale1 : scale2; /* positive floats order like their bits */
    return tg_multiplier_make(&e->multiplier1, scale1, TG_SCALE_ONE, larger, -1) &&
           tg_multiplier_make(&e->multiplier2, scale2, TG_SCALE_ONE, larger, -1) &&
           tg_multiplier_make(&e->multiplier, larger, TG_SCALE_ONE, scale, 1 - ADD_LEFT_SHIFT) &&
           e->multiplier.shift <= 0; /* the reference takes factors below 1 only */
}

static int prepare(tg_prepare *p, elementwise *e, bool is_product) {
    uint32_t scale1 = tg_scale_of(&p->input[0]);
    uint32_t scale2 = tg_scale_of(&p->input[1]);
    uint32_t scale = tg_scale_of(&p->output);
    if (!strides(&p->input[0], &p->output, e->stride1) || !strides(&p->input[1], &p->output, e->stride2)) {
        return TG_ERR_SHAPE;
    }
    bool ok = is_product ? tg_multiplier_make(&e->multiplier, scale1, scale2, scale, 0)
                         : sum_multipliers(e, scale1, scale2, scale);
    if (!ok) {
        return TG_ERR_QUANTIZATION;
    }
    memcpy(e->dim, p->output.dim, sizeof e->dim);
    e->offset1 = (int16_t)-p->input[0].zero_point;
    e->offset2 = (int16_t)-p->input[1].zero_point;
    e->zero_point = p->output.zero_point;
    e->low = p->low;
    e->high = p->high;
    return 0;
}

static int prepare_sum(tg_prepare *p, void *params) {
    return prepare(p, params, false);
}

static int prepare_product(tg_prepare *p, void *params) {
    return prepare(p, params, true);
}

static void run_add(const tg_run *run) {
    run_pairs(run, add);
}

static void run_sub(const tg_run *run) {
    run_pairs(run, subtract);
}

static void run_mul(const tg_run *run) {
    run_pairs(run, multiply);
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    elementwise *e = params;
    unsigned time = 0;
    while (time < DIM_C && e->dim[time] == 1) {
        time++;
    }
    if (e->dim[time] != hop->columns) {
        return TG_STREAM_LAYOUT;
    }
    /* What is the same at all times must be constant, and the other way round. */
    if (tg_is_constant(hop->node->input) != (e->stride1[time] == 0) ||
        tg_is_constant(hop->node->input2) != (e->stride2[time] == 0)) {
        return TG_STREAM_OPERATOR;
    }
    e->dim[time] = (uint16_t)hop->fresh;
    return TG_STREAM_YES;
}

static const uint8_t OPTIONS[] = {TG_BYTE(BINARY_ACTIVATION), TG_END};

#define OP(name, code, how, what)                                                                            \
    TG_OP(name, stream, .opcode = (code), .needs = {TG_ACTIVATION, TG_ACTIVATION}, .checks = TG_FUSED,       \
          .params = sizeof(elementwise), .options = OPTIONS, .prepare = (how), .run = (what))

OP(add, OP_ADD, prepare_sum, run_add);
OP(sub, OP_SUB, prepare_sum, run_sub);
OP(mul, OP_MUL, prepare_product, run_mul);
