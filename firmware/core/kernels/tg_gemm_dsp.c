/* The matrix product with the DSP extension: dual 16-bit multiply-accumulates, two output channels times
 * three patches at a time, or four channels times one patch.
 *
 * Patches are expanded to int16 once, their zero point taken off, four values a step: first the pairs of
 * values 0 and 2 of every patch, then those of values 1 and 3, which is how SXTB16 takes four weights apart.
 * A last step of fewer than four values starts earlier and has zeros where it overlaps the step before.
 */
#include "tg_gemm.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

#define PATCHES TG_GEMM_POSITIONS
#define STEP    4U /* values of depth */

/* The words of a last step of `rest` values (1 .. 3), which started early: what overlaps becomes zero. */
static inline uint32_t last_even(uint32_t pairs, uint32_t rest) {
    return rest >= 2U ? pairs & 0xFFFF0000U : 0;
}

static inline uint32_t last_odd(uint32_t pairs, uint32_t rest) {
    return rest == 3U ? pairs : pairs & 0xFFFF0000U;
}

/* Writes one patch's pairs to lanes. depth is at least STEP. */
static void expand_1(uint32_t *lanes, const int8_t *input, uint32_t depth, int16_t offset) {
    uint32_t base = tg_pair(offset);
    for (const int8_t *end = input + (depth & ~(STEP - 1U)); input != end; input += STEP) {
        uint32_t bytes = tg_load4(input);
        *lanes++ = tg_even_plus(base, bytes);
        *lanes++ = tg_odd_plus(base, bytes);
    }
    uint32_t rest = depth & (STEP - 1U);
    if (rest != 0) {
        uint32_t bytes = tg_load4(input + rest - STEP);
        lanes[0] = last_even(tg_even_plus(base, bytes), rest);
        lanes[1] = last_odd(tg_odd_plus(base, bytes), rest);
    }
}

/* The same for three patches at input, second and third, their words interleaved. */
static void expand_3(uint32_t *lanes, const int8_t *first, const int8_t *second, const int8_t *third,
                     uint32_t depth, int16_t offset) {
    uint32_t base = tg_pair(offset);
    ptrdiff_t to_second = second - first;
    ptrdiff_t to_third = third - first;
    const int8_t *end = first + (depth & ~(STEP - 1U));
    uint32_t rest = depth & (STEP - 1U);
    for (;; lanes += 2U * PATCHES, first += STEP) {
        bool last = first == end;
        if (last) {
            if (rest == 0) {
                return;
            }
            first -= STEP - rest;
        }
        uint32_t x0 = tg_load4(first);
        uint32_t x1 = tg_load4(first + to_second);
        uint32_t x2 = tg_load4(first + to_third);
        lanes[0] = tg_even_plus(base, x0);
        lanes[1] = tg_even_plus(base, x1);
        lanes[2] = tg_even_plus(base, x2);
        lanes[3] = tg_odd_plus(base, x0);
        lanes[4] = tg_odd_plus(base, x1);
        lanes[5] = tg_odd_plus(base, x2);
        if (last) {
            for (unsigned i = 0; i < PATCHES; i++) {
                lanes[i] = last_even(lanes[i], rest);
                lanes[PATCHES + i] = last_odd(lanes[PATCHES + i], rest);
            }
            return;
        }
    }
}

/* Accumulators of channels a and b for three patches. */
typedef struct {
    int32_t a0, a1, a2;
    int32_t b0, b1, b2;
} sums;

/* Steps from *lanes up to end, at least one; b's weights lie to_b after a's. 26 instructions for 24 products:
 * in C, compilers keep accumulators on the stack. */
