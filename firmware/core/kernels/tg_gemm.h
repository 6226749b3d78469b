/* The matrix product that convolutions and fully connected layers are made of.
 *
 * Input patches (rows of `depth` int8 values) times all output channels, requantised. An output may be made
 * of several patches, as a max-pooling behind a convolution wants it: it is then the maximum over them, taken
 * before requantisation, which keeps the order. It exists three times, with equal results: tg_gemm_plain.c in
 * readable C for every processor, tg_gemm_dsp.c for those with the dual 16-bit multiply-accumulate of the
 * Armv7E-M DSP extension, and tg_gemm_v6m.c for Armv6-M. Internal to the core.
 */
#ifndef TG_GEMM_H
#define TG_GEMM_H

#include "tg_conv.h"

/* What the DSP form takes together: six patches or three, or three of each of two outputs that have several,
 * times one channel; or one patch times four channels. */
#define TG_GEMM_GROUP    3U
#define TG_GEMM_CHANNELS 4U

/* Patches of an output: `runs` runs of `count`. Distances are in input values. */
typedef struct {
    uint16_t count;
    uint16_t runs;
    uint32_t step;     /* from a patch to the next one of its run */
    uint32_t run_step; /* from a run to the next one of its output */
    uint32_t skip;     /* from an output to the next one */
} tg_patches;

typedef struct {
    const int8_t *weights; /* [channels][depth] */
    tg_factors factors;    /* of the channels */
    uint32_t depth;
    uint32_t channels;
    int32_t input_offset;
    tg_patches patches;
    uint32_t output_step; /* from an output's channels to the next one's */
    uint32_t *scratch;
    uint32_t scratch_size; /* tg_gemm_scratch() */
} tg_gemm;

/* Whether an output is made of several patches. */
static inline bool tg_gemm_pooled(const tg_patches *patches) {
    return patches->count * patches->runs != 1;
}

/* Bytes of scratch for calls of at most `outputs` outputs: what the DSP form needs, so that an arena has one
 * size everywhere; a multiple of TG_GEMM_LEAST. room: bytes of it that cost nothing. */
uint32_t tg_gemm_scratch(uint32_t depth, bool pooled, uint32_t outputs, uint32_t room);

#define TG_GEMM_LEAST 16U /* the four accumulators of an output on Armv6-M */

/* Makes `outputs` outputs from the patches at `input`. */
void tg_gemm_run(const tg_gemm *gemm, const int8_t *input, unsigned outputs, int8_t *output);

/* The same in plain C. */
void tg_gemm_plain(const tg_gemm *gemm, const int8_t *input, unsigned outputs, int8_t *output);

#endif
