/* The matrix product with the DSP extension: dual 16-bit multiply-accumulates, two output channels times
 * three patches at a time, or four channels times one patch.
 *
 * Patches and the two channels' weights are expanded to int16, the patches' zero point taken off, four values
 * a step: first the pairs of values 0 and 2 of each, then those of values 1 and 3, which is how SXTB16 takes
 * four bytes apart. The patches of a call are expanded once, and a pair of weight rows once for all of them.
 * A last step of fewer than four values is filled up with weights of zero.
 */
#include "tg_gemm_few.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

/* The functions in assembly take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define GROUP TG_GEMM_GROUP
#define STEP  4U /* values of depth */

/* Words of a step: of a pair's weights, of a single patch. */
#define PAIR_WORDS   4U
#define SINGLE_WORDS 2U

/* The last depth % 4 values before `end`, not all four, with zeros behind them. Nothing in front of the row
 * is read. */
static inline uint32_t last_values(const int8_t *end, uint32_t depth) {
    uint32_t rest = depth % STEP;
    if (depth > STEP) {
        return tg_load4(end - STEP) >> (32U - 8U * rest);
    }
    uint32_t word = 0;
    for (; rest > 0; rest--) {
        word = word << 8 | (uint8_t)*--end;
    }
    return word;
}

/* Two output channels ready for all patches of a call. The functions below know this layout. */
typedef struct {
    int32_t bias[6];         /* 0: of the first channel three times, then of the second */
    const uint32_t *weights; /* 24 */
    const uint32_t *lanes;   /* 28: of the next group */
    const uint32_t *end;     /* 32: of the weights */
    tg_factor factor[2];     /* 36 */
    int8_t *output;          /* 60 */
    uint32_t output_step;    /* 64 */
    uint32_t to_b;           /* 68: from the first channel's output to the second's */
    const uint32_t *last;    /* 72: end of the lanes */
    uint32_t lanes_step;     /* 76: bytes of lanes of one output */
    const uint32_t *stop;    /* 80: end of an output's lanes */
    int32_t sums[6];         /* 84: of the first channel, then of the second; or the most of each */
    uint32_t relu;           /* 108: whether to requantise as TG_REQUANT_RELU */
} pair;

_Static_assert(offsetof(pair, weights) == 24 && offsetof(pair, factor) == 36 && sizeof(tg_factor) == 12 &&
                   offsetof(pair, output) == 60 && offsetof(pair, last) == 72 && offsetof(pair, stop) == 80 &&
                   offsetof(pair, sums) == 84 && offsetof(pair, relu) == 108,
               "as the assembly below has it");

/* Expands a group of patches: `first` up to `end`, and those to_second and to_third behind it. Returns where
 * the next words go. */
static TG_NAKED uint32_t *expand_group(uint32_t *lanes, const int8_t *first, uint32_t to_second,
                                       uint32_t to_third, const int8_t *end, uint32_t base) {
    __asm__ volatile("push {r4-r9, lr}\n"
                     "ldrd r12, lr, [sp, #28]\n"
                     "cmp r1, r12\n"
                     "beq 2f\n"
                     "1:\n"
                     "ldr r8, [r1, r2]\n"
                     "ldr r9, [r1, r3]\n"
                     "ldr r7, [r1], #4\n"
                     "sxtab16 r4, lr, r7\n"
                     "sxtab16 r5, lr, r8\n"
                     "sxtab16 r6, lr, r9\n"
                     "sxtab16 r7, lr, r7, ror #8\n"
                     "sxtab16 r8, lr, r8, ror #8\n"
                     "sxtab16 r9, lr, r9, ror #8\n"
                     "stm r0!, {r4-r9}\n"
                     "cmp r1, r12\n"
                     "bne 1b\n"
                     "2:\n"
                     "pop {r4-r9, pc}\n");
}

/* Expands two rows of weights: `weights` up to `end`, and the one to_b behind it. Returns where the next
 * words go.
 */
