/* ADD, SUB and MUL of two tensors, either of which may be broadcast along dimensions of size 1; RELU and
 * RELU6 that the converter could not fuse into the operator before them; PAD and PADV2, which put constant
 * values around the input in any dimension.
 */
#include "../tg_op.h"

#define ADD_LEFT_SHIFT 20

enum { INPUT, INPUT2, OUTPUT };

typedef struct {
    uint16_t dim[TG_MAX_DIMS]; /* of the values that are run through */
    /* What a step along a dimension adds to a place, the return from the end of the next one included. */
    int32_t step[3][TG_MAX_DIMS];
    uint32_t first;            /* of PAD: place of the first value in the output */
    uint32_t size;             /* and the output's size, to be filled before; otherwise 0 */
    tg_multiplier multiplier1; /* of ADD and SUB */
    tg_multiplier multiplier2;
    tg_multiplier multiplier;
    int16_t offset1;
    int16_t offset2;
    int8_t zero_point;
    int8_t low;
    int8_t high;
    uint8_t opcode;
} elementwise;

static bool is_sum(const elementwise *e) {
    return e->opcode == OP_ADD || e->opcode == OP_SUB;
}

static int32_t scaled(int32_t value, tg_multiplier multiplier) {
    return tg_rescale(value * (1 << ADD_LEFT_SHIFT), multiplier);
}

static int32_t value_of(const elementwise *e, const int8_t *a, const int8_t *b) {
    if (e->size != 0) {
        return *a;
    }
    int32_t value = *a + e->offset1;
    if (e->opcode == OP_MUL) {
        value *= *b + e->offset2;
    } else if (is_sum(e)) {
        int32_t other = scaled(*b + e->offset2, e->multiplier2);
        value = scaled(value, e->multiplier1) + (e->opcode == OP_SUB ? -other : other);
    }
    value = tg_wrap_add(tg_rescale(value, e->multiplier), e->zero_point);
    return tg_clamp(value, e->low, e->high);
}

static void run(const tg_run *run) {
    const elementwise *e = run->params;
    const int8_t *a = run->input;
    const int8_t *b = run->input2;
    int8_t *output = run->output;
    memset(output, e->zero_point, e->size);
    output += e->first;
    uint16_t left[TG_MAX_DIMS];
    memcpy(left, e->dim, sizeof left);
    unsigned i;
    do {
        *output = (int8_t)value_of(e, a, b);
        for (i = TG_MAX_DIMS; i-- > 0;) {
            a += e->step[INPUT][i];
            b += e->step[INPUT2][i];
            output += e->step[OUTPUT][i];
            if (--left[i] != 0) {
                break;
            }
            left[i] = e->dim[i];
        }
    } while (i < TG_MAX_DIMS);
}

/* Sets the steps through the inputs, of which b may be NULL, and the output with the values of `inner` run
 * through: none along dimensions of size 1. Returns whether the others are as long. */
static bool set(elementwise *e, const tg_prepare *p, const tg_view *inner, const tg_view *b) {
    const tg_view *const views[] = {p->input, b, &p->output};
    bool same = true;
    e->opcode = p->opcode;
    e->first = e->size = 0;
    memcpy(e->dim, inner->dim, sizeof e->dim);
    for (unsigned k = 0; k < 3; k++) {
        int32_t stride = 1;
        int32_t back = 0;
        for (unsigned i = TG_MAX_DIMS; i-- > 0;) {
            const int32_t dim = views[k] == NULL ? 1 : views[k]->dim[i];
            const int32_t forward = dim == 1 ? 0 : stride;
            same = same && (forward == 0 || dim == e->dim[i]);
            e->step[k][i] = forward - back;
            back = forward * e->dim[i];
            stride *= dim;
        }
    }
    return same;
}

/* Sets the multipliers; scale2 may be 1. In a sum both inputs are brought to twice the larger scale first. */
static bool set_multipliers(elementwise *e, uint32_t scale1, uint32_t scale2, uint32_t scale) {
    if (is_sum(e)) {
        uint32_t larger = scale1 > scale2 ? scale1 : scale2; /* positive floats order like their bits */
        if (!tg_multiplier_make(&e->multiplier1, scale1, TG_SCALE_POWER(-1), larger) ||
            !tg_multiplier_make(&e->multiplier2, scale2, TG_SCALE_POWER(-1), larger)) {
            return false;
        }
        scale1 = larger;
        scale2 = TG_SCALE_POWER(1 - ADD_LEFT_SHIFT);
    }
    return tg_multiplier_make(&e->multiplier, scale1, scale2, scale) &&
           (!is_sum(e) || e->multiplier.shift <= 0); /* the reference takes factors below 1 only */
}

