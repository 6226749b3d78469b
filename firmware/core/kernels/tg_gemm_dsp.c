/* The matrix product with the DSP extension: dual 16-bit multiply-accumulates, two output channels times
 * three patches at a time (tg_pair_dsp.h), or four channels times one patch.
 *
 * Patches and the two channels' weights are expanded to int16, the patches' zero point taken off, four values
 * a step: first the pairs of values 0 and 2 of each, then those of values 1 and 3, which is how SXTB16 takes
 * four bytes apart. The patches of a call are expanded once, and a pair of weight rows once for all of them.
 * Where the depth is no multiple of four, the first step starts early, at up to three values that the patches
 * have as zero: what lies in front of weights and of patches is a vector's length, or parameters.
 */
#include "tg_gemm.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"
#include "tg_few_dsp.h"
#include "tg_pair_dsp.h"

/* The functions in assembly take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define GROUP      TG_GEMM_GROUP
#define STEP       4U /* values of depth */
#define STEP_WORDS (GROUP * STEP / 2U)

/* Clears the first `back` values of a first step: its even values in `even`, its odd ones in `odd`. */
static void clear_first(uint32_t back, uint32_t *even, uint32_t *odd) {
    if (back > 0) {
        *even = back < 3U ? *even & 0xFFFF0000U : 0;
        *odd = back < 2U ? *odd : *odd & 0xFFFF0000U;
    }
}

uint32_t *tg_pair_line(const tg_gemm *g, uint32_t *lanes, const int8_t *line, uint32_t step, unsigned count,
                       unsigned together) {
    const uint32_t back = tg_pair_back(g->depth);
    const uint32_t base = tg_pair_of((int16_t)g->input_offset);
    const uint32_t to_second = count > 1U ? step : 0;
    const uint32_t to_third = count > 2U ? 2U * step : to_second;
    const uint32_t stride = together * STEP_WORDS * (uint32_t)sizeof *lanes;
    const int8_t *end = line + g->depth;
    for (;;) {
        uint32_t *next = tg_pair_lanes(lanes, end - g->depth - back, to_second, to_third, end, base, stride);
        for (unsigned k = 0; k < GROUP && back > 0; k++) {
            clear_first(back, &lanes[k], &lanes[GROUP + k]);
        }
        if (count <= GROUP) {
            return next - (together - 1U) * STEP_WORDS;
        }
        lanes = together > 1U ? lanes + STEP_WORDS : next;
        count -= GROUP;
        end += GROUP * step;
        if (count < GROUP) {
            end -= (GROUP - count) * step;
        }
    }
}

/* Expands all patches of a call; returns the end. */
static uint32_t *expand_all(const tg_gemm *g, const int8_t *input, unsigned outputs) {
    const tg_patches *patches = &g->patches;
    if (!tg_gemm_pooled(g)) {
        return tg_pair_line(g, g->scratch, input, patches->skip, outputs, 1);
    }
    uint32_t *lanes = g->scratch;
    for (; outputs > 0; outputs--, input += patches->skip) {
        const int8_t *line = input;
        for (unsigned runs = patches->runs; runs > 0; runs--, line += patches->run_step) {
            lanes = tg_pair_line(g, lanes, line, patches->step, patches->count, 1);
        }
    }
    return lanes;
}

/* One output of a pair of channels. */
static void store(const tg_gemm *g, const tg_pair *p, unsigned channel, int8_t *output, int32_t a,
                  int32_t b) {
    tg_factor factor = tg_factor_of(&g->factors, channel);
    output[0] = (int8_t)tg_requantize(g->factors.how, &factor, a);
    factor = tg_factor_of(&g->factors, channel + p->to_b);
    output[p->to_b] = (int8_t)tg_requantize(g->factors.how, &factor, b);
}

/* All outputs of a pair of channels, whatever their number and requantisation. */
static void run_any(const tg_gemm *g, tg_pair *p, unsigned channel, unsigned outputs) {
    bool pooled = tg_gemm_pooled(g);
    for (unsigned i = 0; i < outputs;) {
        unsigned count = 1;
        if (pooled) {
            tg_pair_max(p);
            p->sums[GROUP] = p->sums[1];
        } else {
            tg_pair_sums(p);
            count = outputs < GROUP ? outputs : GROUP;
            i = i + count > outputs ? outputs - count : i; /* the last group overlaps the one before */
        }
        for (unsigned k = 0; k < count; k++, i++) {
            store(g, p, channel, p->output + i * g->output_step, p->sums[k], p->sums[GROUP + k]);
        }
    }
}