static TG_NAKED uint32_t *expand_pair(uint32_t *to, const int8_t *weights, uint32_t to_b, const int8_t *end) {
    __asm__ volatile("push {r4-r7, lr}\n"
                     "cmp r1, r3\n"
                     "beq 2f\n"
                     "1:\n"
                     "ldr r7, [r1, r2]\n"
                     "ldr r6, [r1], #4\n"
                     "sxtb16 r4, r6\n"
                     "sxtb16 r5, r7\n"
                     "sxtb16 r6, r6, ror #8\n"
                     "sxtb16 r7, r7, ror #8\n"
                     "stm r0!, {r4-r7}\n"
                     "cmp r1, r3\n"
                     "bne 1b\n"
                     "2:\n"
                     "pop {r4-r7, pc}\n");
}

/* Accumulators of the next group, the first channel's in r5 to r7 and the second's in r8 to r10: 18
 * instructions for 24 products. In and out: r0 the pair; out: r12 the lanes behind the group. */
#define DOT                                                                                                  \
    "ldm r0, {r5-r12, lr}\n"                                                                                 \
    "2:\n" HALF_DOT HALF_DOT "cmp r11, lr\n"                                                                 \
    "bne 2b\n"                                                                                               \
    "ldr r0, [sp]\n"                                                                                         \
    "str r12, [r0, #28]\n"
#define HALF_DOT                                                                                             \
    "ldm r11!, {r0, r1}\n"                                                                                   \
    "ldm r12!, {r2, r3, r4}\n"                                                                               \
    "smlad r5, r0, r2, r5\n"                                                                                 \
    "smlad r6, r0, r3, r6\n"                                                                                 \
    "smlad r7, r0, r4, r7\n"                                                                                 \
    "smlad r8, r1, r2, r8\n"                                                                                 \
    "smlad r9, r1, r3, r9\n"                                                                                 \
    "smlad r10, r1, r4, r10\n"

/* tg_requantize() of a register by the factor in r2 (mantissa), r3 (right) and r4 (constant). */
#define REQUANTIZE(r)                                                                                        \
    "lsl " r ", " r ", #1\n"                                                                                 \
    "smmlar " r ", " r ", r2, r4\n"                                                                          \
    "asr " r ", " r ", r3\n"                                                                                 \
    "ssat " r ", #8, " r "\n"

/* Makes the outputs of all groups up to `last`, requantised as TG_REQUANT_RELU. */
static TG_NAKED void pair_run(pair *p) {
    __asm__ volatile("push {r0, r4-r11, lr}\n"
                     "1:\n" DOT "add r1, r0, #36\n"
                     "ldm r1!, {r2, r3, r4}\n" REQUANTIZE("r5") REQUANTIZE("r6")
                         REQUANTIZE("r7") "ldm r1!, {r2, r3, r4}\n" REQUANTIZE("r8") REQUANTIZE("r9")
                             REQUANTIZE("r10") "ldm r1, {r1, r2, r3, r4}\n"
                                               "strb r5, [r1]\n"
                                               "strb r8, [r1, r3]\n"
                                               "add r1, r1, r2\n"
                                               "strb r6, [r1]\n"
                                               "strb r9, [r1, r3]\n"
                                               "add r1, r1, r2\n"
                                               "strb r7, [r1]\n"
                                               "strb r10, [r1, r3]\n"
                                               "add r1, r1, r2\n"
                                               "str r1, [r0, #60]\n"
                                               "cmp r12, r4\n"
                                               "bne 1b\n"
                                               "pop {r0, r4-r11, pc}\n");
}

/* The largest accumulators of the next output go to sums[0] and [1]; with `relu`, outputs are made of those
 * of all up to `last`. */
