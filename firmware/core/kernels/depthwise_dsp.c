/* Four channels at a time: an input word and a weight word hold one tap of four channels, and the 16-bit
 * multiply- accumulates take either half of a register. The last group overlaps the one before when channels
 * are no multiple of four. */
#include "tg_depthwise.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

#define GROUP 4U

/* The group's taps, then its outputs; `kind` is known where this is inlined. */
static inline __attribute__((always_inline)) void run_4(tg_requant_kind kind, const tg_conv *c,
                                                        tg_factors *factors, const tg_taps *taps,
                                                        unsigned channel, int8_t *output) {
    uint32_t base = tg_pair(c->input_offset);
    uint32_t column_step = taps->column_step;
    uint32_t channels = c->out_c;
    int32_t sum0 = tg_next_bias(factors);
    int32_t sum1 = tg_next_bias(factors);
    int32_t sum2 = tg_next_bias(factors);
    int32_t sum3 = tg_next_bias(factors);
    for (unsigned row = 0; row < taps->rows; row++) {
        const int8_t *input = taps->input + (size_t)row * taps->row_step + channel;
        const int8_t *weights = taps->weights + (size_t)row * taps->weights_step + channel;
        const int8_t *end = input + (size_t)taps->columns * column_step;
        for (; input != end; input += column_step, weights += channels) {
            uint32_t x = tg_load4(input);
            uint32_t w = tg_load4(weights);
            uint32_t x_even = tg_even_plus(base, x);
            uint32_t w_even = tg_even(w);
            sum0 = tg_mac_low(x_even, w_even, sum0);
            sum2 = tg_mac_high(x_even, w_even, sum2);
            uint32_t x_odd = tg_odd_plus(base, x);
            uint32_t w_odd = tg_odd(w);
            sum1 = tg_mac_low(x_odd, w_odd, sum1);
            sum3 = tg_mac_high(x_odd, w_odd, sum3);
        }
    }
    output += channel;
    output[0] = (int8_t)tg_requantize(kind, factors, sum0, tg_next_factor(factors));
    output[1] = (int8_t)tg_requantize(kind, factors, sum1, tg_next_factor(factors));
    output[2] = (int8_t)tg_requantize(kind, factors, sum2, tg_next_factor(factors));
    output[3] = (int8_t)tg_requantize(kind, factors, sum3, tg_next_factor(factors));
}

/* Groups of four, and what is left over one by one. */
static inline __attribute__((always_inline)) void
run(tg_requant_kind kind, const tg_conv *c, const tg_factors *layer, const tg_taps *taps, int8_t *output) {
    tg_factors factors = *layer;
    unsigned channel = 0;
    if (c->filter_c == 1) {
        for (; channel + GROUP <= c->out_c; channel += GROUP) {
            run_4(kind, c, &factors, taps, channel, output);
        }
    }
    for (; channel < c->out_c; channel++) {
        int32_t sum = tg_depthwise_one(c, taps, channel) + tg_next_bias(&factors);
        output[channel] = (int8_t)tg_requantize(kind, &factors, sum, tg_next_factor(&factors));
    }
}

void tg_depthwise_run(const tg_conv *c, const tg_factors *layer, const tg_taps *taps, int8_t *output) {
    if (layer->how.kind == TG_REQUANT_RELU) {
        run(TG_REQUANT_RELU, c, layer, taps, output);
    } else {
        run((tg_requant_kind)layer->how.kind, c, layer, taps, output);
    }
}

#endif
