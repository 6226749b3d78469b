/* The matrix product with the DSP extension: dual 16-bit multiply-accumulates, two output channels times three
 * patches at a time, or four channels times one patch.
 *
 * Patches and the two channels' weights are expanded to int16, the patches' zero point taken off, four values a
 * step: first the pairs of values 0 and 2 of each, then those of values 1 and 3, which is how SXTB16 takes four
 * bytes apart. The patches of a call are expanded once, and a pair of weight rows once for all of them. A last
 * step of fewer than four values is filled up with weights of zero.
 */
#include "tg_gemm.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

#define GROUP 3U /* patches */
#define STEP  4U /* values of depth */

/* Words of one step: of a group's patches, of a pair's weights, of a single patch. */
#define GROUP_WORDS  6U
#define PAIR_WORDS   4U
#define SINGLE_WORDS 2U

/* The last depth % 4 values before `end`, not all four, with zeros behind them. Nothing in front of the row is
 * read. */
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

/* Expands the group of patches at first, second and third; returns where the next group goes. */
static uint32_t *expand_group(uint32_t *lanes, const int8_t *first, const int8_t *second, const int8_t *third,
                              uint32_t depth, uint32_t base) {
    uint32_t to_second = (uint32_t)(second - first);
    uint32_t to_third = (uint32_t)(third - first);
    const int8_t *end = first + depth / STEP * STEP;
    while (first != end) {
        __asm__ volatile("1:\n"
                         "ldr r4, [%[first], %[to_second]]\n"
                         "ldr r5, [%[first], %[to_third]]\n"
                         "ldr r3, [%[first]], #4\n"
                         "sxtab16 r0, %[base], r3\n"
                         "sxtab16 r1, %[base], r4\n"
                         "sxtab16 r2, %[base], r5\n"
                         "sxtab16 r3, %[base], r3, ror #8\n"
                         "sxtab16 r4, %[base], r4, ror #8\n"
                         "sxtab16 r5, %[base], r5, ror #8\n"
                         "stm %[lanes]!, {r0, r1, r2, r3, r4, r5}\n"
                         "cmp %[first], %[end]\n"
                         "bne 1b\n"
                         : [first] "+r"(first), [lanes] "+r"(lanes)
                         : [to_second] "r"(to_second), [to_third] "r"(to_third), [base] "r"(base), [end] "r"(end)
                         : "r0", "r1", "r2", "r3", "r4", "r5", "memory", "cc");
    }
    uint32_t rest = depth % STEP;
    if (rest != 0) {
        const int8_t *ends[GROUP] = {first + rest, first + to_second + rest, first + to_third + rest};
        for (unsigned i = 0; i < GROUP; i++) {
            uint32_t bytes = last_values(ends[i], depth);
            lanes[i] = tg_even_plus(base, bytes);
            lanes[GROUP + i] = tg_odd_plus(base, bytes);
        }
        lanes += GROUP_WORDS;
    }
    return lanes;
}

/* Expands two rows of weights, the second to_b after the first; returns the end. */
static uint32_t *expand_pair(uint32_t *to, const int8_t *weights, uint32_t to_b, uint32_t depth) {
    const int8_t *end = weights + depth / STEP * STEP;
    while (weights != end) {
        __asm__ volatile("1:\n"
                         "ldr r3, [%[weights], %[to_b]]\n"
                         "ldr r2, [%[weights]], #4\n"
                         "sxtb16 r0, r2\n"
                         "sxtb16 r1, r3\n"
                         "sxtb16 r2, r2, ror #8\n"
                         "sxtb16 r3, r3, ror #8\n"
                         "stm %[to]!, {r0, r1, r2, r3}\n"
                         "cmp %[weights], %[end]\n"
                         "bne 1b\n"
                         : [weights] "+r"(weights), [to] "+r"(to)
                         : [to_b] "r"(to_b), [end] "r"(end)
                         : "r0", "r1", "r2", "r3", "memory", "cc");
    }
    uint32_t rest = depth % STEP;
    if (rest != 0) {
        uint32_t a = last_values(weights + rest, depth);
        uint32_t b = last_values(weights + to_b + rest, depth);
        to[0] = tg_even(a);
        to[1] = tg_even(b);
        to[2] = tg_odd(a);
        to[3] = tg_odd(b);
        to += PAIR_WORDS;
    }
    return to;
}

/* Accumulators of channels a and b for three patches. */
typedef struct {
    int32_t a0, a1, a2;
    int32_t b0, b1, b2;
} sums;

/* Adds the products of a group and a pair of channels; *lanes moves on to the next group. 18 instructions for 24
 * products: in C, compilers keep accumulators on the stack. */