static TG_NAKED void pair_max(pair *p) {
    __asm__ volatile("push {r0, r4-r11, lr}\n"
                     "1:\n"
                     "mov r1, #0x80000000\n"
                     "strd r1, r1, [r0, #84]\n"
                     "ldr r2, [r0, #28]\n"
                     "ldr r3, [r0, #76]\n"
                     "add r2, r2, r3\n"
                     "str r2, [r0, #80]\n"
                     "3:\n" DOT "ldrd r1, r2, [r0, #84]\n"
                     "ldr r3, [r0, #80]\n"
                     "cmp r5, r6\n"
                     "it lt\n"
                     "movlt r5, r6\n"
                     "cmp r1, r7\n"
                     "it lt\n"
                     "movlt r1, r7\n"
                     "cmp r1, r5\n"
                     "it lt\n"
                     "movlt r1, r5\n"
                     "cmp r8, r9\n"
                     "it lt\n"
                     "movlt r8, r9\n"
                     "cmp r2, r10\n"
                     "it lt\n"
                     "movlt r2, r10\n"
                     "cmp r2, r8\n"
                     "it lt\n"
                     "movlt r2, r8\n"
                     "strd r1, r2, [r0, #84]\n"
                     "cmp r12, r3\n"
                     "bne 3b\n"
                     "ldr r3, [r0, #108]\n"
                     "cbz r3, 4f\n"
                     "mov r5, r1\n"
                     "mov r8, r2\n"
                     "add r1, r0, #36\n"
                     "ldm r1!, {r2, r3, r4}\n" REQUANTIZE("r5") "ldm r1!, {r2, r3, r4}\n" REQUANTIZE(
                         "r8") "ldm r1, {r1, r2, r3, r4}\n"
                               "strb r5, [r1]\n"
                               "strb r8, [r1, r3]\n"
                               "add r1, r1, r2\n"
                               "str r1, [r0, #60]\n"
                               "cmp r12, r4\n"
                               "bne 1b\n"
                               "4:\n"
                               "pop {r0, r4-r11, pc}\n");
}

/* Stores the accumulators of one group. */
static TG_NAKED void pair_sums(pair *p) {
    __asm__ volatile("push {r0, r4-r11, lr}\n" DOT "add r0, r0, #84\n"
                     "stm r0, {r5-r10}\n"
                     "pop {r0, r4-r11, pc}\n");
}

/* The outputs of the next group, `count` of three. */
static void run_group(const tg_gemm *g, pair *p, unsigned count) {
    pair_sums(p);
    for (unsigned i = 0; i < count; i++, p->output += g->output_step) {
        p->output[0] = (int8_t)tg_requantize(g->factors.how, &p->factor[0], p->sums[i]);
        p->output[p->to_b] = (int8_t)tg_requantize(g->factors.how, &p->factor[1], p->sums[GROUP + i]);
    }
}

/* All outputs of a pair of channels, each in one place of a group. The last group overlaps the one before. */
static void run_all(const tg_gemm *g, pair *p, unsigned outputs) {
    if (p->relu && outputs >= GROUP) {
        unsigned rest = outputs % GROUP;
        const uint32_t *last = p->last;
        if (rest != 0) {
            p->last -= p->lanes_step / sizeof *last;
            pair_run(p);
            p->last = last;
            p->output -= (GROUP - rest) * g->output_step;
        }
        pair_run(p);
        return;
    }
    for (unsigned left = outputs; left > 0;) {
        unsigned now = left < GROUP ? left : GROUP;
        p->output -= left < GROUP && outputs > GROUP ? (GROUP - left) * g->output_step : 0;
        run_group(g, p, left < GROUP && outputs > GROUP ? GROUP : now);
        left -= now;
    }
}

/* All outputs of a pair of channels, each the maximum over some groups. */
static void max_all(const tg_gemm *g, pair *p, unsigned outputs) {
    if (p->relu) {
        pair_max(p);
        return;
    }
    for (; outputs > 0; outputs--, p->output += g->output_step) {
        pair_max(p);
        p->output[0] = (int8_t)tg_requantize(g->factors.how, &p->factor[0], p->sums[0]);
        p->output[p->to_b] = (int8_t)tg_requantize(g->factors.how, &p->factor[1], p->sums[1]);
    }
}

