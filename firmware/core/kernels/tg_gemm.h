/* The matrix product that convolutions and fully connected layers are made of.
 *
 * One call takes a few input patches (rows of `depth` int8 values each) times all output channels, and
 * requantises. It exists twice, with equal results: tg_gemm_plain.c in readable C for every processor, and
 * tg_gemm_dsp.c for those with the dual 16-bit multiply-accumulate of the Armv7E-M DSP extension. Internal to
 * the core.
 */
#ifndef TG_GEMM_H
#define TG_GEMM_H

#include "tg_conv.h"

#define TG_GEMM_POSITIONS 3U /* most patches of one call */

typedef struct {
    const int8_t *weights; /* [channels][depth] */
    tg_factors factors;    /* of the channels */
    uint32_t depth;
    uint32_t channels;
    int16_t input_offset;
    void *scratch; /* tg_gemm_scratch() bytes, 4-byte aligned */
} tg_gemm;

/* Bytes of scratch for patches of this depth: what the DSP form needs, so that an arena has one size
 * everywhere. */
static inline uint32_t tg_gemm_scratch(uint32_t depth) {
    return (depth + 3U) / 4U * (2U * TG_GEMM_POSITIONS * (uint32_t)sizeof(uint32_t));
}

/* Patches at input, input + step, ...: `count` of them, at most TG_GEMM_POSITIONS.
 * The channels of patch i go to output + i * output_step. */
void tg_gemm_run(const tg_gemm *gemm, const int8_t *input, uint32_t step, unsigned count, int8_t *output,
                 uint32_t output_step);

/* The same, followed by the maximum over the patches; with `combine`, over what output holds as well. */
void tg_gemm_max(const tg_gemm *gemm, const int8_t *input, uint32_t step, unsigned count, int8_t *output,
                 bool combine);

#endif
