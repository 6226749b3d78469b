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

/* The filter taps that fall inside the input at one output position. */
typedef struct {
    const int8_t *input; /* at the first tap, channel 0 */
    uint32_t first;      /* number of the first tap */
    unsigned rows;
    unsigned columns;
} tg_taps;

tg_taps tg_depthwise_taps(const tg_depthwise *d, unsigned y, unsigned x);

/* Whether tg_depthwise_four() can be used. */
static inline bool tg_depthwise_by_four(const tg_conv *c) {
    return c->filter_c == 1 && c->out_c >= 4U;
}

/* Output channels channel .. channel + 3 at all positions. */
void tg_depthwise_four(const tg_depthwise *d, unsigned channel);

/* One output channel at all positions. */
void tg_depthwise_one(const tg_depthwise *d, unsigned channel);

#endif