/* Expands the patches at first, second and third. */
static uint32_t *expand_three(uint32_t *lanes, const int8_t *first, const int8_t *second, const int8_t *third,
                              uint32_t depth, uint32_t base) {
    uint32_t rest = depth % STEP;
    const int8_t *end = first + (depth - rest);
    lanes = expand_group(lanes, first, (uint32_t)(second - first), (uint32_t)(third - first), end, base);
    if (rest != 0) {
        const int8_t *ends[GROUP] = {first + depth, second + depth, third + depth};
        for (unsigned i = 0; i < GROUP; i++) {
            uint32_t bytes = last_values(ends[i], depth);
            lanes[i] = tg_even_plus(base, bytes);
            lanes[GROUP + i] = tg_odd_plus(base, bytes);
        }
        lanes += 2U * GROUP;
    }
    return lanes;
}

/* Expands the weights of a channel and the one to_b behind it. */
static const uint32_t *expand_weights(uint32_t *to, const int8_t *weights, uint32_t to_b, uint32_t depth) {
    uint32_t rest = depth % STEP;
    const int8_t *end = weights + depth;
    to = expand_pair(to, weights, to_b, end - rest);
    if (rest != 0) {
        uint32_t a = last_values(end, depth);
        uint32_t b = last_values(end + to_b, depth);
        to[0] = tg_even(a);
        to[1] = tg_even(b);
        to[2] = tg_odd(a);
        to[3] = tg_odd(b);
        to += PAIR_WORDS;
    }
    return to;
}

/* Expands the patches of a line, `step` apart. When they do not fill the last group it starts earlier, or
 * repeats the last patch. */
static uint32_t *expand_line(const tg_gemm *g, uint32_t *lanes, const int8_t *line, uint32_t step,
                             unsigned count) {
    uint32_t base = tg_pair((int16_t)g->input_offset);
    for (unsigned i = 0; i < count; i += GROUP) {
        if (i + GROUP > count && i > 0) {
            i = count - GROUP;
        }
        const int8_t *first = line + i * step;
        const int8_t *second = i + 1U < count ? first + step : first;
        const int8_t *third = i + 2U < count ? second + step : second;
        lanes = expand_three(lanes, first, second, third, g->depth, base);
    }
    return lanes;
}

/* Expands all patches of a call; returns the end. */
static const uint32_t *expand_all(const tg_gemm *g, uint32_t *lanes, const int8_t *input, unsigned outputs) {
    const tg_patches *patches = &g->patches;
    if (!tg_gemm_pooled(g)) {
        return expand_line(g, lanes, input, patches->skip, outputs);
    }
    for (; outputs > 0; outputs--, input += patches->skip) {
        const int8_t *line = input;
        for (unsigned runs = patches->runs; runs > 0; runs--, line += patches->run_step) {
            lanes = expand_line(g, lanes, line, patches->step, patches->count);
        }
    }
    return lanes;
}

