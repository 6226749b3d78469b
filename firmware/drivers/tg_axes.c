#include "tg_axes.h"

int tg_axes_valid(const tg_axis_map *map) {
    const uint8_t *axis = map->axis;
    int determinant = 1;
    for (int i = 0; i < TG_ACCEL_AXES; i++) {
        if (axis[i] >= TG_ACCEL_AXES || (map->sign[i] != 1 && map->sign[i] != -1)) {
            return 0;
        }
        determinant *= map->sign[i];
    }
    if (axis[0] == axis[1] || axis[1] == axis[2] || axis[0] == axis[2]) {
        return 0;
    }
    /* Of three axes, x y z and its two rotations are the even permutations. */
    int even = axis[1] == (axis[0] + 1) % TG_ACCEL_AXES;
    return determinant == (even ? 1 : -1);
}

void tg_axes_turn(const tg_axis_map *map, const int16_t chip[TG_ACCEL_AXES], int16_t frame[TG_ACCEL_AXES]) {
    for (int i = 0; i < TG_ACCEL_AXES; i++) {
        int32_t value = (int32_t)chip[map->axis[i]] * map->sign[i];
        frame[i] = (int16_t)(value > INT16_MAX ? INT16_MAX : value);
    }
}
