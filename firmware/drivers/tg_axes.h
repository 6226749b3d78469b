/* Axes: turns a chip's axes, as it happens to be soldered, into the contract's frame. */
#ifndef TG_AXES_H
#define TG_AXES_H

#include "tg_accel.h"

/* A signed permutation: frame axis i is the chip's axis `axis[i]` (0 x, 1 y, 2 z), negated when sign[i] < 0.
 * A mirrored map (determinant -1) is as wrong as a repeated axis: left would become right. */
typedef struct {
    uint8_t axis[TG_ACCEL_AXES];
    int8_t sign[TG_ACCEL_AXES]; /* +1 or -1 */
} tg_axis_map;

/* Returns 1 when the map is a rotation: each chip axis once, signs +1 or -1, determinant +1. Otherwise 0. */
int tg_axes_valid(const tg_axis_map *map);

/* Turns one sample; the negative of -32768 becomes 32767. chip and frame may not overlap. map must be valid.
 */
void tg_axes_turn(const tg_axis_map *map, const int16_t chip[TG_ACCEL_AXES], int16_t frame[TG_ACCEL_AXES]);

#endif