static inline __attribute__((always_inline)) void dot(sums *s, const uint32_t **lanes, const uint32_t *weights,
                                                      const uint32_t *end) {
    __asm__ volatile("1:\n"
                     "ldm %[weights]!, {r0, r1}\n"
                     "ldm %[lanes]!, {r2, r3, r4}\n"
                     "smlad %[a0], r0, r2, %[a0]\n"
                     "smlad %[a1], r0, r3, %[a1]\n"
                     "smlad %[a2], r0, r4, %[a2]\n"
                     "smlad %[b0], r1, r2, %[b0]\n"
                     "smlad %[b1], r1, r3, %[b1]\n"
                     "smlad %[b2], r1, r4, %[b2]\n"
                     "ldm %[weights]!, {r0, r1}\n"
                     "ldm %[lanes]!, {r2, r3, r4}\n"
                     "smlad %[a0], r0, r2, %[a0]\n"
                     "smlad %[a1], r0, r3, %[a1]\n"
                     "smlad %[a2], r0, r4, %[a2]\n"
                     "smlad %[b0], r1, r2, %[b0]\n"
                     "smlad %[b1], r1, r3, %[b1]\n"
                     "smlad %[b2], r1, r4, %[b2]\n"
                     "cmp %[weights], %[end]\n"
                     "bne 1b\n"
                     : [a0] "+r"(s->a0), [a1] "+r"(s->a1), [a2] "+r"(s->a2), [b0] "+r"(s->b0),
                       [b1] "+r"(s->b1), [b2] "+r"(s->b2), [lanes] "+r"(*lanes), [weights] "+r"(weights)
                     : [end] "r"(end)
                     : "r0", "r1", "r2", "r3", "r4", "memory", "cc");
}

/* Two channels ready for all patches of a call. The second of a last single channel is the first again. */
typedef struct {
    const uint32_t *weights;
    const uint32_t *end;
    tg_channel a;
    tg_channel b;
    uint32_t to_b; /* from a's output to b's: 1, or 0 when b is a again */
} pair;

static inline int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

/* Every group's outputs. Missing patches of the last group repeat the last one, outputs included. */
static inline __attribute__((always_inline)) void run_pair(tg_requant_kind kind, const tg_gemm *g, const pair *p,
                                                           const uint32_t *lanes, unsigned outputs,
                                                           int8_t *output) {
    uint32_t to_b = p->to_b;
    for (;;) {
        sums s = {p->a.bias, p->a.bias, p->a.bias, p->b.bias, p->b.bias, p->b.bias};
        dot(&s, &lanes, p->weights, p->end);
        const tg_requant *how = g->factors.how;
        int8_t *second = outputs > 1U ? output + g->output_step : output;
        int8_t *third = outputs > 2U ? second + g->output_step : second;
        *output = (int8_t)tg_requantize(kind, how, &p->a, s.a0);
        *second = (int8_t)tg_requantize(kind, how, &p->a, s.a1);
        *third = (int8_t)tg_requantize(kind, how, &p->a, s.a2);
        output[to_b] = (int8_t)tg_requantize(kind, how, &p->b, s.b0);
        second[to_b] = (int8_t)tg_requantize(kind, how, &p->b, s.b1);
        third[to_b] = (int8_t)tg_requantize(kind, how, &p->b, s.b2);
        if (outputs <= GROUP) {
            return;
        }
        outputs -= GROUP;
        output = third + g->output_step;
    }
}

/* The same where `groups` groups make an output together. */
static inline __attribute__((always_inline)) void max_pair(tg_requant_kind kind, const tg_gemm *g, const pair *p,
                                                           const uint32_t *lanes, unsigned outputs,
                                                           unsigned groups, int8_t *output) {
    for (; outputs > 0; outputs--, output += g->output_step) {
        int32_t most_a = INT32_MIN;
        int32_t most_b = INT32_MIN;
        for (unsigned i = groups; i > 0; i--) {
            sums s = {p->a.bias, p->a.bias, p->a.bias, p->b.bias, p->b.bias, p->b.bias};
            dot(&s, &lanes, p->weights, p->end);
            most_a = larger(larger(s.a0, s.a1), larger(s.a2, most_a));
            most_b = larger(larger(s.b0, s.b1), larger(s.b2, most_b));
        }
        output[0] = (int8_t)tg_requantize(kind, g->factors.how, &p->a, most_a);
        output[p->to_b] = (int8_t)tg_requantize(kind, g->factors.how, &p->b, most_b);
    }
}

/* Expands all patches of a call; returns the groups of one output, 0 when outputs have a group in common. */
static unsigned expand_all(const tg_gemm *g, uint32_t *lanes, const int8_t *input, unsigned outputs) {
    const tg_patches *patches = &g->patches;
    uint32_t base = tg_pair((int16_t)g->input_offset);
    bool pooled = patches->count != 1U || patches->runs != 1U;
    unsigned groups = 0;
    unsigned lines = pooled ? outputs * patches->runs : 1U; /* of patches at equal distances */
    unsigned run = 0;
    for (; lines > 0; lines--) {
        uint32_t step = pooled ? patches->step : patches->skip;
        const int8_t *patch = input + run * patches->run_step;
        for (unsigned left = pooled ? patches->count : outputs; left > 0;) {
            unsigned now = left < GROUP ? left : GROUP;
            const int8_t *second = now > 1U ? patch + step : patch;
            const int8_t *third = now > 2U ? second + step : second;
            lanes = expand_group(lanes, patch, second, third, g->depth, base);
            patch = third + step;
            left -= now;
            groups++;
        }
        if (++run == patches->runs) {
            run = 0;
            input += patches->skip;
        }
    }
    return pooled ? groups / outputs : 0;
}

