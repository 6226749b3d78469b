/* MEAN and REDUCE_MAX over neighbouring dimensions: the input is [outer, reduced, inner].
 *
 * A mean over a window's time keeps running sums: what a hop brings is added, and what leaves is taken off.
 * So that not every value has to be remembered, a block of as many values as a hop brings is kept as one sum.
 * A window is whole blocks from its first value on, and what is left over: a hop's values are the end of a
 * block, of which the hop before brought the start, and the start of the next.
 */
#include "../tg_op.h"

typedef struct {
    uint32_t outer;
    uint32_t reduced;
    uint32_t inner;
    tg_multiplier multiplier; /* of MEAN, 1 / reduced included */
    int32_t input_zero;       /* of MEAN: zero point x reduced */
    int32_t output_zero;
    uint16_t fresh; /* of a running MEAN: values of a hop; otherwise 0 */
    uint16_t rest;  /* of them the start of a block */
    uint16_t slots; /* whole blocks of a window */
} reduce;

/* Of a running mean; for every mean, behind it: int32 sum of the window, int16 sum of the started block, and
 * int16 or, of one value, int8 for every slot. */
typedef struct {
    uint32_t slot; /* of the oldest block */
} running;

static int32_t sum_of(const int8_t *input, uint32_t count, uint32_t step) {
    int32_t sum = 0;
    for (; count > 0; count--, input += step) {
        sum += *input;
    }
    return sum;
}

static int32_t mean_of(const reduce *r, int32_t sum) {
    int32_t value = tg_wrap_add(tg_rescale(sum - r->input_zero, r->multiplier), r->output_zero);
    return tg_clamp(value, INT8_MIN, INT8_MAX);
}

static int32_t mean(const reduce *r, const int8_t *input) {
    return mean_of(r, sum_of(input, r->reduced, r->inner));
}

/* Puts a block's sum into a slot and returns what was there. */
static int32_t exchange(const reduce *r, void *ring, uint32_t at, int32_t sum) {
    int32_t before;
    if (r->fresh == 1U) {
        int8_t *place = (int8_t *)ring + at;
        before = *place;
        *place = (int8_t)sum;
    } else {
        int16_t *place = (int16_t *)ring + at;
        before = *place;
        *place = (int16_t)sum;
    }
    return before;
}

static void run_running(const reduce *r, const int8_t *input, running *state, int8_t *output) {
    int32_t *sums = (int32_t *)(void *)(state + 1);
    int16_t *started = (int16_t *)(void *)(sums + r->inner);
    uint32_t ended = (uint32_t)r->fresh - r->rest;
    uint32_t at = state->slot * r->inner;
    for (uint32_t i = 0; i < r->inner; i++) {
        int32_t end = sum_of(input + i, ended, r->inner);
        int32_t start = sum_of(input + i + ended * r->inner, r->rest, r->inner);
        int32_t block = started[i] + end;
        started[i] = (int16_t)start;
        sums[i] += end + start - exchange(r, started + r->inner, at + i, block);
        output[i] = (int8_t)mean_of(r, sums[i]);
    }
    state->slot = state->slot + 1U == r->slots ? 0 : state->slot + 1U;
}

static int32_t maximum(const reduce *r, const int8_t *input) {
    int32_t max = INT8_MIN;
    for (uint32_t i = 0; i < r->reduced; i++) {
        max = input[(size_t)i * r->inner] > max ? input[(size_t)i * r->inner] : max;
    }
    return max;
}

static void run_all(const tg_run *run, int32_t (*one)(const reduce *, const int8_t *)) {
    const reduce *r = run->params;
    int8_t *output = run->output;
    for (uint32_t outer = 0; outer < r->outer; outer++) {
        const int8_t *input = run->input + (size_t)outer * r->reduced * r->inner;
        for (uint32_t inner = 0; inner < r->inner; inner++) {
            *output++ = (int8_t)one(r, input + inner);
        }
    }
}

static void run_mean(const tg_run *run) {
    const reduce *r = run->params;
    if (r->fresh != 0) {
        run_running(r, run->input, run->scratch, run->output);
    } else {
        run_all(run, mean);
    }
}

static void run_max(const tg_run *run) {
    run_all(run, maximum);
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
    if (view->type != TYPE_INT32 || view->data == NULL) {
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

static int prepare(tg_prepare *p, void *params) {
    reduce *r = params;
    const tg_view *input = &p->input[0];
    unsigned axes = 0;
    int err = read_axes(p, &axes);
    if (err != 0) {
        return err;
    }
    r->outer = r->reduced = r->inner = 1;
    r->fresh = 0;
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
        fresh > UINT8_MAX) { /* sums of a block fit int16 */
        return stream(params, hop);
    }
    r->fresh = (uint16_t)fresh;
    r->rest = (uint16_t)(r->reduced % fresh);
    r->slots = (uint16_t)(r->reduced / fresh);
    uint32_t each = (uint32_t)(sizeof(int32_t) + sizeof(int16_t)) +
                    r->slots * (uint32_t)(fresh == 1U ? sizeof(int8_t) : sizeof(int16_t));
    hop->scratch = (uint32_t)sizeof(running) + r->inner * each;
    hop->state = true;
    hop->columns = 0;
    return TG_STREAM_YES;
}

static const uint8_t OPTIONS[] = {TG_END};

const tg_op tg_op_mean = {
    .opcode = OP_MEAN,
    .least_inputs = 2,
    .most_inputs = 2,
    .params = sizeof(reduce),
    .options = OPTIONS,
    .prepare = prepare_mean,
    .run = run_mean,
    .stream = stream_mean,
};
const tg_op tg_op_reduce_max = {
    .opcode = OP_REDUCE_MAX,
    .least_inputs = 2,
    .most_inputs = 2,
    .checks = TG_SAME_QUANTIZATION,
    .params = sizeof(reduce),
    .options = OPTIONS,
    .prepare = prepare,
    .run = run_max,
    .stream = stream,
};
