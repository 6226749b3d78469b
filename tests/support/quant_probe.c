/* Test-only: the core's quantisation arithmetic over arrays, for tests/test_core_quant.py. */
#include "tg_quant.h"

void probe_multiplier(uint32_t count, const uint32_t *a, const uint32_t *b, const uint32_t *c,
                      int32_t *mantissa, int32_t *shift, uint8_t *ok);
void probe_product(uint32_t count, const uint32_t *a, const uint32_t *b, uint32_t *product);
void probe_quotient(uint32_t count, const uint32_t *value, const uint32_t *scale, int32_t *quotient);
void probe_valid(uint32_t count, const uint32_t *scale, uint8_t *valid);
void probe_rescale(uint32_t count, const int32_t *value, const int32_t *mantissa, const int32_t *shift,
                   int32_t *result);

void probe_multiplier(uint32_t count, const uint32_t *a, const uint32_t *b, const uint32_t *c,
                      int32_t *mantissa, int32_t *shift, uint8_t *ok) {
    for (uint32_t i = 0; i < count; i++) {
        tg_multiplier m = {-1, -1};
        ok[i] = tg_multiplier_make(&m, a[i], b[i], c[i]);
        mantissa[i] = m.mantissa;
        shift[i] = m.shift;
    }
}

void probe_product(uint32_t count, const uint32_t *a, const uint32_t *b, uint32_t *product) {
    for (uint32_t i = 0; i < count; i++) {
        product[i] = tg_scale_product(a[i], b[i]);
    }
}

void probe_quotient(uint32_t count, const uint32_t *value, const uint32_t *scale, int32_t *quotient) {
    for (uint32_t i = 0; i < count; i++) {
        quotient[i] = tg_scale_quotient(value[i], scale[i]);
    }
}

void probe_valid(uint32_t count, const uint32_t *scale, uint8_t *valid) {
    for (uint32_t i = 0; i < count; i++) {
        valid[i] = tg_scale_valid(scale[i]);
    }
}

void probe_rescale(uint32_t count, const int32_t *value, const int32_t *mantissa, const int32_t *shift,
                   int32_t *result) {
    for (uint32_t i = 0; i < count; i++) {
        result[i] = tg_rescale(value[i], (tg_multiplier){mantissa[i], shift[i]});
    }
}
