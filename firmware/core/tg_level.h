/* Levelled frame: samples turned so that gravity lies along z, whichever way the board is held.
 *
 * Gravity is estimated from the samples so far by a first-order low-pass; the turn is the shortest one from
 * the estimate to z. A turn of the board about its own z stays a turn about z. docs/formats.md gives every
 * step.
 */
#ifndef TG_LEVEL_H
#define TG_LEVEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TG_LEVEL_LEAST_SHIFT 1U
#define TG_LEVEL_MOST_SHIFT  10U

typedef struct {
    int32_t gravity[3]; /* estimate in 1/256 of the samples' unit */
    uint8_t shift;      /* its time constant is 2^shift samples */
    uint8_t started;    /* 0: the next sample is the estimate */
} tg_level;

/* Starts anew. shift: TG_LEVEL_LEAST_SHIFT .. TG_LEVEL_MOST_SHIFT. */
void tg_level_init(tg_level *level, unsigned shift);

/* Takes one sample (acceleration along x, y, z) and gives it in the levelled frame. */
void tg_level_push(tg_level *level, const int16_t *sample, int16_t *levelled);

#ifdef __cplusplus
}
#endif

#endif
