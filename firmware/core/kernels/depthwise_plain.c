#include "tg_depthwise.h"

#if !defined(__ARM_FEATURE_DSP)

void tg_depthwise_run(const tg_conv *c, const tg_factors *layer, const tg_taps *taps, int8_t *output) {
    tg_factors factors = *layer;
    for (unsigned channel = 0; channel < c->out_c; channel++) {
        int32_t sum = tg_depthwise_one(c, taps, channel) + tg_next_bias(&factors);
        output[channel] =
            (int8_t)tg_requantize((tg_requant_kind)factors.how.kind, &factors, sum, tg_next_factor(&factors));
    }
}

#endif
