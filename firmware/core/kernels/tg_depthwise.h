/* Depthwise convolution, some channels at all positions.
 *
 * The four channels exist three times, with equal results: as four times one in plain C
 * (depthwise_conv_2d.c), in depthwise_dsp.c for the DSP extension, and in depthwise_v6m.c for Armv6-M.
 * Internal to the core.
 */
#ifndef TG_DEPTHWISE_H
#define TG_DEPTHWISE_H

#include "tg_conv.h"

/* Scratch: TG_DEPTHWISE_TAP bytes for every filter tap. */
#define TG_DEPTHWISE_TAP  8U
#define TG_DEPTHWISE_SUMS 128U /* and at least these, four accumulators of eight positions */

/* All output channels at all positions, four at a time; the last four overlap those before when their number
 * is no multiple of four. Returns false, with nothing done, for rare requantisations and dilations. */
bool tg_depthwise_fours(const tg_run *run);

#endif