static inline __attribute__((always_inline)) void
steps_2x3(sums *s, const uint32_t **lanes, const uint32_t *end, const int8_t **weights, uint32_t to_b) {
    uint32_t x0;
    uint32_t x1;
    uint32_t x2;
    uint32_t w;
    __asm__ volatile("1:\n"
                     "ldrd %[x0], %[x1], [%[lanes]], #24\n"
                     "ldr %[w], [%[weights]]\n"
                     "ldr %[x2], [%[lanes], #-16]\n"
                     "sxtb16 %[w], %[w]\n"
                     "smlad %[a0], %[w], %[x0], %[a0]\n"
                     "smlad %[a1], %[w], %[x1], %[a1]\n"
                     "smlad %[a2], %[w], %[x2], %[a2]\n"
                     "ldr %[w], [%[weights], %[to_b]]\n"
                     "sxtb16 %[w], %[w]\n"
                     "smlad %[b0], %[w], %[x0], %[b0]\n"
                     "smlad %[b1], %[w], %[x1], %[b1]\n"
                     "smlad %[b2], %[w], %[x2], %[b2]\n"
                     "ldr %[w], [%[weights], %[to_b]]\n"
                     "ldrd %[x0], %[x1], [%[lanes], #-12]\n"
                     "sxtb16 %[w], %[w], ror #8\n"
                     "ldr %[x2], [%[lanes], #-4]\n"
                     "smlad %[b0], %[w], %[x0], %[b0]\n"
                     "smlad %[b1], %[w], %[x1], %[b1]\n"
                     "smlad %[b2], %[w], %[x2], %[b2]\n"
                     "ldr %[w], [%[weights]], #4\n"
                     "sxtb16 %[w], %[w], ror #8\n"
                     "smlad %[a0], %[w], %[x0], %[a0]\n"
                     "smlad %[a1], %[w], %[x1], %[a1]\n"
                     "smlad %[a2], %[w], %[x2], %[a2]\n"
                     "cmp %[lanes], %[end]\n"
                     "bne 1b\n"
                     : [a0] "+r"(s->a0), [a1] "+r"(s->a1), [a2] "+r"(s->a2), [b0] "+r"(s->b0),
                       [b1] "+r"(s->b1), [b2] "+r"(s->b2), [lanes] "+r"(*lanes), [weights] "+r"(*weights),
                       [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [w] "=&r"(w)
                     : [to_b] "r"(to_b), [end] "r"(end)
                     : "memory", "cc");
}

/* A pair of channels: weights of the first, how far on the second's are, and their biases. */
typedef struct {
    const int8_t *weights;
    uint32_t to_b;
    int32_t bias_a;
    int32_t bias_b;
} pair;

/* Accumulators of a pair of channels for the expanded patches. */
static __attribute__((noinline)) void dot_2x3(sums *result, const uint32_t *lanes, uint32_t depth,
                                              const pair *p) {
    sums s = {p->bias_a, p->bias_a, p->bias_a, p->bias_b, p->bias_b, p->bias_b};
    const int8_t *weights = p->weights;
    steps_2x3(&s, &lanes, lanes + depth / STEP * (2U * PATCHES), &weights, p->to_b);
    uint32_t rest = depth & (STEP - 1U);
    if (rest != 0) {
        weights -= STEP - rest;
        steps_2x3(&s, &lanes, lanes + 2U * PATCHES, &weights, p->to_b);
    }
    *result = s;
}

/* Expands `count` patches, 1 to 3; those that are missing repeat the last. */
static inline void expand_all(const tg_gemm *g, const int8_t *input, uint32_t step, unsigned count) {
    const int8_t *second = count > 1U ? input + step : input;
    const int8_t *third = count > 2U ? second + step : second;
    expand_3(g->scratch, input, second, third, g->depth, g->input_offset);
}

/* The next pair of channels, of `left` that are left; a last single one is paired with itself. */
static inline pair next_pair(const int8_t *weights, uint32_t depth, unsigned left, tg_factors *factors) {
    int32_t bias = tg_next_bias(factors);
    return left > 1U ? (pair){weights, depth, bias, tg_next_bias(factors)} : (pair){weights, 0, bias, bias};
}

/* One channel's outputs, as many of three as there are patches. */
static inline __attribute__((always_inline)) void store(tg_requant_kind kind, tg_factors *factors, int32_t s0,
                                                        int32_t s1, int32_t s2, unsigned count,
                                                        int8_t *output, uint32_t output_step) {
    tg_factor f = tg_next_factor(factors);
    *output = (int8_t)tg_requantize(kind, factors, s0, f);
    output += output_step;
    *output = (int8_t)tg_requantize(kind, factors, s1, f);
    if (count == PATCHES) {
        output[output_step] = (int8_t)tg_requantize(kind, factors, s2, f);
    }
}

/* All channels of two or three expanded patches; `kind` is known where this is inlined. */
static inline __attribute__((always_inline)) void
run_3(tg_requant_kind kind, const tg_gemm *g, unsigned count, int8_t *output, uint32_t output_step) {
    tg_factors factors = g->factors;
    const uint32_t *lanes = g->scratch;
    const int8_t *weights = g->weights;
    uint32_t depth = g->depth;
    for (unsigned left = g->channels; left > 0; left -= left > 1U ? 2U : 1U) {
        pair p = next_pair(weights, depth, left, &factors);
        sums s;
        dot_2x3(&s, lanes, depth, &p);
        store(kind, &factors, s.a0, s.a1, s.a2, count, output, output_step);
        if (left > 1U) {
            store(kind, &factors, s.b0, s.b1, s.b2, count, output + 1, output_step);
        }
        weights += 2U * depth;
        output += 2;
    }
}

/* The same for the largest of the patches. */
static inline __attribute__((always_inline)) void max_3(tg_requant_kind kind, const tg_gemm *g,
                                                        int8_t *output, bool combine) {
    tg_factors factors = g->factors;
    const uint32_t *lanes = g->scratch;
    const int8_t *weights = g->weights;
    uint32_t depth = g->depth;
    for (unsigned left = g->channels; left > 0; left--) {
        pair p = next_pair(weights, depth, left, &factors);
        sums s;
        dot_2x3(&s, lanes, depth, &p);
        int32_t most = s.a0 > s.a1 ? s.a0 : s.a1;
        most = most > s.a2 ? most : s.a2;
        int32_t value = tg_requantize(kind, &factors, most, tg_next_factor(&factors));
        *output = (int8_t)(combine && *output > value ? *output : value);
        output++;
        if (left == 1U) {
            return;
        }
        left--;
        most = s.b0 > s.b1 ? s.b0 : s.b1;
        most = most > s.b2 ? most : s.b2;
        value = tg_requantize(kind, &factors, most, tg_next_factor(&factors));
        *output = (int8_t)(combine && *output > value ? *output : value);
        output++;
        weights += 2U * depth;
    }
}

/* Four rows of weights, `row` apart, times one step of a patch. */
static inline void step_4x1(int32_t *s, const int8_t *weights, uint32_t row, uint32_t even, uint32_t odd) {
    uint32_t w = tg_load4(weights);
    s[0] = tg_mac2(tg_odd(w), odd, tg_mac2(tg_even(w), even, s[0]));
    w = tg_load4(weights + row);
    s[1] = tg_mac2(tg_odd(w), odd, tg_mac2(tg_even(w), even, s[1]));
    weights += 2U * row;
    w = tg_load4(weights);
    s[2] = tg_mac2(tg_odd(w), odd, tg_mac2(tg_even(w), even, s[2]));
    w = tg_load4(weights + row);
    s[3] = tg_mac2(tg_odd(w), odd, tg_mac2(tg_even(w), even, s[3]));
}

/* Accumulators of four rows of weights for one expanded patch. */
static inline void dot_4x1(const uint32_t *lanes, const int8_t *weights, uint32_t row, uint32_t depth,
                           int32_t *sum) {
    int32_t s[4] = {0};
    for (const uint32_t *end = lanes + depth / STEP * 2U; lanes != end; lanes += 2, weights += STEP) {
        step_4x1(s, weights, row, lanes[0], lanes[1]);
    }
    uint32_t rest = depth & (STEP - 1U);
    if (rest != 0) {
        step_4x1(s, weights + rest - STEP, row, lanes[0], lanes[1]);
    }
    memcpy(sum, s, sizeof s);
}

/* All channels of one expanded patch, in groups of four; of what is left over, one by one. */
static void run_1(const tg_gemm *g, int8_t *output) {
    tg_factors factors = g->factors;
    const uint32_t depth = g->depth;
    const int8_t *weights = g->weights;
    for (unsigned left = g->channels; left > 0;) {
        unsigned now = left < 4U ? 1U : 4U;
        int32_t sum[4];
        dot_4x1(g->scratch, weights, left < 4U ? 0 : depth, depth, sum);
        for (unsigned i = 0; i < now; i++) {
            int32_t value = sum[i] + tg_next_bias(&factors);
            tg_factor f = tg_next_factor(&factors);
            *output++ = (int8_t)tg_requantize((tg_requant_kind)factors.how.kind, &factors, value, f);
        }
        weights += now * depth;
        left -= now;
    }
}

/* Layers so shallow that no step of four values fits; the largest of `count` patches. */
static void max_shallow(const tg_gemm *g, const int8_t *input, uint32_t step, unsigned count, int8_t *output,
                        bool combine) {
    tg_factors factors = g->factors;
    const int8_t *weights = g->weights;
    for (unsigned left = g->channels; left > 0; left--, output++, weights += g->depth) {
        int32_t most = INT32_MIN;
        for (unsigned p = 0; p < count; p++) {
            int32_t sum = 0;
            for (unsigned i = 0; i < g->depth; i++) {
                sum += (input[p * step + i] + g->input_offset) * weights[i];
            }
            most = sum > most ? sum : most;
        }
        most += tg_next_bias(&factors);
        int32_t value =
            tg_requantize((tg_requant_kind)factors.how.kind, &factors, most, tg_next_factor(&factors));
        *output = (int8_t)(combine && *output > value ? *output : value);
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, uint32_t step, unsigned count, int8_t *output,
                 uint32_t output_step) {
    if (g->depth < STEP) {
        for (; count > 0; count--, input += step, output += output_step) {
            max_shallow(g, input, 0, 1, output, false);
        }
    } else if (count == 1U) {
        expand_1(g->scratch, input, g->depth, g->input_offset);
        run_1(g, output);
    } else {
        expand_all(g, input, step, count);
        if (g->factors.how.kind == TG_REQUANT_RELU) {
            run_3(TG_REQUANT_RELU, g, count, output, output_step);
        } else {
            run_3((tg_requant_kind)g->factors.how.kind, g, count, output, output_step);
        }
    }
}

void tg_gemm_max(const tg_gemm *g, const int8_t *input, uint32_t step, unsigned count, int8_t *output,
                 bool combine) {
    if (g->depth < STEP) {
        max_shallow(g, input, step, count, output, combine);
        return;
    }
    expand_all(g, input, step, count);
    if (g->factors.how.kind == TG_REQUANT_RELU) {
        max_3(TG_REQUANT_RELU, g, output, combine);
    } else {
        max_3((tg_requant_kind)g->factors.how.kind, g, output, combine);
    }
}

#endif
