/* micro:bit V1. Pins: tech.microbit.org, "Hardware", "V1 pin map", and the schematics V1.3B and V1.5. */
#include "../../drivers/lis3dh/tg_lis3dh.h"
#include "../../drivers/mma8653/tg_mma8653.h"
#include "../nrf5x/bus.h"
#include "../nrf5x/pins.h"
#include "../nrf5x/twi.h"
#include "../tg_board.h"

const char tg_board_name[] = "microbit_v1";

/* As on the V2, for the LSM303AGR of later boards. */
const tg_axis_map tg_board_axes = {.axis = {0, 1, 2}, .sign = {-1, 1, -1}};

/* Three rows of nine columns make the matrix of five by five. */
static const uint8_t rows[] = {13, 14, 15};
static const uint8_t columns[] = {4, 5, 6, 7, 8, 9, 10, 11, 12};
static const nrf5x_light lights[NRF5X_LIGHTS] = {
    {0, 0}, {1, 3}, {0, 1}, {1, 4}, {0, 2}, {2, 3}, {2, 4}, {2, 5}, {2, 6}, {2, 7}, {1, 1}, {0, 8}, {1, 2},
    {2, 8}, {1, 0}, {0, 7}, {0, 6}, {0, 5}, {0, 4}, {0, 3}, {2, 2}, {1, 6}, {2, 0}, {1, 5}, {2, 1},
};

const nrf5x_pins tg_nrf5x_pins = {
    .tx = 24,
    .rx = 25,
    .scl = 0,
    .sda = 30,
    .row_count = sizeof rows,
    .column_count = sizeof columns,
    .rows = rows,
    .columns = columns,
    .lights = lights,
};

static tg_mma8653 mma8653;
static tg_accel mma8653_accel;
static tg_lis3dh lsm303agr;
static tg_accel accel;
static int found;

/* The MMA8653FC is on the board with its x to the left and its y down, seen from the back: half a turn from
 * where tg_board_axes expects them. */
static int read_turned(void *ctx, int16_t (*samples)[TG_ACCEL_AXES], size_t capacity, uint32_t *lost,
                       uint64_t *newest_us) {
    int count = mma8653_accel.read(ctx, samples, capacity, lost, newest_us);
    for (int i = 0; i < count; i++) {
        samples[i][0] = (int16_t)-samples[i][0];
        samples[i][1] = (int16_t)-samples[i][1];
    }
    return count;
}

const tg_accel *tg_board_accel(void) {
    if (found) {
        return &accel;
    }
    twi_recover(NULL);
    if (tg_lis3dh_probe(&nrf5x_bus, TG_LIS3DH_ADDRESS_HIGH) == 0) {
        tg_lis3dh_init(&lsm303agr, &nrf5x_bus, TG_LIS3DH_ADDRESS_HIGH, &tg_lis3dh_part_lsm303agr, &accel);
        found = 1;
    } else if (tg_mma8653_probe(&nrf5x_bus) == 0) {
        tg_mma8653_init(&mma8653, &nrf5x_bus, &mma8653_accel);
        accel = mma8653_accel;
        accel.read = read_turned;
        found = 1;
    }
    return found ? &accel : NULL;
}