static __attribute__((noinline)) void run_pairs(const tg_gemm *g, const uint32_t *lanes, const uint32_t *last,
                                                unsigned outputs, int8_t *output) {
    const int8_t *weights = g->weights;
    bool pooled = tg_gemm_pooled(g);
    pair p;
    p.weights = g->pair;
    p.last = last;
    p.output_step = g->output_step;
    /* Outputs that are no maximum share groups: then it is a group's. */
    uint32_t groups = pooled ? outputs : (outputs + GROUP - 1U) / GROUP;
    p.lanes_step = (uint32_t)(last - lanes) / groups * sizeof *lanes;
    p.relu = g->factors.how->kind == TG_REQUANT_RELU;
    p.to_b = 1;
    for (unsigned channel = 0; channel < g->channels; channel += 2U) {
        if (channel + 1U == g->channels) {
            p.to_b = 0; /* a last single channel is paired with itself */
        }
        p.end = expand_weights(g->pair, weights, p.to_b * g->depth, g->depth);
        weights += 2U * g->depth;
        p.bias[0] = p.bias[1] = p.bias[2] = tg_bias_of(&g->factors, channel);
        p.bias[3] = p.bias[4] = p.bias[5] = tg_bias_of(&g->factors, channel + p.to_b);
        p.factor[0] = tg_factor_of(&g->factors, channel);
        p.factor[1] = tg_factor_of(&g->factors, channel + p.to_b);
        p.lanes = lanes;
        p.output = output + channel;
        if (pooled) {
            max_all(g, &p, outputs);
        } else {
            run_all(g, &p, outputs);
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
    const uint32_t *end;   /* 32: of the lanes of whole steps */
    uint32_t back;         /* 36: how far the last step starts early; 0: there is none */
} single;

_Static_assert(offsetof(single, lanes) == 16 && offsetof(single, row) == 24 && offsetof(single, back) == 36,
               "as the assembly below has it");

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
        "ldrd r11, lr, [r0, #32]\n"
        "1:\n"
        "ldrd r0, r1, [r8], #8\n"
        "ldr r2, [r9, r10]\n" ROW("r5") "ldr r2, [r9, r10, lsl #1]\n" ROW("r6") "ldr r2, [r9, r12]\n" ROW(
            "r7") "ldr r2, [r9], #4\n" ROW("r4") "cmp r8, r11\n"
                                                 "bne 1b\n"
                                                 "sub r9, r9, lr\n"
                                                 "add r11, r11, #8\n"
                                                 "movs r0, lr\n"
                                                 "mov lr, #0\n"
                                                 "bne 1b\n"
                                                 "pop {r0}\n"
                                                 "stm r0, {r4-r7}\n"
                                                 "pop {r4-r11, pc}\n");
}

/* Expands one patch; what the last step shares with the one before is zero in it. */
static const uint32_t *expand_single(const tg_gemm *g, const int8_t *input) {
    uint32_t *lanes = g->scratch;
    uint32_t base = tg_pair((int16_t)g->input_offset);
    uint32_t rest = g->depth % STEP;
    for (const int8_t *end = input + (g->depth - rest); input != end; input += STEP, lanes += SINGLE_WORDS) {
        uint32_t bytes = tg_load4(input);
        lanes[0] = tg_even_plus(base, bytes);
        lanes[1] = tg_odd_plus(base, bytes);
    }
    if (rest != 0) {
        uint32_t bytes = tg_load4(input + rest - STEP);
        uint32_t even = tg_even_plus(base, bytes);
        uint32_t odd = tg_odd_plus(base, bytes);
        lanes[0] = rest >= 2U ? even & 0xFFFF0000U : 0;
        lanes[1] = rest == 3U ? odd : odd & 0xFFFF0000U;
    }
    return lanes;
}

/* One patch of at least four values. The last four channels overlap those before; fewer than four are taken
 * one by one. */
static __attribute__((noinline)) void run_single(const tg_gemm *g, const int8_t *input, int8_t *output) {
    const uint32_t depth = g->depth;
    single s;
    s.lanes = g->scratch;
    const unsigned now = g->channels < 4U ? 1U : 4U;
    s.row = now == 1U ? 0 : depth;
    s.row_3 = 3U * s.row;
    s.end = expand_single(g, input);
    s.back = depth % STEP == 0 ? 0 : STEP - depth % STEP;
    for (unsigned channel = 0; channel < g->channels; channel += now) {
        channel = channel + now > g->channels ? g->channels - now : channel;
        s.weights = g->weights + channel * depth;
        for (unsigned i = 0; i < now; i++) {
            s.sums[i] = tg_bias_of(&g->factors, channel + i);
        }
        single_sums(&s);
        for (unsigned i = 0; i < now; i++) {
            tg_factor f = tg_factor_of(&g->factors, channel + i);
            output[channel + i] = (int8_t)tg_requantize(g->factors.how, &f, s.sums[i]);
        }
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    if (outputs == 1U && !tg_gemm_pooled(g) && g->depth >= STEP) {
        run_single(g, input, output);
    } else if (tg_gemm_by_few(g, outputs)) {
        tg_gemm_few_run(g, input, outputs, output);
    } else {
        uint32_t *lanes = g->scratch;
        const uint32_t *last = expand_all(g, lanes, input, outputs);
        run_pairs(g, lanes, last, outputs, output);
    }
}

#endif
