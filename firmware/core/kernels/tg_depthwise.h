/* One output position of a depthwise convolution, all channels.
 *
 * It exists twice, with equal results: depthwise_plain.c and, for the DSP extension, depthwise_dsp.c.
 * Internal to the core.
 */
#ifndef TG_DEPTHWISE_H
#define TG_DEPTHWISE_H

#include "tg_conv.h"

/* The filter taps that fall inside the input. */
typedef struct {
    const int8_t *input;   /* at the first tap, channel 0 */
    const int8_t *weights; /* at the first tap, channel 0 */
    unsigned rows;
    unsigned columns;
    uint32_t row_step; /* input values from one row of taps to the next */
    uint32_t column_step;
    uint32_t weights_step; /* weights from one row of taps to the next; between columns: all channels */
} tg_taps;

/* Writes c->out_c outputs. */
void tg_depthwise_run(const tg_conv *c, const tg_factors *factors, const tg_taps *taps, int8_t *output);

/* Accumulator of one output channel, without its bias. */
static inline int32_t tg_depthwise_one(const tg_conv *c, const tg_taps *taps, unsigned channel) {
    int32_t sum = 0;
    for (unsigned row = 0; row < taps->rows; row++) {
        const int8_t *input = taps->input + (size_t)row * taps->row_step + channel / c->filter_c;
        const int8_t *weights = taps->weights + (size_t)row * taps->weights_step + channel;
        for (unsigned column = 0; column < taps->columns; column++) {
            sum += (*input + c->input_offset) * *weights;
            input += taps->column_step;
            weights += c->out_c;
        }
    }
    return sum;
}

#endif
