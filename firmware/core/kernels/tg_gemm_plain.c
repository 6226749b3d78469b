/* The matrix product in plain C: four output channels at a time, so that an input value is read once for four
 * weights. What tg_gemm_dsp.c must equal. */
#include "tg_gemm.h"

#if !defined(__ARM_FEATURE_DSP)

#define CHANNELS 4U

/* Accumulators of one patch and the channels at `weights`, bias left out. Rows past the last channel repeat
 * it. */
static void dot(const int8_t *input, int32_t offset, const int8_t *const weights[CHANNELS], uint32_t depth,
                int32_t sums[CHANNELS]) {
    const int8_t *w0 = weights[0];
    const int8_t *w1 = weights[1];
    const int8_t *w2 = weights[2];
    const int8_t *w3 = weights[3];
    int32_t s0 = 0;
    int32_t s1 = 0;
    int32_t s2 = 0;
    int32_t s3 = 0;
    for (uint32_t i = 0; i < depth; i++) {
        int32_t x = input[i] + offset;
        s0 += x * w0[i];
        s1 += x * w1[i];
        s2 += x * w2[i];
        s3 += x * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* Channels `channel` .. of one patch; with `max`, their accumulators only raise `sums`. */
static unsigned block(const tg_gemm *g, const int8_t *input, unsigned channel, int32_t sums[CHANNELS]) {
    unsigned count = g->channels - channel < CHANNELS ? g->channels - channel : CHANNELS;
    const int8_t *rows[CHANNELS];
    for (unsigned i = 0; i < CHANNELS; i++) {
        rows[i] = g->weights + (size_t)(channel + (i < count ? i : count - 1U)) * g->depth;
    }
    dot(input, g->input_offset, rows, g->depth, sums);
    return count;
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, uint32_t step, unsigned count, int8_t *output,
                 uint32_t output_step) {
    for (; count > 0; count--, input += step, output += output_step) {
        tg_factors factors = g->factors;
        for (unsigned channel = 0; channel < g->channels; channel += CHANNELS) {
            int32_t sums[CHANNELS];
            unsigned valid = block(g, input, channel, sums);
            for (unsigned i = 0; i < valid; i++) {
                int32_t sum = sums[i] + tg_next_bias(&factors);
                output[channel + i] = (int8_t)tg_requantize((tg_requant_kind)factors.how.kind, &factors, sum,
                                                            tg_next_factor(&factors));
            }
        }
    }
}

void tg_gemm_max(const tg_gemm *g, const int8_t *input, uint32_t step, unsigned count, int8_t *output,
                 bool combine) {
    tg_factors factors = g->factors;
    for (unsigned channel = 0; channel < g->channels; channel += CHANNELS) {
        int32_t most[CHANNELS] = {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
        unsigned valid = 0;
        for (unsigned p = 0; p < count; p++) {
            int32_t sums[CHANNELS];
            valid = block(g, input + (size_t)p * step, channel, sums);
            for (unsigned i = 0; i < valid; i++) {
                most[i] = sums[i] > most[i] ? sums[i] : most[i];
            }
        }
        for (unsigned i = 0; i < valid; i++) {
            int32_t sum = most[i] + tg_next_bias(&factors);
            int32_t value =
                tg_requantize((tg_requant_kind)factors.how.kind, &factors, sum, tg_next_factor(&factors));
            int8_t *at = &output[channel + i];
            *at = (int8_t)(combine && *at > value ? *at : value);
        }
    }
}

#endif
