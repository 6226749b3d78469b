/* The matrix product's inner loops with the DSP extension: all output channels times some patches. Internal
 * to tg_gemm_dsp.c.
 *
 * Patches are expanded to lanes: their values less the zero point, times two, as pairs of int16, in steps of
 * four values: first the pairs of values 0 and 2 of three patches, then those of values 1 and 3, which is how
 * SXTB16 takes four bytes apart. Accumulators are so twice what they should be, as the requantisation wants
 * them, and still fit, as none reaches +-2^30. Weights are expanded on the way, once for all patches.
 */
#ifndef TG_UNIT_DSP_H
#define TG_UNIT_DSP_H

#include "tg_gemm.h"

/* Some patches, and the next channel. The functions below know this layout; steps are bytes. */
typedef struct {
    const int32_t *mantissa; /* 0 */
    int8_t *output;          /* 4: of the first patch */
    uint32_t pooled;         /* 8 */
    int32_t constant;        /* 12: 2 x the zero point + 1 */
    uint32_t to_shift;       /* 16: from `output` to the channel's shift */
    uint32_t step[3];        /* 20: from the first patch's output to the 2nd, 4th and 6th */
    uint32_t to_bias;        /* 32: from `mantissa` to the channel's bias */
    uint32_t back;           /* 36: values by which the first step starts early */
    const int8_t *last;      /* 40: output of the channel behind the last */
    const uint32_t *lanes;   /* 44 */
    const uint32_t *end;     /* 48: of the lanes */
    const int8_t *weights;   /* 52 */
    uint32_t depth;          /* 56 */
    uint32_t base;           /* 60: the input offset, twice */
    uint32_t keep[2];        /* 64: what is kept of a first step's lanes */
    uint32_t to_second;      /* 72: from a patch to those that are expanded with it */
    uint32_t to_third;       /* 76 */
    uint32_t width;          /* 80: from a step's lanes to the next one's */
} tg_unit;

/* Six patches, requantised as TG_REQUANT_RELU; or pooled, three of each of two outputs, which are raised. */
void tg_unit_six(tg_unit *unit);

/* Three patches. */
void tg_unit_three(tg_unit *unit);

/* One patch and at least four channels. */
void tg_unit_one(tg_unit *unit, const int8_t *patch);

/* Expands three patches, and returns where they end. */
const uint32_t *tg_unit_lanes(const tg_unit *unit, uint32_t *lanes, const int8_t *patch);

#endif
