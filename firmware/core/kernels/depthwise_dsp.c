/* Four channels at a time: an input word and a weight word hold one tap of four channels, and the 16-bit
 * multiply- accumulates take either half of a register. The last group overlaps the one before when channels
 * are no multiple of four. */
#include "tg_depthwise.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

#define GROUP 4U

static void run_4(const tg_conv *c, const tg_factors *factors, const tg_taps *taps, unsigned channel,
                  int8_t *output) {
    uint32_t base = tg_pair(c->input_offset);
    int32_t sum0 = tg_bias(factors, channel);
    int32_t sum1 = tg_bias(factors, channel + 1U);
    int32_t sum2 = tg_bias(factors, channel + 2U);
    int32_t sum3 = tg_bias(factors, channel + 3U);
    for (unsigned row = 0; row < taps->rows; row++) {
        const int8_t *input = taps->input + (size_t)row * taps->row_step + channel;
        const int8_t *weights = taps->weights + (size_t)row * taps->weights_step + channel;
        const int8_t *end = input + (size_t)taps->columns * taps->column_step;
        for (; input != end; input += taps->column_step, weights += c->out_c) {
            uint32_t x = tg_load4(input);
            uint32_t w = tg_load4(weights);
            uint32_t x_even = tg_even_plus(base, x);
            uint32_t x_odd = tg_odd_plus(base, x);
            uint32_t w_even = tg_even(w);
            uint32_t w_odd = tg_odd(w);
            sum0 = tg_mac_low(x_even, w_even, sum0);
            sum1 = tg_mac_low(x_odd, w_odd, sum1);
            sum2 = tg_mac_high(x_even, w_even, sum2);
            sum3 = tg_mac_high(x_odd, w_odd, sum3);
        }
    }
    const tg_requant kind = factors->kind;
    output[channel] = tg_requantize(&kind, sum0, tg_factor_of(factors, channel));
    output[channel + 1U] = tg_requantize(&kind, sum1, tg_factor_of(factors, channel + 1U));
    output[channel + 2U] = tg_requantize(&kind, sum2, tg_factor_of(factors, channel + 2U));
    output[channel + 3U] = tg_requantize(&kind, sum3, tg_factor_of(factors, channel + 3U));
}

void tg_depthwise_run(const tg_conv *c, const tg_factors *factors, const tg_taps *taps, int8_t *output) {
    if (c->filter_c == 1 && c->out_c >= GROUP) {
        unsigned last = c->out_c - GROUP;
        for (unsigned channel = 0; channel < last; channel += GROUP) {
            run_4(c, factors, taps, channel, output);
        }
        run_4(c, factors, taps, last, output);
        return;
    }
    for (unsigned channel = 0; channel < c->out_c; channel++) {
        int32_t sum = tg_depthwise_one(c, taps, channel) + tg_bias(factors, channel);
        output[channel] = tg_requantize(&factors->kind, sum, tg_factor_of(factors, channel));
    }
}

#endif
