/* Running sums over a window that moves by a hop: what a hop brings is added, and what leaves is taken off.
 *
 * So that not every value has to be remembered, a block of as many values as a hop brings is kept as one sum.
 * A window is whole blocks from its first value on, and what is left over: a hop's values are the end of a
 * block, of which the hop before brought the start, and the start of the next. Internal to the core.
 */
#ifndef TG_RUNNING_H
#define TG_RUNNING_H

#include <stddef.h>
#include <stdint.h>

/* `sums` sums side by side; rows of as many values come with a hop. */
typedef struct {
    uint16_t sums;
    uint16_t ended; /* rows of a hop that end a block, at least one */
    uint16_t rest;  /* those behind them, which start the next */
    uint16_t slots; /* blocks kept: those of a window that are whole, and the one that is started */
} tg_running;

#define TG_RUNNING_MOST INT8_MAX /* rows of a hop: sums of two blocks fit int16 */

/* What is kept, zero at the start. Behind it: int32 sum of the window, and int16 or, of one row, int8 for
 * every slot; of each as many as there are sums. */
typedef struct {
    uint32_t slot; /* of the started block */
} tg_running_state;

uint32_t tg_running_size(const tg_running *r);

/* Takes a hop's rows; returns the sums of the window. */
const int32_t *tg_running_add(const tg_running *r, tg_running_state *state, const int8_t *rows);

#endif
