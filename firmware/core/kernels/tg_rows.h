/* Sums and maxima over rows that lie one behind the other: what poolings and reductions are made of. Internal
 * to the core. */
#ifndef TG_ROWS_H
#define TG_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Adds `count` rows, at least one, of `width` values to as many sums. */
void tg_rows_add(const int8_t *rows, uint32_t count, uint32_t width, int32_t *sums);

/* Raises `width` values to the largest of the rows. */
void tg_rows_raise(const int8_t *rows, uint32_t count, uint32_t width, int8_t *most);

#endif
