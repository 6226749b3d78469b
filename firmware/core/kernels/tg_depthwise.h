/* Depthwise convolution, some channels at all positions.
 *
 * The four channels exist three times, with equal results: as four times one in plain C
 * (depthwise_conv_2d.c), in depthwise_dsp.c for the DSP extension, and in depthwise_v6m.c for Armv6-M.
 * Internal to the core.
 */
#ifndef TG_DEPTHWISE_H
#define TG_DEPTHWISE_H

#include "tg_conv.h"

typedef struct {
    const tg_conv *c;
    const int8_t *input;
    const int8_t *weights;
    tg_factors factors;
    uint32_t *scratch; /* TG_DEPTHWISE_TAP bytes for every filter tap, at least TG_DEPTHWISE_SUMS */
    int8_t *output;
} tg_depthwise;

#define TG_DEPTHWISE_TAP  8U
#define TG_DEPTHWISE_SUMS 128U /* and at least these, four accumulators of eight positions */

/* Whether tg_depthwise_fours() can be used: not where all taps of a filter may lie in the padding. */
static inline bool tg_depthwise_by_four(const tg_conv *c) {
    return c->filter_c == 1 && c->out_c >= 4U &&
           (c->h.dilation * c->w.dilation == 1 || c->h.pad + c->w.pad == 0);
}

/* All output channels at all positions, four at a time; the last four overlap those before when their number
 * is no multiple of four. */
void tg_depthwise_fours(tg_depthwise *d);

/* All channels, one by one. */
void tg_depthwise_plain(tg_depthwise *d);

#endif
