#include "tg_requant.h"

#define ACCUMULATOR_LIMIT (1 << 30)

/* Whether no accumulator of these biases can reach +-2^30. */
static bool accumulators_fit(const tg_view *bias, uint32_t depth) {
    /* A product is at most 255 x 128. */
    if (depth > ACCUMULATOR_LIMIT / (255U * 128U)) {
        return false;
    }
    int32_t room = ACCUMULATOR_LIMIT - (int32_t)depth * (255 * 128);
    for (uint32_t i = 0; i < bias->size && bias->data != NULL; i++) {
        int32_t value = (int32_t)tg_load32(bias->data + 4U * i);
        if (value >= room || value <= -room) {
            return false;
        }
    }
    return true;
}

/* The cheapest way that is exact for these factors and this output. */
static tg_requant_kind requant_kind(const tg_requant *requant, int32_t least_shift, int32_t most_shift) {
    if (least_shift < 1 ||
        most_shift > 23) { /* the rounding constant and the zero point fit beside the product */
        return TG_REQUANT_ANY;
    }
    bool saturated_only = requant->low == INT8_MIN && requant->high == INT8_MAX;
    return saturated_only && requant->zero_point == INT8_MIN ? TG_REQUANT_RELU : TG_REQUANT_SHIFTED;
}

int tg_requant_make(tg_requant *requant, tg_prepare *p, uint32_t activation, uint32_t depth,
                    uint32_t channels, bool float_product) {
    const tg_view *weights = &p->input[1];
    uint32_t count = weights->scale_count > 1 ? channels : 1;
    int32_t *mantissas = tg_alloc(p->arena, count * (uint32_t)sizeof *mantissas, &requant->mantissas);
    int8_t *shifts = tg_alloc(p->arena, count, &requant->shifts);
    if (mantissas == NULL || shifts == NULL) {
        return TG_ERR_ARENA;
    }
    if (!accumulators_fit(&p->input[2], depth)) {
        return TG_ERR_QUANTIZATION;
    }
    uint32_t input_scale = tg_scale_of(&p->input[0]);
    bool product_first = float_product && count == 1;
    if (product_first) {
        input_scale = tg_scale_product(input_scale, tg_load32(weights->scales));
    }
    const tg_ratio ratio = tg_ratio_make(input_scale, tg_scale_of(&p->output));
    int32_t least = INT8_MAX;
    int32_t most = INT8_MIN;
    for (uint32_t i = 0; i < count; i++) {
        tg_multiplier multiplier;
        uint32_t scale = product_first ? TG_SCALE_ONE : tg_load32(weights->scales + 4U * i);
        if (!tg_multiplier_of(&multiplier, &ratio, scale, 0)) {
            return TG_ERR_QUANTIZATION;
        }
        int32_t right = -multiplier.shift;
        mantissas[i] = multiplier.mantissa;
        shifts[i] = (int8_t)right;
        least = right < least ? right : least;
        most = right > most ? right : most;
    }
    requant->per_channel = count > 1;
    requant->zero_point = p->output.zero_point;
    int err = tg_activation_range(activation, &p->output, &requant->low, &requant->high);
    requant->kind = (uint8_t)requant_kind(requant, least, most);
    return err;
}

tg_factors tg_factors_at(const tg_model *model, const tg_requant *requant, tg_ref bias,
                         uint32_t first_channel) {
    uint32_t first = requant->per_channel != 0 ? first_channel : 0;
    return (tg_factors){
        .bias = bias == TG_REF_NONE ? NULL : (const int32_t *)tg_at(model, bias) + first_channel,
        .mantissa = (const int32_t *)tg_at(model, requant->mantissas) + first,
        .shift = (const int8_t *)tg_at(model, requant->shifts) + first,
        .how = requant,
    };
}

int32_t tg_requantize(const tg_requant *how, const tg_factor *factor, int32_t accumulator) {
    int32_t value;
    if (how->kind == TG_REQUANT_RELU && accumulator <= 0) {
        return INT8_MIN; /* nothing positive is added to the zero point */
    }
    if (how->kind == TG_REQUANT_ANY) {
        value = tg_rescale(accumulator, (tg_multiplier){factor->mantissa, -factor->right});
        value += how->zero_point;
    } else {
        /* Half a step and the zero point are added before the one shift that serves both. */
        value = tg_high_mul_positive(accumulator, factor->mantissa);
        value = (value + (value >> 31) + factor->constant) >> factor->right;
    }
    return tg_clamp(value, how->low, how->high);
}
