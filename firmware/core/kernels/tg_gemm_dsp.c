/* The matrix product with the DSP extension: dual 16-bit multiply-accumulates, two output channels times
 * three patches at a time (or four channels times one patch).
 *
 * Patches are expanded to int16 once, their zero point taken off, four values a step: first the words of
 * values 0 and 2 of every patch, then those of values 1 and 3, which is how SXTB16 takes four weights apart.
 * A last step of fewer than four values starts earlier and has zeros where it overlaps the step before.
 */
#include "tg_gemm.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

#define PATCHES TG_GEMM_POSITIONS
#define STEP    4U /* values of depth */

/* Writes a patch's words to lanes, `stride` words apart. depth is at least STEP. */
static void expand(uint32_t *lanes, unsigned stride, const int8_t *input, uint32_t depth, int16_t offset) {
    uint32_t base = tg_pair(offset);
    const int8_t *end = input + (depth & ~(STEP - 1U));
    for (; input != end; input += STEP) {
        uint32_t bytes = tg_load4(input);
        lanes[0] = tg_even_plus(base, bytes);
        lanes[stride] = tg_odd_plus(base, bytes);
        lanes += 2U * stride;
    }
    uint32_t rest = depth & (STEP - 1U);
    if (rest != 0) {
        uint32_t bytes = tg_load4(input + rest - STEP);
        lanes[0] = rest >= 2U ? tg_even_plus(base, bytes) & 0xFFFF0000U : 0;
        lanes[stride] = tg_odd_plus(base, bytes) & (rest == 3U ? 0xFFFFFFFFU : 0xFFFF0000U);
    }
}

/* Accumulators of two channels and three patches. */
typedef struct {
    int32_t a0, a1, a2;
    int32_t b0, b1, b2;
} sums;

/* One step of depth: eight words of weights and patches, 24 multiply-accumulates. */
static inline void step_2x3(sums *s, const uint32_t *lanes, const int8_t *weights_a,
                            const int8_t *weights_b) {
    uint32_t bytes_a = tg_load4(weights_a);
    uint32_t bytes_b = tg_load4(weights_b);
    uint32_t x0 = lanes[0];
    uint32_t x1 = lanes[1];
    uint32_t x2 = lanes[2];
    uint32_t w = tg_even(bytes_a);
    s->a0 = tg_mac2(w, x0, s->a0);
    s->a1 = tg_mac2(w, x1, s->a1);
    s->a2 = tg_mac2(w, x2, s->a2);
    w = tg_even(bytes_b);
    s->b0 = tg_mac2(w, x0, s->b0);
    s->b1 = tg_mac2(w, x1, s->b1);
    s->b2 = tg_mac2(w, x2, s->b2);
    x0 = lanes[3];
    x1 = lanes[4];
    x2 = lanes[5];
    w = tg_odd(bytes_a);
    s->a0 = tg_mac2(w, x0, s->a0);
    s->a1 = tg_mac2(w, x1, s->a1);
    s->a2 = tg_mac2(w, x2, s->a2);
    w = tg_odd(bytes_b);
    s->b0 = tg_mac2(w, x0, s->b0);
    s->b1 = tg_mac2(w, x1, s->b1);
    s->b2 = tg_mac2(w, x2, s->b2);
}

/* Accumulators of channels `channel` and the one after it (or itself, when it is the last). */
static inline sums dot_2x3(const tg_gemm *g, unsigned channel, uint32_t depth) {
    const uint32_t *lanes = g->scratch;
    const uint32_t *end = lanes + depth / STEP * (2U * PATCHES);
    const int8_t *a = g->weights + (size_t)channel * depth;
    ptrdiff_t to_b = channel + 1U < g->channels ? (ptrdiff_t)depth : 0;
    int32_t bias_a = tg_bias(&g->factors, channel);
    int32_t bias_b = tg_bias(&g->factors, to_b == 0 ? channel : channel + 1U);
    sums s = {bias_a, bias_a, bias_a, bias_b, bias_b, bias_b};
    for (; lanes != end; lanes += 2U * PATCHES, a += STEP) {
        step_2x3(&s, lanes, a, a + to_b);
    }
    uint32_t rest = depth & (STEP - 1U);
    if (rest != 0) {
        a -= STEP - rest;
        step_2x3(&s, lanes, a, a + to_b);
    }
    return s;
}

