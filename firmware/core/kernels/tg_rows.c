#include "tg_rows.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

/* Four sums with the DSP extension: equal to one at a time. */
static void sum_four(const int8_t *rows, uint32_t count, uint32_t width, int32_t *sums) {
    int32_t a = 0;
    int32_t b = 0;
    int32_t c = 0;
    int32_t d = 0;
    do {
        uint32_t bytes = tg_load4(rows);
        rows += width;
        a = tg_add_byte(a, bytes, 0);
        b = tg_add_byte(b, bytes, 8);
        c = tg_add_byte(c, bytes, 16);
        d = tg_add_byte(d, bytes, 24);
    } while (--count > 0);
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

#endif

void tg_rows_sum(const int8_t *rows, uint32_t count, uint32_t width, int32_t *sums) {
    uint32_t i = 0;
#if defined(__ARM_FEATURE_DSP)
    for (; i + 4U <= width; i += 4U) {
        sum_four(rows + i, count, width, sums + i);
    }
#endif
    for (; i < width; i++) {
        sums[i] = tg_row_sum(rows + i, count, width);
    }
}

void tg_rows_raise(const int8_t *rows, uint32_t count, uint32_t width, int8_t *most) {
    for (uint32_t i = 0; i < width; i++) {
        const int8_t *value = rows + i;
        int32_t max = most[i];
        uint32_t left = count;
        do {
            max = *value > max ? *value : max;
            value += width;
        } while (--left > 0);
        most[i] = (int8_t)max;
    }
}
