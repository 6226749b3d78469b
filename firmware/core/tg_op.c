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

int tg_activation_range(uint32_t activation, const tg_view *view, int8_t *low, int8_t *high) {
    static const uint32_t SIX = 0x40C00000U; /* bits of 6.0f */
    int32_t bottom = INT8_MIN;
    int32_t top = INT8_MAX;
    if (activation > ACTIVATION_RELU6) {
        return TG_ERR_OPTION;
    }
    if (activation != ACTIVATION_NONE) {
        bottom = view->zero_point;
    }
    if (activation > ACTIVATION_RELU) {
        bool six = activation == ACTIVATION_RELU6;
        int32_t quotient = tg_scale_quotient(six ? SIX : TG_SCALE_ONE, tg_scale_of(view));
        top = bottom + quotient < INT8_MAX ? bottom + quotient : INT8_MAX;
        bottom = six ? bottom : bottom - quotient > INT8_MIN ? bottom - quotient : INT8_MIN;
    }
    *low = (int8_t)bottom;
    *high = (int8_t)top;
    return 0;
}
