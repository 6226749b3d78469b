/* The matrix product's inner loops with the DSP extension: two output channels times three patches at a time.
 * Internal to tg_gemm_dsp.c. */
#ifndef TG_PAIR_DSP_H
#define TG_PAIR_DSP_H

#include "tg_gemm.h"

/* Two output channels and the patches of a call. The functions below know this layout; steps are bytes.
 *
 * Lanes are the patches' values less their zero point, times two, as pairs of int16: so accumulators are
 * twice what they should be, as the requantisation wants them, and still fit, as none reaches +-2^30. */
typedef struct {
    int32_t start[6];        /* 0: twice the bias of the first channel three times, then of the second */
    const uint32_t *pair;    /* 24: the channels' weights, expanded */
    const uint32_t *lanes;   /* 28: of the next group */
    const uint32_t *end;     /* 32: of the weights */
    tg_factor factor[2];     /* 36 */
    int8_t *output;          /* 60 */
    uint32_t output_step;    /* 64 */
    uint32_t to_b;           /* 68: from the first channel's output to the second's */
    const uint32_t *last;    /* 72: end of the lanes of outputs that follow each other */
    const uint32_t *all;     /* 76: end of all lanes: of a last group that overlaps those, or `last` again */
    uint32_t overlap;        /* 80: from the output behind `last` back to the last group's */
    uint32_t lanes_step;     /* 84: lanes of an output that is a maximum */
    const uint32_t *stop;    /* 88: end of them */
    int32_t sums[6];         /* 92: of the first channel, then of the second; or the most of each */
    uint32_t relu;           /* 116: whether to requantise as TG_REQUANT_RELU */
    const int8_t *weights;   /* 120: of the first channel, from the first step on */
    uint32_t row;            /* 124: to those of the second */
    uint32_t row_bytes;      /* 128: of a row in whole steps */
    const int32_t *bias;     /* 132: of the first channel */
    uint32_t bias_step;      /* 136: to that of the second */
    const int32_t *mantissa; /* 140 */
    uint32_t mantissa_step;  /* 144 */
    const int8_t *shift;     /* 148 */
    uint32_t shift_step;     /* 152 */
} tg_pair;

/* Sets pair, end, start and factor, and moves on to the next two channels. */
void tg_pair_set(tg_pair *pair);

/* Makes the outputs of all groups, requantised as TG_REQUANT_RELU. */
void tg_pair_run(tg_pair *pair);

/* The largest accumulators of the next output, halved, go to sums[0] and [1]; with `relu`, outputs are made
 * of those of all up to `last`. */
void tg_pair_max(tg_pair *pair);

/* Stores the accumulators of the next group, halved. */
void tg_pair_sums(tg_pair *pair);

/* Expands a group of patches: `first` up to `end`, and those to_second and to_third behind it; `stride` bytes
 * lead from a step's words to the next one's. Returns where the next words go. */
uint32_t *tg_pair_lanes(uint32_t *lanes, const int8_t *first, uint32_t to_second, uint32_t to_third,
                        const int8_t *end, uint32_t base, uint32_t stride);

/* Values by which the first step of this depth starts early. */
static inline uint32_t tg_pair_back(uint32_t depth) {
    return (0U - depth) % 4U;
}

/* Expands the patches of a line, `step` apart, the steps of `together` groups one behind the other. When they
 * do not fill the last group it starts earlier, or repeats the last patch. Returns where the next words go.
 */
uint32_t *tg_pair_line(const tg_gemm *g, uint32_t *lanes, const int8_t *line, uint32_t step, unsigned count,
                       unsigned together);

#endif