/* All channels of one patch, four at a time. */
static void run_1(const tg_gemm *g, int8_t *output) {
    const tg_requant kind = g->factors.kind;
    const uint32_t depth = g->depth;
    for (unsigned channel = 0; channel < g->channels; channel += 4U) {
        unsigned count = g->channels - channel < 4U ? g->channels - channel : 4U;
        int32_t sum[4] = {0};
        const int8_t *row[4];
        for (unsigned i = 0; i < 4U; i++) {
            unsigned c = channel + (i < count ? i : count - 1U);
            row[i] = g->weights + (size_t)c * depth;
            sum[i] = tg_bias(&g->factors, c);
        }
        const uint32_t *lanes = g->scratch;
        const uint32_t *end = lanes + (depth + STEP - 1U) / STEP * 2U;
        for (uint32_t at = 0; lanes != end; lanes += 2, at += STEP) {
            uint32_t from = at + STEP > depth ? depth - STEP : at;
            for (unsigned i = 0; i < 4U; i++) {
                uint32_t bytes = tg_load4(row[i] + from);
                sum[i] = tg_mac2(tg_even(bytes), lanes[0], sum[i]);
                sum[i] = tg_mac2(tg_odd(bytes), lanes[1], sum[i]);
            }
        }
        for (unsigned i = 0; i < count; i++) {
            output[channel + i] = tg_requantize(&kind, sum[i], tg_factor_of(&g->factors, channel + i));
        }
    }
}

/* Layers so shallow that no step of four values fits. */
static void run_shallow(const tg_gemm *g, const int8_t *input, int8_t *output) {
    for (unsigned channel = 0; channel < g->channels; channel++) {
        int32_t sum = tg_bias(&g->factors, channel);
        for (unsigned i = 0; i < g->depth; i++) {
            sum += (input[i] + g->input_offset) * g->weights[channel * g->depth + i];
        }
        output[channel] = tg_requantize(&g->factors.kind, sum, tg_factor_of(&g->factors, channel));
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, uint32_t step, unsigned count, int8_t *output,
                 uint32_t output_step) {
    if (g->depth < STEP) {
        for (unsigned i = 0; i < count; i++) {
            run_shallow(g, input + i * step, output + i * output_step);
        }
        return;
    }
    if (count == 1U) {
        expand(g->scratch, 1, input, g->depth, g->input_offset);
        run_1(g, output);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        expand((uint32_t *)g->scratch + i, PATCHES, input + i * step, g->depth, g->input_offset);
    }
    const tg_requant kind = g->factors.kind;
    for (unsigned channel = 0; channel < g->channels; channel += 2U) {
        sums s = dot_2x3(g, channel, g->depth);
        tg_factor f = tg_factor_of(&g->factors, channel);
        int8_t *at = output + channel;
        at[0] = tg_requantize(&kind, s.a0, f);
        at[output_step] = tg_requantize(&kind, s.a1, f);
        if (count == PATCHES) {
            at[2U * output_step] = tg_requantize(&kind, s.a2, f);
        }
        if (channel + 1U < g->channels) {
            f = tg_factor_of(&g->factors, channel + 1U);
            at++;
            at[0] = tg_requantize(&kind, s.b0, f);
            at[output_step] = tg_requantize(&kind, s.b1, f);
            if (count == PATCHES) {
                at[2U * output_step] = tg_requantize(&kind, s.b2, f);
            }
        }
    }
}

#endif
