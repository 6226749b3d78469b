/* Sums and maxima over rows that lie one behind the other: what poolings and reductions are made of. Internal
 * to the core. */
#ifndef TG_ROWS_H
#define TG_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Sum of a value of each of `count` rows, `width` values apart. */
static inline int32_t tg_row_sum(const int8_t *value, uint32_t count, uint32_t width) {
    int32_t sum = 0;
    for (; count > 0; count--, value += width) {
        sum += *value;
    }
    return sum;
}

/* Sums `count` rows, at least one, of `width` values. */
void tg_rows_sum(const int8_t *rows, uint32_t count, uint32_t width, int32_t *sums);

/* Raises `width` values to the largest of the rows. */
void tg_rows_raise(const int8_t *rows, uint32_t count, uint32_t width, int8_t *most);

#endif
