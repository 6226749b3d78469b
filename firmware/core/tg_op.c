#include "tg_op.h"

int tg_check_has(const tg_view *view, uint32_t bits) {
    uint32_t missing = bits & ~(uint32_t)view->has & ~TG_OPTIONAL;
    return missing == 0                                          ? 0
           : (missing & (TG_INT8 | TG_INT32 | TG_CONSTANT)) != 0 ? TG_ERR_TYPE
                                                                 : TG_ERR_QUANTIZATION;
}

bool tg_same_quantization(const tg_view *a, const tg_view *b) {
    return tg_scale_of(a) == tg_scale_of(b) && a->zero_point == b->zero_point;
}

bool tg_same_shape(const tg_view *a, const tg_view *b) {
    return memcmp(a->dim, b->dim, sizeof a->dim) == 0;
}

int tg_activation_range(uint32_t activation, const tg_view *view, int8_t *low, int8_t *high) {
    static const uint32_t SIX = 0x40C00000U; /* bits of 6.0f */
    int32_t zero = view->zero_point;
    int32_t bottom = INT8_MIN;
    int32_t top = INT8_MAX;
    switch (activation) {
    case ACTIVATION_NONE:
        break;
    case ACTIVATION_RELU:
        bottom = zero;
        break;
    case ACTIVATION_RELU6:
        bottom = zero;
        top = zero + tg_scale_quotient(SIX, tg_scale_of(view));
        break;
    case ACTIVATION_RELU_N1_TO_1:
        bottom = zero - tg_scale_quotient(TG_SCALE_ONE, tg_scale_of(view));
        top = zero + tg_scale_quotient(TG_SCALE_ONE, tg_scale_of(view));
        break;
    default:
        return TG_ERR_OPTION;
    }
    *low = (int8_t)tg_clamp(bottom, INT8_MIN, INT8_MAX);
    *high = (int8_t)tg_clamp(top, INT8_MIN, INT8_MAX);
    return 0;
}