static void run_pairs(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    uint32_t *weights = g->scratch;
    uint32_t *lanes = weights + (g->depth + STEP - 1U) / STEP * PAIR_WORDS;
    unsigned groups = expand_all(g, lanes, input, outputs);
    for (unsigned channel = 0; channel < g->channels; channel += 2) {
        uint32_t to_b = channel + 1U < g->channels;
        pair p = {
            .weights = weights,
            .end = expand_pair(weights, g->weights + channel * g->depth, to_b * g->depth, g->depth),
            .a = tg_channel_of(&g->factors, channel),
            .b = tg_channel_of(&g->factors, channel + to_b),
            .to_b = to_b,
        };
        bool relu = g->factors.how->kind == TG_REQUANT_RELU;
        if (groups > 0) {
            if (relu) {
                max_pair(TG_REQUANT_RELU, g, &p, lanes, outputs, groups, output);
            } else {
                max_pair(TG_REQUANT_ANY, g, &p, lanes, outputs, groups, output);
            }
        } else if (relu) {
            run_pair(TG_REQUANT_RELU, g, &p, lanes, outputs, output);
        } else {
            run_pair(TG_REQUANT_ANY, g, &p, lanes, outputs, output);
        }
        output += 2;
    }
}

/* Four rows of weights, `row` apart, times one step of a patch. */
static inline __attribute__((always_inline)) void step_4x1(int32_t *s, uint32_t w0, uint32_t w1, uint32_t w2,
                                                           uint32_t w3, uint32_t even, uint32_t odd) {
    s[0] = tg_mac2(tg_odd(w0), odd, tg_mac2(tg_even(w0), even, s[0]));
    s[1] = tg_mac2(tg_odd(w1), odd, tg_mac2(tg_even(w1), even, s[1]));
    s[2] = tg_mac2(tg_odd(w2), odd, tg_mac2(tg_even(w2), even, s[2]));
    s[3] = tg_mac2(tg_odd(w3), odd, tg_mac2(tg_even(w3), even, s[3]));
}

/* One patch: four channels at a time, of what is left over one (times four, as one is rare). */
static void run_single(const tg_gemm *g, const int8_t *input, int8_t *output) {
    uint32_t depth = g->depth;
    uint32_t rest = depth % STEP;
    uint32_t *lanes = g->scratch;
    uint32_t base = tg_pair((int16_t)g->input_offset);
    const int8_t *end = input + depth;
    for (const int8_t *whole = end - rest; input != whole; input += STEP, lanes += SINGLE_WORDS) {
        uint32_t bytes = tg_load4(input);
        lanes[0] = tg_even_plus(base, bytes);
        lanes[1] = tg_odd_plus(base, bytes);
    }
    const uint32_t *lanes_end = lanes;
    if (rest != 0) {
        uint32_t bytes = last_values(end, depth);
        lanes[0] = tg_even_plus(base, bytes);
        lanes[1] = tg_odd_plus(base, bytes);
    }
    const int8_t *w = g->weights;
    for (unsigned channel = 0; channel < g->channels;) {
        unsigned now = g->channels - channel < 4U ? 1U : 4U;
        uint32_t row = now == 1U ? 0 : depth;
        uint32_t row_3 = 3U * row;
        int32_t s[4] = {0};
        const uint32_t *x;
        for (x = g->scratch; x != lanes_end; x += SINGLE_WORDS, w += STEP) {
            step_4x1(s, tg_load4(w), tg_load4(w + row), tg_load4(w + 2U * row), tg_load4(w + row_3), x[0], x[1]);
        }
        w += rest;
        if (rest != 0) {
            step_4x1(s, last_values(w, depth), last_values(w + row, depth), last_values(w + 2U * row, depth),
                     last_values(w + row_3, depth), x[0], x[1]);
        }
        for (unsigned i = 0; i < now; i++, channel++) {
            tg_channel c = tg_channel_of(&g->factors, channel);
            *output++ = (int8_t)tg_requantize((tg_requant_kind)g->factors.how->kind, g->factors.how, &c, s[i] + c.bias);
        }
        w += row_3;
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    if (outputs == 1U && g->patches.count == 1U && g->patches.runs == 1U) {
        run_single(g, input, output);
    } else {
        run_pairs(g, input, outputs, output);
    }
}

#endif
