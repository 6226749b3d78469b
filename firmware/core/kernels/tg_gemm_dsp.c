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

/* All outputs of a pair of channels, whatever their number and requantisation. */
static TG_NOINLINE void run_any(const tg_gemm *g, tg_pair *p, unsigned channel, unsigned outputs) {
    bool pooled = tg_gemm_pooled(g);
    for (unsigned b = 0; b < 2U; b++) {
        p->factor[b] = tg_factor_of(&g->factors, channel + b * p->to_b);
    }
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
        for (unsigned b = 0; b < 2U; b++) { /* the first channel's, then the second's */
            const int32_t *sum = &p->sums[b * GROUP];
            int8_t *to = p->output + b * p->to_b + i * g->output_step;
            for (unsigned k = count; k > 0; k--, to += g->output_step) {
                *to = (int8_t)tg_requantize(g->factors.how, &p->factor[b], *sum++);
            }
        }
        i += count;
    }
}

static TG_NOINLINE void run_pairs(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
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

/* One patch and four channels. The function below knows this layout; steps are bytes. */
typedef struct {
    const int32_t *bias;     /* 0: of the first channel */
    uint32_t bias_step;      /* 4 */
    const uint32_t *lanes;   /* 8 */
    const int8_t *weights;   /* 12: of the first channel */
    uint32_t row;            /* 16: to those of the next */
    uint32_t row_3;          /* 20 */
    const uint32_t *end;     /* 24: of the lanes */
    const int32_t *mantissa; /* 28 */
    uint32_t mantissa_step;  /* 32 */
    const int8_t *shift;     /* 36 */
    uint32_t shift_step;     /* 40 */
    int8_t *output;          /* 44 */
    int32_t constant;        /* 48: 2 x the zero point + 1 */
    uint32_t outputs;        /* 52: whether to make outputs, as TG_REQUANT_SHIFTED has it */
    int32_t sums[4];         /* 56: accumulators, otherwise */
} single;

_Static_assert(offsetof(single, lanes) == 8 && offsetof(single, end) == 24 &&
                   offsetof(single, output) == 44 && offsetof(single, sums) == 56,
               "as the assembly below has it");

/* clang-format off */

#define ROW(sum)                                                                                             \
    "sxtb16 r3, r2\n"                                                                                        \
    "sxtb16 r2, r2, ror #8\n"                                                                                \
    "smlad " sum ", r3, r0, " sum "\n"                                                                       \
    "smlad " sum ", r2, r1, " sum "\n"

/* tg_requantize() of a register; mantissa and shift lie where r8 and r10 and what follows them lead. */
#define OUTPUT(r, mantissa, shift)                                                                           \
    "ldr r1, [r8" mantissa "]\n"                                                                             \
    "ldrsb r2, [r10" shift "]\n"                                                                             \
    "lsl " r ", " r ", #1\n"                                                                                 \
    "smmulr " r ", " r ", r1\n"                                                                              \
    "lsl r3, lr, r2\n"                                                                                       \
    "add " r ", " r ", " r ", asr #31\n"                                                                     \
    "add " r ", " r ", r3, asr #1\n"                                                                         \
    "asr " r ", " r ", r2\n"                                                                                 \
    "ssat " r ", #8, " r "\n"                                                                                \
    "strb " r ", [r12], #1\n"

/* Makes four outputs, and moves mantissa, shift and output on, or only the accumulators: 23 instructions for 16
 * products. */
static TG_NAKED void single_run(single *s) {
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "ldm r0, {r1, r2, r8, r9, r10, r12, lr}\n"
        "ldr r4, [r1]\n"
        "ldr r5, [r1, r2]\n"
        "add r1, r1, r2, lsl #1\n"
        "ldr r6, [r1]\n"
        "ldr r7, [r1, r2]\n"
        "1:\n"
        "ldrd r0, r1, [r8], #8\n"
        "ldr r2, [r9, r10]\n" ROW("r5")
        "ldr r2, [r9, r10, lsl #1]\n" ROW("r6")
        "ldr r2, [r9, r12]\n" ROW("r7")
        "ldr r2, [r9], #4\n" ROW("r4")
        "cmp r8, lr\n"
        "bne 1b\n"
        "pop {r0}\n"
        "ldr r1, [r0, #52]\n"
        "cmp r1, #0\n"
        "beq 2f\n"
        "add r0, r0, #28\n"
        "ldm r0, {r8-r12, lr}\n"
        OUTPUT("r4", "", "") OUTPUT("r5", ", r9", ", r11") OUTPUT("r6", ", r9, lsl #1", ", r11, lsl #1")
        "add r8, r8, r9, lsl #1\n"
        "add r10, r10, r11, lsl #1\n"
        OUTPUT("r7", ", r9", ", r11")
        "add r8, r8, r9, lsl #1\n"
        "add r10, r10, r11, lsl #1\n"
        "stm r0, {r8-r12}\n"
        "pop {r4-r11, pc}\n"
        "2:\n"
        "add r0, r0, #56\n"
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
static TG_NOINLINE void run_single(const tg_gemm *g, const int8_t *input, int8_t *output) {
    const tg_factors *factors = &g->factors;
    const bool fours = g->channels >= 4U;
    const uint32_t step = fours ? factors->step : 0;
    const tg_requant *how = factors->how;
    single s;
    s.weights = g->weights - tg_pair_back(g->depth);
    s.bias = factors->bias;
    s.mantissa = factors->mantissa;
    s.shift = factors->shift;
    s.output = output;
    s.constant = 2 * how->zero_point + 1;
    s.bias_step = fours ? factors->bias_step * (uint32_t)sizeof *s.bias : 0;
    s.lanes = g->scratch;
    s.row = fours ? g->depth : 0;
    s.row_3 = 3U * s.row;
    s.end = expand_single(g, input);
    s.mantissa_step = step * (uint32_t)sizeof *s.mantissa;
    s.shift_step = step;
    s.outputs = fours && how->kind != TG_REQUANT_ANY && how->low == INT8_MIN && how->high == INT8_MAX;
    const unsigned now = fours ? 4U : 1U;
    for (unsigned channel = 0;;) {
        single_run(&s);
        for (unsigned i = 0; i < now && s.outputs == 0; i++) {
            tg_factor factor = tg_factor_of(factors, channel + i);
            output[channel + i] = (int8_t)tg_requantize(how, &factor, s.sums[i]);
        }
        unsigned next = channel + now;
        if (next >= g->channels) {
            return;
        }
        if (next + now > g->channels) {
            unsigned again = next + now - g->channels;
            next -= again;
            s.mantissa -= again * step;
            s.shift -= again * step;
            s.output -= again;
        }
        s.weights += (next - channel) * g->depth;
        s.bias += (next - channel) * factors->bias_step;
        channel = next;
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
