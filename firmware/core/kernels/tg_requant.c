#include "tg_requant.h"

#define ACCUMULATOR_LIMIT (1 << 30)

/* A product is at most 255 x 128. */
#define MOST_PRODUCT (255U * 128U)

/* Whether no accumulator of `depth` products and one of these biases can reach +-2^30. */
static bool biases_fit(const tg_view *bias, uint32_t depth) {
    const uint32_t room = ACCUMULATOR_LIMIT - 1U - depth * MOST_PRODUCT;
    const uint8_t *value = bias->data;
    const uint8_t *end = value + 4U * bias->size;
    do {
        if (tg_load32(value) + room > 2U * room) {
            return false;
        }
        value += 4;
    } while (value != end);
    return true;
}

int tg_requant_make(tg_requant *requant, tg_prepare *p, uint32_t channels, bool float_product) {
    const tg_view *weights = &p->input[1];
    const tg_view *bias = &p->input[2];
    const uint32_t words = channels * (uint32_t)sizeof(int32_t);
    const uint32_t bytes = (channels + 3U) & ~3U;
    int32_t *mantissas =
        tg_alloc(&p->arena, words + bytes + (bias->data == NULL ? words : 0), &requant->mantissas);
    if (mantissas == NULL) {
        return TG_ERR_ARENA;
    }
    int8_t *shifts = (int8_t *)mantissas + words;
    requant->shifts = requant->mantissas + words;
    requant->biases = requant->shifts + bytes;
    if (p->steps > ACCUMULATOR_LIMIT / MOST_PRODUCT) {
        return TG_ERR_QUANTIZATION;
    }
    if (bias->data == NULL) {
        memset(shifts + bytes, 0, words);
    } else {
        requant->biases = tg_constant(p, bias);
        if (!biases_fit(bias, p->steps)) {
            return TG_ERR_QUANTIZATION;
        }
    }
    uint32_t input_scale = tg_scale_of(&p->input[0]);
    const uint8_t *scales = tg_items(weights->scales);
    uint32_t count = tg_count(weights->scales);
    static const uint32_t ONE = TG_SCALE_ONE;
    if (float_product && count == 1) {
        input_scale = tg_scale_product(input_scale, tg_load32(scales));
        scales = (const uint8_t *)&ONE;
    }
    tg_ratio ratio;
    tg_ratio_make(&ratio, input_scale, tg_scale_of(&p->output));
    int narrow = tg_multipliers(mantissas, shifts, scales, count, &ratio);
    if (narrow < 0) {
        return narrow;
    }
    for (; count < channels; count++) {
        mantissas[count] = mantissas[0];
        shifts[count] = shifts[0];
    }
    requant->zero_point = p->output.zero_point;
    requant->low = p->low;
    requant->high = p->high;
    /* The cheapest way that is exact for these factors and this output; `narrow`: the rounding constant and
     * the zero point fit beside the product. */
    bool saturated_only = requant->low == INT8_MIN && requant->high == INT8_MAX;
    bool relu = requant->zero_point == INT8_MIN;
    requant->kind = narrow == 0       ? TG_REQUANT_ANY
                    : !saturated_only ? TG_REQUANT_SHIFTED
                    : relu            ? TG_REQUANT_RELU
                                      : TG_REQUANT_SATURATED;
    return 0;
}

void tg_factors_set(tg_factors *factors, const tg_model *model, const tg_requant *requant,
                    uint32_t first_channel) {
    factors->bias = (const int32_t *)tg_at(model, requant->biases) + first_channel;
    factors->mantissa = (const int32_t *)(const void *)(model->arena + requant->mantissas) + first_channel;
    factors->shift = (const int8_t *)model->arena + requant->shifts + first_channel;
    factors->how = requant;
}

int8_t tg_output_of(const tg_factors *factors, uint32_t channel, int32_t sum) {
    const tg_requant *how = factors->how;
    sum += factors->bias[channel];
    sum = tg_rescale_by(sum, factors->mantissa[channel], -factors->shift[channel] - 1);
    return (int8_t)tg_clamp(tg_wrap_add(sum, how->zero_point), how->low, how->high);
}
