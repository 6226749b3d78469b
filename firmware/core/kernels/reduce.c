/* MEAN and REDUCE_MAX over neighbouring dimensions: the input is [outer, reduced, inner].
 *
 * A mean over a window's time that moves by hops keeps running sums.
 */
#include "../tg_op.h"
#include "tg_running.h"

typedef struct {
    uint32_t outer;
    uint32_t reduced;
    uint32_t inner;
    tg_multiplier multiplier; /* of MEAN, 1 / reduced included */
    int32_t input_zero;       /* of MEAN: zero point x reduced */
    int32_t output_zero;
    tg_running running; /* of a running MEAN; otherwise without slots */
} reduce;

static int8_t mean_of(const reduce *r, int32_t sum) {
    return tg_saturate(tg_wrap_add(tg_rescale(sum - r->input_zero, r->multiplier), r->output_zero));
}

/* Means of sums. */
static void scale(const reduce *r, const int32_t *sums, uint32_t count, int8_t *output) {
    const int32_t right = -r->multiplier.shift;
    if (right >= 1 && right <= 23) { /* mean_of(): half a step and the zero point before the one shift */
        const int32_t mantissa = r->multiplier.mantissa;
        const int32_t input_zero = r->input_zero;
        const int32_t constant = (2 * r->output_zero + 1) * (1 << (right - 1));
        for (; count > 0; count--) {
            int32_t value = tg_high_mul_small(*sums++ - input_zero, mantissa); /* of less than 2^21 values */
            *output++ = tg_saturate((value + (value >> 31) + constant) >> right);
        }
    }
    for (; count > 0; count--) {
        *output++ = mean_of(r, *sums++);
    }
}

#define AT_ONCE 16U

/* Sums of some neighbouring values, at most AT_ONCE, over the rows of `input`. */
static void sum_up(const reduce *r, const int8_t *input, uint32_t count, int32_t *sums) {
    uint32_t i = 0;
    for (; i + 4U <= count; i += 4U) {
        tg_sum_four(input + i, r->reduced, r->inner, sums + i);
    }
    for (; i < count; i++) {
        sums[i] = 0;
        for (uint32_t row = 0; row < r->reduced; row++) {
            sums[i] += input[(size_t)row * r->inner + i];
        }
    }
}

static int32_t maximum(const reduce *r, const int8_t *input) {
    int32_t max = INT8_MIN;
    for (uint32_t left = r->reduced; left > 0; left--, input += r->inner) {
        max = *input > max ? *input : max;
    }
    return max;
}

static void run_mean(const tg_run *run) {
    const reduce *r = run->params;
    int8_t *output = run->output;
    const int8_t *input = run->input;
    for (uint32_t outer = r->outer; outer > 0; outer--, input += (size_t)r->reduced * r->inner) {
        uint32_t now;
        for (uint32_t i = 0; i < r->inner; i += now, output += now) {
            int32_t sums[AT_ONCE];
            now = r->inner - i < AT_ONCE ? r->inner - i : AT_ONCE;
            sum_up(r, input + i, now, sums);
            scale(r, sums, now, output);
        }
    }
}

static void run_mean_by_hops(const tg_run *run) {
    const reduce *r = run->params;
    if (r->running.slots != 0) {
        scale(r, tg_running_add(&r->running, run->scratch, run->input), r->inner, run->output);
    } else {
        run_mean(run);
    }
}

static void run_max(const tg_run *run) {
    const reduce *r = run->params;
    int8_t *output = run->output;
    for (uint32_t outer = 0; outer < r->outer; outer++) {
        const int8_t *input = run->input + (size_t)outer * r->reduced * r->inner;
        for (uint32_t inner = 0; inner < r->inner; inner++) {
            *output++ = (int8_t)maximum(r, input + inner);
        }
    }
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

/* Marks the reduced dimensions (of four) in a bit set. Returns 0 or TG_ERR_SHAPE. */
static int read_axes(const tg_prepare *p, unsigned *axes) {
    const tg_view *view = &p->input[1];
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

static int prepare(tg_prepare *p, void *params) {
    reduce *r = params;
    const tg_view *input = &p->input[0];
    unsigned axes = 0;
    int err = read_axes(p, &axes);
    if (err != 0) {
        return err;
    }
    r->outer = r->reduced = r->inner = 1;
    r->running.slots = 0;
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
    p->steps = r->reduced;
    return p->output.size == r->outer * r->inner ? 0 : TG_ERR_SHAPE;
}

static int prepare_mean(tg_prepare *p, void *params) {
    int err = prepare(p, params);
    return err != 0 ? err : mean_multiplier(params, p);
}

/* Over other dimensions than time. */
static tg_stream_reason stream(void *params, tg_hop *hop) {
    reduce *r = params;
    if (r->outer % hop->columns != 0) {
        return TG_STREAM_ENDS;
    }
    r->outer = r->outer / hop->columns * hop->fresh;
    return TG_STREAM_YES;
}

static tg_stream_reason stream_mean(void *params, tg_hop *hop) {
    reduce *r = params;
    uint32_t fresh = hop->fresh * hop->size / r->inner; /* values of a hop */
    if (r->outer != 1U || r->reduced % hop->columns != 0 || hop->fresh >= hop->columns ||
        fresh > TG_RUNNING_MOST) {
        return stream(params, hop);
    }
    uint32_t rest = r->reduced % fresh;
    r->running = (tg_running){
        .sums = (uint16_t)r->inner,
        .ended = (uint16_t)(fresh - rest),
        .rest = (uint16_t)rest,
        .slots = (uint16_t)(r->reduced / fresh),
    };
    uint32_t size = tg_running_size(&r->running);
    uint32_t kept = (hop->columns - hop->fresh) * hop->size;
    if (size > kept + kept / 4U) { /* rather all the values, and their mean anew */
        r->running.slots = 0;
        return TG_STREAM_ENDS;
    }
    hop->scratch = size;
    hop->state = true;
    hop->columns = 0;
    return TG_STREAM_YES;
}

static const uint8_t OPTIONS[] = {TG_END};

#define REDUCE(code, what)                                                                                   \
    .opcode = (code), .needs = {TG_ACTIVATION, TG_INT32 | TG_CONSTANT}, .params = sizeof(reduce),            \
    .options = OPTIONS, .prepare = (what)

const tg_op tg_op_mean = {REDUCE(OP_MEAN, prepare_mean), .run = run_mean};
const tg_op tg_hop_mean = {REDUCE(OP_MEAN, prepare_mean), .run = run_mean_by_hops, .stream = stream_mean};
TG_OP(reduce_max, stream, REDUCE(OP_REDUCE_MAX, prepare), .checks = TG_SAME_QUANTIZATION, .run = run_max);
