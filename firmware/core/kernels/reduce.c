/* MEAN and REDUCE_MAX over neighbouring dimensions: the input is [outer, reduced, inner].
 *
 * A mean over a window's time that moves by hops keeps running sums.
 */
#include "../tg_op.h"
#include "tg_rows.h"
#include "tg_running.h"

enum { OUTER, REDUCED, INNER };

typedef struct {
    uint32_t size[3];
    tg_multiplier multiplier; /* of MEAN, 1 / reduced included */
    int32_t input_zero;       /* of MEAN: zero point x reduced */
    int32_t output_zero;
    tg_running running; /* of a running MEAN; otherwise without slots */
} reduce;

static uint32_t sums_size(const reduce *r) {
    return r->size[INNER] * (uint32_t)sizeof(int32_t);
}

/* Means of sums. */
static void scale(const reduce *r, const int32_t *sums, int8_t *output) {
    const int32_t mantissa = r->multiplier.mantissa;
    const int32_t right = -r->multiplier.shift;
    const int32_t input_zero = r->input_zero;
    const int8_t *end = output + r->size[INNER];
    if (right >= 1 && right <= 23) { /* half a step and the zero point before the one shift */
        const int32_t constant = (2 * r->output_zero + 1) * (1 << (right - 1));
        do {
            int32_t sum = *sums++ - input_zero; /* of less than 2^21 values */
            *output++ = tg_saturate(tg_high_mul_small_add(sum, mantissa, constant + (sum >> 31)) >> right);
        } while (output != end);
        return;
    }
    do {
        int32_t value = tg_rescale_by(*sums++ - input_zero, mantissa, -right);
        *output++ = tg_saturate(tg_wrap_add(value, r->output_zero));
    } while (output != end);
}

static void run_mean(const tg_run *run) {
    const reduce *r = run->params;
    const int8_t *input = run->input;
    int8_t *output = run->output;
    for (uint32_t left = r->size[OUTER]; left > 0; left--) {
        tg_rows_sum(input, r->size[REDUCED], r->size[INNER], run->scratch);
        scale(r, run->scratch, output);
        input += r->size[REDUCED] * r->size[INNER];
        output += r->size[INNER];
    }
}

static void run_mean_by_hops(const tg_run *run) {
    const reduce *r = run->params;
    if (r->running.slots != 0) {
        scale(r, tg_running_add(&r->running, run->scratch, run->input), run->output);
    } else {
        run_mean(run);
    }
}

static void run_max(const tg_run *run) {
    const reduce *r = run->params;
    const int8_t *input = run->input;
    int8_t *output = run->output;
    for (uint32_t left = r->size[OUTER]; left > 0; left--) {
        memset(output, INT8_MIN, r->size[INNER]);
        tg_rows_raise(input, r->size[REDUCED], r->size[INNER], output);
        input += r->size[REDUCED] * r->size[INNER];
        output += r->size[INNER];
    }
}

static int prepare(tg_prepare *p, void *params) {
    reduce *r = params;
    const tg_view *view = &p->input[1];
    const uint32_t dims = p->input[0].dims;
    uint32_t axes = 0; /* the reduced dimensions, of four */
    for (uint32_t i = 0; i < view->size; i++) {
        uint32_t axis = tg_load32(view->data + 4U * i);
        axis += (int32_t)axis < 0 ? dims : 0;
        if (axis >= dims) {
            return TG_ERR_SHAPE;
        }
        axes |= 1U << (axis + TG_MAX_DIMS - dims);
    }
    r->size[OUTER] = r->size[REDUCED] = r->size[INNER] = 1;
    unsigned part = OUTER;
    for (const uint16_t *dim = p->input[0].dim; dim < p->input[0].dim + TG_MAX_DIMS; dim++, axes >>= 1) {
        if (*dim == 1) {
            continue;
        }
        part += (part ^ axes) & 1U;
        if (part > INNER) {
            return TG_ERR_OPTION; /* a kept dimension between reduced ones */
        }
        r->size[part] *= *dim;
    }
    r->running.slots = 0;
    p->steps = r->size[REDUCED];
    return p->output.size == r->size[OUTER] * r->size[INNER] ? 0 : TG_ERR_SHAPE;
}

/* The multiplier of a mean: input scale / output scale / count, divided as the reference divides. */
static int prepare_mean(tg_prepare *p, void *params) {
    reduce *r = params;
    int err = prepare(p, params);
    if (err != 0) {
        return err;
    }
    tg_multiplier m;
    if (!tg_multiplier_make(&m, tg_scale_of(&p->input[0]), TG_SCALE_ONE, tg_scale_of(&p->output))) {
        return TG_ERR_QUANTIZATION;
    }
    /* mantissa x 2^shift / reduced, bit by bit; a reduced is below 2^21. */
    uint32_t quotient = (uint32_t)m.mantissa / r->size[REDUCED];
    uint32_t rest = (uint32_t)m.mantissa % r->size[REDUCED];
    for (uint32_t high = r->size[REDUCED] >> 1; high != 0 && m.shift > -31; high >>= 1, m.shift--) {
        rest <<= 1;
        quotient <<= 1;
        if (rest >= r->size[REDUCED]) {
            rest -= r->size[REDUCED];
            quotient++;
        }
    }
    r->multiplier = (tg_multiplier){(int32_t)quotient, m.shift};
    r->input_zero = p->input[0].zero_point * (int32_t)r->size[REDUCED];
    r->output_zero = p->output.zero_point;
    p->scratch_size = sums_size(r);
    return 0;
}

/* Over other dimensions than time. */
static tg_stream_reason stream(void *params, tg_hop *hop) {
    reduce *r = params;
    if (r->size[OUTER] % hop->columns != 0) {
        return TG_STREAM_ENDS;
    }
    r->size[OUTER] = r->size[OUTER] / hop->columns * hop->fresh;
    return TG_STREAM_YES;
}

static tg_stream_reason stream_mean(void *params, tg_hop *hop) {
    reduce *r = params;
    const uint32_t fresh = hop->fresh * hop->size / r->size[INNER]; /* values of a hop */
    hop->scratch = sums_size(r);
    if (r->size[OUTER] != 1U || r->size[REDUCED] % hop->columns != 0 || hop->fresh >= hop->columns ||
        fresh > TG_RUNNING_MOST || r->size[INNER] > UINT16_MAX || hop->columns == UINT16_MAX) {
        return stream(params, hop);
    }
    const uint32_t rest = r->size[REDUCED] % fresh;
    const uint32_t whole = r->size[REDUCED] / fresh;
    r->running = (tg_running){
        .sums = (uint16_t)r->size[INNER],
        .ended = (uint16_t)(fresh - rest),
        .rest = (uint16_t)rest,
        .slots = (uint16_t)(fresh == 1U ? whole : whole + 1U),
    };
    hop->scratch = tg_running_size(&r->running);
    uint32_t kept = (hop->columns - hop->fresh) * hop->size;
    if (hop->scratch > kept + kept / 4U) { /* rather all the values, and their mean anew */
        r->running.slots = 0;
        return TG_STREAM_ENDS;
    }
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