static __attribute__((noinline)) void run_pairs(const tg_gemm *g, const int8_t *input, unsigned outputs,
                                                int8_t *output) {
    tg_pair p;
    const uint32_t *all = expand_all(g, input, outputs);
    const tg_factors *factors = &g->factors;
    uint32_t back = tg_pair_back(g->depth);
    bool pooled = tg_gemm_pooled(g);
    uint32_t rest = pooled ? 0 : outputs % GROUP;
    p.pair = g->pair;
    p.all = p.last = all;
    p.overlap = (GROUP - rest) * g->output_step;
    p.lanes_step = (uint32_t)(all - g->scratch) / (pooled ? outputs : (outputs + GROUP - 1U) / GROUP);
    if (rest != 0) {
        p.last -= p.lanes_step;
    }
    p.lanes_step *= (uint32_t)sizeof *all;
    p.output_step = g->output_step;
    p.relu = factors->how->kind == TG_REQUANT_RELU && (pooled || outputs >= GROUP);
    p.row_bytes = g->depth + back;
    p.to_b = g->channels > 1U ? 1U : 0; /* a single channel is paired with itself */
    p.row = p.to_b * g->depth;
    p.bias_step = p.to_b * factors->bias_step * (uint32_t)sizeof *p.bias;
    p.shift_step = p.to_b * factors->step;
    p.mantissa_step = p.shift_step * (uint32_t)sizeof *p.mantissa;
    p.weights = g->weights - back;
    p.bias = factors->bias;
    p.mantissa = factors->mantissa;
    p.shift = factors->shift;
    const uint32_t *last = p.last;
    for (unsigned channel = 0; channel < g->channels; channel += 2U) {
        if (channel + p.to_b == g->channels) { /* a last channel is paired with the one before */
            channel--;
            p.weights -= p.row;
            p.bias -= p.bias_step / sizeof *p.bias;
            p.mantissa -= p.shift_step;
            p.shift -= p.shift_step;
        }
        p.lanes = g->scratch;
        p.last = last;
        p.output = output + channel;
        tg_pair_set(&p);
        if (!p.relu) {
            run_any(g, &p, channel, outputs);
        } else if (pooled) {
            tg_pair_max(&p);
        } else {
            tg_pair_run(&p);
        }
    }
}

/* One patch and four channels, `row` weights apart. The function below knows this layout. */
typedef struct {
    int32_t sums[4];       /* 0 */
    const uint32_t *lanes; /* 16 */
    const int8_t *weights; /* 20 */
    uint32_t row;          /* 24 */
    uint32_t row_3;        /* 28 */
    const uint32_t *end;   /* 32: of the lanes */
} single;

_Static_assert(offsetof(single, lanes) == 16 && offsetof(single, row) == 24 && offsetof(single, end) == 32,
               "as the assembly below has it");

/* clang-format off */

#define ROW(sum)                                                                                             \
    "sxtb16 r3, r2\n"                                                                                        \
    "sxtb16 r2, r2, ror #8\n"                                                                                \
    "smlad " sum ", r3, r0, " sum "\n"                                                                       \
    "smlad " sum ", r2, r1, " sum "\n"

/* Adds the products to sums: 23 instructions for 16. */
static TG_NAKED void single_sums(single *s) {
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "ldm r0, {r4-r10, r12}\n"
        "ldr r11, [r0, #32]\n"
        "1:\n"
        "ldrd r0, r1, [r8], #8\n"
        "ldr r2, [r9, r10]\n" ROW("r5")
        "ldr r2, [r9, r10, lsl #1]\n" ROW("r6")
        "ldr r2, [r9, r12]\n" ROW("r7")
        "ldr r2, [r9], #4\n" ROW("r4")
        "cmp r8, r11\n"
        "bne 1b\n"
        "pop {r0}\n"
        "stm r0, {r4-r7}\n"
        "pop {r4-r11, pc}\n");
}

/* clang-format on */

static const uint32_t *expand_single(const tg_gemm *g, const int8_t *input) {
    uint32_t *lanes = g->scratch;
    uint32_t back = tg_pair_back(g->depth);
    uint32_t base = tg_pair_of((int16_t)g->input_offset);
    const int8_t *end = input + g->depth;
    for (input -= back; input != end; input += STEP, lanes += 2) {
        uint32_t bytes = tg_load4(input);
        lanes[0] = tg_even_plus(base, bytes);
        lanes[1] = tg_odd_plus(base, bytes);
    }
    clear_first(back, &g->scratch[0], &g->scratch[1]);
    return lanes;
}

/* One patch. The last four channels overlap those before; fewer than four are taken one by one. */
static __attribute__((noinline)) void run_single(const tg_gemm *g, const int8_t *input, int8_t *output) {
    const tg_factors *factors = &g->factors;
    const unsigned now = g->channels < 4U ? 1U : 4U;
    single s;
    s.lanes = g->scratch;
    s.row = now == 1U ? 0 : g->depth;
    s.row_3 = 3U * s.row;
    s.end = expand_single(g, input);
    const bool relu = factors->how->kind == TG_REQUANT_RELU;
    for (unsigned channel = 0; channel < g->channels; channel += now) {
        channel = channel + now > g->channels ? g->channels - now : channel;
        s.weights = g->weights + channel * g->depth - tg_pair_back(g->depth);
        for (unsigned i = 0; i < now; i++) {
            s.sums[i] = factors->bias[(channel + i) * factors->bias_step];
        }
        single_sums(&s);
        for (unsigned i = 0; i < now; i++) {
            uint32_t entry = (channel + i) * factors->step;
            if (relu) {
                int32_t right = factors->shift[entry];
                int32_t constant = (int32_t)((uint32_t)(2 * INT8_MIN + 1) << (right - 1));
                int32_t value = tg_round_high(s.sums[i] * 2, factors->mantissa[entry], constant) >> right;
                output[channel + i] = (int8_t)tg_saturate(value);
            } else {
                tg_factor factor = tg_factor_of(factors, channel + i);
                output[channel + i] = (int8_t)tg_requantize(factors->how, &factor, s.sums[i]);
            }
        }
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    if (outputs == 1U && !tg_gemm_pooled(g)) {
        run_single(g, input, output);
    } else if (tg_few_can(g, outputs)) {
        tg_few_run(g, input, outputs, output);
    } else {
        run_pairs(g, input, outputs, output);
    }
}

#endif
