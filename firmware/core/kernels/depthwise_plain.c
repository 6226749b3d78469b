#include "tg_depthwise.h"

#if !defined(__ARM_FEATURE_DSP)

void tg_depthwise_run(const tg_conv *c, const tg_factors *factors, const tg_taps *taps, int8_t *output) {
    const tg_requant kind = factors->kind;
    for (unsigned channel = 0; channel < c->out_c; channel++) {
        int32_t sum = tg_depthwise_one(c, taps, channel) + tg_bias(factors, channel);
        output[channel] = tg_requantize(&kind, sum, tg_factor_of(factors, channel));
    }
}

#endif