static int prepare(tg_prepare *p, void *params) {
    elementwise *e = params;
    const tg_view *a = &p->input[0];
    const tg_view *b = p->input[1].has != 0 ? &p->input[1] : NULL;
    const tg_view *output = p->opcode == OP_RELU6 ? a : &p->output; /* the reference only clamps its input */
    if (!set(e, p, &p->output, b)) {
        return TG_ERR_SHAPE;
    }
    e->offset1 = (int16_t)-a->zero_point;
    e->offset2 = (int16_t)(b != NULL ? -b->zero_point : 0);
    e->zero_point = output->zero_point;
    if (!set_multipliers(e, tg_scale_of(a), b != NULL ? tg_scale_of(b) : TG_SCALE_ONE, tg_scale_of(output))) {
        return TG_ERR_QUANTIZATION;
    }
    e->low = p->low;
    e->high = p->high;
    return b != NULL ? 0
                     : tg_activation_range(p->opcode == OP_RELU ? ACTIVATION_RELU : ACTIVATION_RELU6, output,
                                           &e->low, &e->high);
}

static int prepare_pad(tg_prepare *p, void *params) {
    elementwise *e = params;
    const tg_view *input = &p->input[0];
    const tg_view *paddings = &p->input[1];
    const tg_view *value = &p->input[2];
    if (paddings->size != 2U * input->dims || p->output.dims != input->dims) {
        return TG_ERR_SHAPE;
    }
    set(e, p, input, NULL);
    e->size = p->output.size;
    e->zero_point = p->output.zero_point;
    uint32_t stride = 1;
    for (uint32_t i = input->dims; i-- > 0;) {
        const uint32_t dim = p->output.dim[TG_MAX_DIMS - input->dims + i];
        const uint32_t before = tg_load32(paddings->data + 8U * i);
        const uint32_t after = tg_load32(paddings->data + 8U * i + 4U);
        if ((before | after) > UINT16_MAX ||
            before + input->dim[TG_MAX_DIMS - input->dims + i] + after != dim) {
            return TG_ERR_SHAPE;
        }
        e->first += before * stride;
        stride *= dim;
    }
    if (value->has != 0) {
        if (value->size != 1) {
            return TG_ERR_TYPE;
        }
        e->zero_point = (int8_t)*value->data;
    }
    return 0;
}

/* From a value to the next one along a dimension. */
static TG_NOINLINE int32_t stride_of(const elementwise *e, unsigned of, unsigned dim) {
    int32_t stride = 0;
    for (unsigned i = TG_MAX_DIMS; i-- > dim;) {
        stride = e->step[of][i] + (i < DIM_C ? stride * e->dim[i + 1U] : 0);
    }
    return stride;
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    elementwise *e = params;
    unsigned time = 0;
    while (time < DIM_C && e->dim[time] == 1) {
        time++;
    }
    if (e->dim[time] % hop->columns != 0) {
        return TG_STREAM_LAYOUT;
    }
    /* What is the same at all times must be constant, and the other way round. */
    if (tg_is_constant(hop->node->input) != (stride_of(e, INPUT, time) == 0) ||
        tg_is_constant(hop->node->input2) != (stride_of(e, INPUT2, time) == 0)) {
        return TG_STREAM_OPERATOR;
    }
    const uint32_t stride = (uint32_t)stride_of(e, OUTPUT, time);
    const uint32_t fresh = e->dim[time] / hop->columns * hop->fresh;
    if (e->size != 0) {
        if (e->size != stride * e->dim[time]) {
            return TG_STREAM_PADDING;
        }
        e->size = stride * fresh;
    }
    e->dim[time] = (uint16_t)fresh;
    return TG_STREAM_YES;
}

static const uint8_t OPTIONS[] = {TG_BYTE(BINARY_ACTIVATION), TG_END};

#define PAIR(name, code)                                                                                     \
    TG_OP(name, stream, .opcode = (code), .needs = {TG_ACTIVATION, TG_ACTIVATION}, .checks = TG_FUSED,       \
          .params = sizeof(elementwise), .options = OPTIONS, .prepare = prepare, .run = run)

PAIR(add, OP_ADD);
PAIR(sub, OP_SUB);
PAIR(mul, OP_MUL);

#define RELU(name, code)                                                                                     \
    TG_OP(name, stream, .opcode = (code), .needs = {TG_ACTIVATION}, .checks = TG_SAME_SIZE,                  \
          .params = sizeof(elementwise), .options = OPTIONS + 1, .prepare = prepare, .run = run)

RELU(relu, OP_RELU);
RELU(relu6, OP_RELU6);

#define PAD(name, code)                                                                                      \
    TG_OP(name, stream, .opcode = (code),                                                                    \
          .needs = {TG_ACTIVATION, TG_INT32 | TG_CONSTANT, TG_ACTIVATION | TG_CONSTANT | TG_OPTIONAL},       \
          .checks = TG_SAME_QUANTIZATION, .params = sizeof(elementwise), .options = OPTIONS + 1,             \
          .prepare = prepare_pad, .run = run)

PAD(pad, OP_PAD);
PAD(padv2, OP_PADV2);
