/* SOFTMAX along the last dimension, int8 to int8 of scale 1/256 and zero point -128.
 *
 * The exponential and the reciprocal follow the fixed-point algorithms of gemmlowp that the reference uses: a
 * value of "Qi.f" has i integer and f fractional bits, i + f = 31.
 */
#include "../tg_op.h"

#define SCALE_1_256 0x3B800000U /* bits of 1/256 */
#define MAX_DEPTH   511U        /* of Q12.19 values of at most 1: the last shift of a row stays below 32 */

typedef struct {
    uint32_t rows;
    uint32_t depth;
    tg_multiplier multiplier; /* beta x input scale, to Q5.26 */
    int32_t least;            /* smallest difference to the maximum that is not taken as exp = 0 */
} softmax;

/* exp(a) for a in [-1/4, 0), Q0.31: a Taylor polynomial around -1/8. */
static int32_t exp_quarter(int32_t a) {
    static const int32_t EXP_MINUS_EIGHTH = 1895147668;
    static const int32_t THIRD = 715827883;
    int32_t x = a + (1 << 28);
    int32_t x2 = tg_high_square(x);
    int32_t x3 = tg_high_mul_small(x, x2);
    int32_t x4 = tg_high_square(x2);
    /* |x| is at most 1/8: x2 outweighs the rest. */
    int32_t tail =
        tg_round_shift_positive(tg_high_mul_small(tg_round_shift_positive(x4, 2) + x3, THIRD) + x2, 1);
    return EXP_MINUS_EIGHTH + tg_high_mul_small(x + tail, EXP_MINUS_EIGHTH);
}

/* exp(a) for a <= 0 in Q5.26; the result in Q0.31. */
static int32_t exp_negative(int32_t a) {
    /* exp(-2^k) in Q0.31 for k = -2 .. 4, twice. */
    static const uint32_t FACTORS[] = {3344923894, 2605029348, 1580030168, 581260616, 78665070, 1440802, 484};
    static const int32_t QUARTER = 1 << 24;
    if (a == 0) {
        return INT32_MAX;
    }
    int32_t rest = (a & (QUARTER - 1)) - QUARTER; /* [-1/4, 0) */
    int32_t result = exp_quarter(rest * 32);
    uint32_t quarters = (uint32_t)(rest - a) >> 24;
    const uint32_t *factor = FACTORS;
    do {
        if ((quarters & 1U) != 0) {
            result = tg_high_mul_half(result, *factor);
        }
        factor++;
        quarters >>= 1;
    } while (quarters != 0);
    return result;
}

/* 1 / (2 half) for a half in [1/2, 1) in Q0.31, to Q0.31: three steps of Newton's method in Q2.29. */
static int32_t reciprocal(int32_t half) {
    static const int32_t C48_17 = 1515870810;
    static const int32_t C32_17 = -1010580540;
    int32_t x = C48_17 + tg_high_mul_large(C32_17, half);
    for (int i = 0; i < 3; i++) {
        int32_t error = (1 << 29) - tg_high_mul_large(x, half);
        x += tg_high_mul_small(error, x) * 4;
    }
    return x > INT32_MAX / 2 ? INT32_MAX : x * 2;
}

/* exps: room for a row. */
static void run_row(const softmax *s, const int8_t *input, int8_t *output, int32_t *exps) {
    const tg_multiplier m = s->multiplier;
    const int32_t least = s->least;
    int32_t max = INT8_MIN;
    uint32_t i = s->depth;
    do {
        i--;
        max = input[i] > max ? input[i] : max;
    } while (i > 0);
    uint32_t sum = 0; /* Q12.19: at least 1.0 of the maximum itself */
    do {
        int32_t difference = input[i] - max;
        int32_t value = 0;
        if (difference >= least) {
            value = exp_negative(tg_high_mul_large(tg_wrap_shift(difference, m.shift), m.mantissa));
        }
        exps[i] = value;
        sum += (uint32_t)tg_round_shift_positive(value, 12);
    } while (++i < s->depth);
    const int32_t zeros = tg_leading_zeros(sum, 12);
    const int32_t scale = reciprocal((int32_t)(sum << zeros >> 1));
    const int32_t right = 12 - zeros + 31 - 8;
    do {
        i--;
        int32_t value = tg_high_mul_positive(exps[i], scale);
        output[i] = tg_saturate(tg_round_shift_positive(value, right) + INT8_MIN);
    } while (i > 0);
}

static void run(const tg_run *run) {
    const softmax *s = run->params;
    const int8_t *input = run->input;
    int8_t *output = run->output;
    for (uint32_t left = s->rows; left > 0; left--, input += s->depth, output += s->depth) {
        run_row(s, input, output, run->scratch);
    }
}

static int prepare(tg_prepare *p, void *params) {
    softmax *s = params;
    const tg_view *input = &p->input[0];
    if (tg_scale_of(&p->output) != SCALE_1_256 || p->output.zero_point != INT8_MIN) {
        return TG_ERR_QUANTIZATION;
    }
    s->depth = input->dim[DIM_C];
    s->rows = input->size / s->depth;
    if (p->output.dim[DIM_C] != s->depth) {
        return TG_ERR_SHAPE;
    }
    uint32_t beta = p->option[0];
    if (!tg_scale_valid(beta)) {
        return TG_ERR_OPTION;
    }
    if (s->depth > MAX_DEPTH) {
        return TG_ERR_TOO_BIG;
    }
    p->scratch_size = s->depth * (uint32_t)sizeof(int32_t);
    s->least = 0;
    if (tg_multiplier_make(&s->multiplier, beta, tg_scale_of(input), TG_SCALE_POWER(-26))) {
        if (s->multiplier.shift < 1) {
            return TG_ERR_QUANTIZATION; /* a scale so small that the reference gives up */
        }
        s->least = -((31 << 26) >> s->multiplier.shift);
    } else {
        s->multiplier =
            (tg_multiplier){0}; /* one step of such a scale takes exp() to 0: only the maximum counts */
    }
    return 0;
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    softmax *s = params;
    if (hop->size % s->depth != 0) {
        return TG_STREAM_ENDS;
    }
    s->rows = hop->fresh * hop->size / s->depth;
    hop->scratch = s->depth * (uint32_t)sizeof(int32_t);
    return TG_STREAM_YES;
}

static const uint8_t OPTIONS[] = {TG_WORD(SOFTMAX_BETA), TG_END};

TG_OP(softmax, stream, .opcode = OP_SOFTMAX, .needs = {TG_ACTIVATION}, .checks = TG_SAME_SIZE,
      .params = sizeof(softmax), .options = OPTIONS, .prepare = prepare, .run = run);
