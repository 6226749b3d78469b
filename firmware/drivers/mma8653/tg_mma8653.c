#include "tg_mma8653.h"

#include "../tg_setting.h"

/* Registers. */
#define STATUS       0x00U /* followed by OUT_X_MSB .. OUT_Z_LSB */
#define WHO_AM_I     0x0DU
#define XYZ_DATA_CFG 0x0EU
#define CTRL_REG1    0x2AU
#define CTRL_REG2    0x2BU
#define CTRL_REG3    0x2CU
#define CTRL_REG4    0x2DU
#define CTRL_REG5    0x2EU

#define IDENTITY         0x5AU
#define STATUS_ZYXDR     0x08U /* a new sample */
#define STATUS_ZYXOW     0x80U /* one was overwritten before it was read */
#define CTRL1_ACTIVE     0x01U
#define CTRL1_DR(code)   ((uint8_t)((code) << 3))
#define CTRL2_HIGH_RES   0x02U /* MODS: oversampling mode */
#define CTRL4_INT_DRDY   0x01U
#define CTRL5_DRDY_INT1  0x01U /* the pin is low while a sample waits */
#define STANDBY          0x00U
#define DIGIT_SHIFT      6
#define PATIENCE         16U /* samples that may fail to come before the part counts as silent */
#define WAKES_PER_SAMPLE 2U
#define MILLIHERTZ_US    1000000000U
#define MG_PER_G         1000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SLOWEST      (COUNT(rates_mhz) - 1)

/* CTRL_REG1's code of a rate falls from 6 to 0. */
static const uint32_t rates_mhz[] = {6250, 12500, 50000, 100000, 200000, 400000, 800000};
static const uint16_t full_scales[] = {2000, 4000, 8000};
static const uint16_t digits_per_g[] = {256, 128, 64};

static uint64_t now(const tg_mma8653 *self) {
    return self->bus->time_us(self->bus->ctx);
}

static int start(void *ctx, const tg_accel_setting *wanted, tg_accel_setting *actual) {
    tg_mma8653 *self = ctx;
    unsigned rate = tg_setting_rate(rates_mhz, COUNT(rates_mhz), wanted->rate_mhz);
    unsigned range = tg_setting_range(full_scales, COUNT(full_scales), wanted->full_scale_mg);
    const uint8_t settings[][2] = {
        {XYZ_DATA_CFG, (uint8_t)range},
        {CTRL_REG2, CTRL2_HIGH_RES},
        {CTRL_REG3, 0},
        {CTRL_REG4, CTRL4_INT_DRDY},
        {CTRL_REG5, CTRL5_DRDY_INT1},
        {CTRL_REG1, (uint8_t)(CTRL1_DR(SLOWEST - rate) | CTRL1_ACTIVE)},
    };
    self->bus->recover(self->bus->ctx);
    int err = tg_mma8653_probe(self->bus);
    if (err == 0) {
        /* The other registers can only be written in standby. */
        err = tg_bus_write(self->bus, TG_MMA8653_ADDRESS, CTRL_REG1, STANDBY);
    }
    if (err == 0) {
        err = tg_bus_set_up(self->bus, TG_MMA8653_ADDRESS, settings, COUNT(settings));
    }
    uint8_t stale[1 + 2 * TG_ACCEL_AXES];
    if (err == 0) {
        err = tg_bus_read(self->bus, TG_MMA8653_ADDRESS, STATUS, stale, sizeof stale);
    }
    if (err < 0) {
        return err;
    }
    self->range = (uint8_t)range;
    self->unsure = 0;
    tg_sample_clock_start(&self->clock, rates_mhz[rate], PATIENCE, now(self));
    self->bus->pace(self->bus->ctx, MILLIHERTZ_US / rates_mhz[rate] / WAKES_PER_SAMPLE);
    actual->rate_mhz = rates_mhz[rate];
    actual->full_scale_mg = full_scales[range];
    return 0;
}

static int16_t to_mg(const tg_mma8653 *self, const uint8_t *bytes) {
    int32_t digits = (int16_t)(uint16_t)(bytes[0] << 8 | bytes[1]) >> DIGIT_SHIFT;
    return (int16_t)(digits * MG_PER_G / digits_per_g[self->range]);
}

static int read(void *ctx, int16_t (*samples)[TG_ACCEL_AXES], size_t capacity, uint32_t *lost,
                uint64_t *newest_us) {
    tg_mma8653 *self = ctx;
    const uint8_t first = STATUS;
    uint8_t bytes[1 + 2 * TG_ACCEL_AXES];
    uint64_t looked = now(self);
    if (capacity == 0) {
        return 0;
    }
    int err = TG_ACCEL_ERR_BUS;
    for (unsigned i = 0; i < TG_BUS_TRIES && err < 0; i++) {
        err = self->bus->transfer(self->bus->ctx, TG_MMA8653_ADDRESS, &first, 1, bytes, sizeof bytes);
        if (err < 0) {
            self->bus->recover(self->bus->ctx);
            self->unsure = 1; /* reading a sample clears its flag: this one may be gone */
        }
    }
    if (err < 0) {
        return err;
    }
    if ((bytes[0] & STATUS_ZYXDR) == 0) {
        return tg_sample_clock_silent(&self->clock, looked) ? TG_ACCEL_ERR_SILENT : 0;
    }
    for (unsigned i = 0; i < TG_ACCEL_AXES; i++) {
        samples[0][i] = to_mg(self, bytes + 1 + 2 * i);
    }
    uint32_t due = tg_sample_clock_due(&self->clock, looked);
    uint32_t missed = due > 1 ? due - 1 : 0;
    if ((bytes[0] & STATUS_ZYXOW) != 0) {
        missed = missed > 0 ? missed : 1;
    } else if (!self->unsure) {
        missed = 0;
    }
    self->unsure = 0;
    tg_sample_clock_seen(&self->clock, looked, missed + 1);
    *newest_us = tg_sample_clock_time(&self->clock, 0);
    *lost = missed;
    return 1;
}

void tg_mma8653_init(tg_mma8653 *self, const tg_bus *bus, tg_accel *accel) {
    self->bus = bus;
    self->range = 0;
    self->unsure = 0;
    tg_sample_clock_start(&self->clock, rates_mhz[0], PATIENCE, 0);
    accel->ctx = self;
    accel->name = "mma8653fc";
    accel->start = start;
    accel->read = read;
}

int tg_mma8653_probe(const tg_bus *bus) {
    return tg_bus_identify(bus, TG_MMA8653_ADDRESS, WHO_AM_I, IDENTITY);
}
