/* MEAN and REDUCE_MAX over neighbouring dimensions: the input is [outer, reduced, inner]. */
#include "../tg_op.h"

typedef struct {
    uint32_t outer;
    uint32_t reduced;
    uint32_t inner;
    tg_multiplier multiplier; /* of MEAN, 1 / reduced included */
    int32_t input_zero;       /* of MEAN: zero point x reduced */
    int32_t output_zero;
} reduce;

static int32_t mean(const reduce *r, const int8_t *input) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < r->reduced; i++) {
        sum += input[(size_t)i * r->inner];
    }
    int32_t value = tg_wrap_add(tg_rescale(sum - r->input_zero, r->multiplier), r->output_zero);
    return tg_clamp(value, INT8_MIN, INT8_MAX);
}

static int32_t maximum(const reduce *r, const int8_t *input) {
    int32_t max = INT8_MIN;
    for (uint32_t i = 0; i < r->reduced; i++) {
        max = input[(size_t)i * r->inner] > max ? input[(size_t)i * r->inner] : max;
    }
    return max;
}

static void run(const tg_model *model, const struct tg_node *node,
                int32_t (*one)(const reduce *, const int8_t *)) {
    const reduce *r = tg_at(model, node->params);
    const int8_t *inputs = tg_at(model, node->input);
    int8_t *output = tg_at(model, node->output);
    for (uint32_t outer = 0; outer < r->outer; outer++) {
        const int8_t *input = inputs + (size_t)outer * r->reduced * r->inner;
        for (uint32_t inner = 0; inner < r->inner; inner++) {
            *output++ = (int8_t)one(r, input + inner);
        }
    }
}

static void run_mean(const tg_model *model, const struct tg_node *node) {
    run(model, node, mean);
}

static void run_max(const tg_model *model, const struct tg_node *node) {
    run(model, node, maximum);
}

/* The multiplier of a mean: input scale / output scale / count, divided as the reference divides. */
static int mean_multiplier(reduce *r, const tg_prepare *p) {
    tg_multiplier m;
    if (!tg_multiplier_make(&m, tg_scale_of(&p->input[0]), TG_SCALE_ONE, tg_scale_of(&p->output), 0)) {
        return TG_ERR_QUANTIZATION;
    }
    int32_t shift = 31;
    while ((r->reduced >> shift) == 0) {
        shift--;
    }
    shift = shift > 31 + m.shift ? 31 + m.shift : shift;
    /* mantissa x 2^shift / reduced, bit by bit; a reduced is below 2^21. */
    uint32_t quotient = (uint32_t)m.mantissa / r->reduced;
    uint32_t rest = (uint32_t)m.mantissa % r->reduced;
    for (int32_t i = 0; i < shift; i++) {
        rest <<= 1;
        quotient <<= 1;
        if (rest >= r->reduced) {
            rest -= r->reduced;
            quotient++;
        }
    }
    r->multiplier.mantissa = (int32_t)quotient;
    r->multiplier.shift = m.shift - shift;
    r->input_zero = p->input[0].zero_point * (int32_t)r->reduced;
    r->output_zero = p->output.zero_point;
    return 0;
}

/* Marks the reduced dimensions (of four) in a bit set. Returns 0, TG_ERR_TYPE or TG_ERR_SHAPE. */
static int read_axes(const tg_prepare *p, unsigned *axes) {
    const tg_view *view = &p->input[1];
    if (p->input_count != 2 || view->type != TYPE_INT32 || view->data == NULL) {
        return TG_ERR_TYPE;
    }
    int32_t dims = p->input[0].dims;
    for (uint32_t i = 0; i < view->size; i++) {
        int32_t axis = (int32_t)tg_load32(view->data + 4U * i);
        axis += axis < 0 ? dims : 0;
        if (axis < 0 || axis >= dims) {
            return TG_ERR_SHAPE;
        }
        *axes |= 1U << (axis + (int32_t)TG_MAX_DIMS - dims);
    }
    return 0;
}

static int prepare(tg_prepare *p, struct tg_node *node, bool is_mean) {
    const tg_view *input = &p->input[0];
    unsigned axes = 0;
    int err = tg_check_int8(input);
    if (err == 0) {
        err = read_axes(p, &axes);
    }
    if (err != 0) {
        return err;
    }
    reduce *r = tg_alloc(p->arena, sizeof *r, &node->params);
    if (r == NULL) {
        return TG_ERR_ARENA;
    }
    r->outer = r->reduced = r->inner = 1;
    for (unsigned i = 0; i < TG_MAX_DIMS; i++) {
        uint32_t dim = input->dim[i];
        if (dim == 1) {
            continue;
        }
        if ((axes >> i & 1U) != 0) {
            if (r->inner != 1) {
                return TG_ERR_OPTION; /* a kept dimension between reduced ones */
            }
            r->reduced *= dim;
        } else if (r->reduced == 1) {
            r->outer *= dim;
        } else {
            r->inner *= dim;
        }
    }
    if (p->output.size != r->outer * r->inner) {
        return TG_ERR_SHAPE;
    }
    if (is_mean) {
        return mean_multiplier(r, p);
    }
    return tg_same_quantization(input, &p->output) ? 0 : TG_ERR_QUANTIZATION;
}

static int prepare_mean(tg_prepare *p, struct tg_node *node) {
    return prepare(p, node, true);
}

static int prepare_max(tg_prepare *p, struct tg_node *node) {
    return prepare(p, node, false);
}

const tg_op tg_op_mean = {OP_MEAN, prepare_mean, run_mean, NULL};
const tg_op tg_op_reduce_max = {OP_REDUCE_MAX, prepare_max, run_max, NULL};
