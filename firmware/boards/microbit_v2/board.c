/* micro:bit V2. Pins: tech.microbit.org, "Hardware", "V2 pin map", and the schematic V2.00. */
#include "../../drivers/lis3dh/tg_lis3dh.h"
#include "../nrf5x/bus.h"
#include "../nrf5x/pins.h"
#include "../nrf5x/twi.h"
#include "../tg_board.h"

const char tg_board_name[] = "microbit_v2";

/* The part is on the back. Seen from there, with the logo up, its x points to the right and its y, turned by
 * the driver, up. */
const tg_axis_map tg_board_axes = {.axis = {0, 1, 2}, .sign = {-1, 1, -1}};

static const uint8_t rows[] = {21, 22, 15, 24, 19};
static const uint8_t columns[] = {28, 11, 31, 32 + 5, 30};
static const nrf5x_light lights[NRF5X_LIGHTS] = {
    {0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {2, 0}, {2, 1}, {2, 2},
    {2, 3}, {2, 4}, {3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}, {4, 0}, {4, 1}, {4, 2}, {4, 3}, {4, 4},
};

const nrf5x_pins tg_nrf5x_pins = {
    .tx = 6,
    .rx = 32 + 8,
    .scl = 8,
    .sda = 16,
    .row_count = sizeof rows,
    .column_count = sizeof columns,
    .rows = rows,
    .columns = columns,
    .lights = lights,
};

static tg_lis3dh sensor;
static tg_accel accel;
static int found;

const tg_accel *tg_board_accel(void) {
    if (!found) {
        twi_recover(NULL);
        tg_lis3dh_init(&sensor, &nrf5x_bus, TG_LIS3DH_ADDRESS_HIGH, &tg_lis3dh_part_lsm303agr, &accel);
        found = tg_lis3dh_probe(&nrf5x_bus, TG_LIS3DH_ADDRESS_HIGH) == 0;
    }
    return found ? &accel : NULL;
}
