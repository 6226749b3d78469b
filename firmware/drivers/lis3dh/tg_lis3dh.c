#include "tg_lis3dh.h"

#include "../tg_setting.h"

/* Registers: section 8. */
#define WHO_AM_I      0x0FU
#define CTRL_REG1     0x20U
#define CTRL_REG2     0x21U
#define CTRL_REG3     0x22U
#define CTRL_REG4     0x23U
#define CTRL_REG5     0x24U
#define CTRL_REG6     0x25U
#define OUT_X_L       0x28U
#define FIFO_CTRL_REG 0x2EU
#define FIFO_SRC_REG  0x2FU

#define AUTO_INCREMENT 0x80U /* section 6.1.1; within the FIFO 2Dh is followed by 28h */

#define IDENTITY           0x33U
#define CTRL1_AXES         0x07U
#define CTRL1_ODR(code)    ((uint8_t)((code) << 4))
#define CTRL3_INT1_WTM     0x04U /* pin INT1 is high while the watermark is reached */
#define CTRL4_BDU_HR       0x88U /* no sample is replaced while it is read; 12 bits */
#define CTRL4_FS(range)    ((uint8_t)((range) << 4))
#define CTRL5_FIFO_EN      0x40U
#define FIFO_CTRL_STREAM   0x80U
#define FIFO_SRC_OVERRUN   0x40U
#define FIFO_SRC_EMPTY     0x20U
#define FIFO_SRC_LEVEL     0x1FU
#define POWER_DOWN         0x00U
#define FIFO_BYPASS        0x00U
#define DIGIT_SHIFT        4
#define SAMPLE_SIZE        6U
#define BURST              8U     /* samples in one transfer */
#define BATCH_US           40000U /* the processor sleeps this long where the FIFO allows it */
#define SECOND_US          1000000U
#define FIRST_SAMPLES_LATE 8U /* after a start, in samples: section 3.2.1, 7 in 12 bits */
#define UG_PER_MG          1000
#define MILLI              1000U

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* CTRL_REG1's code of a rate is its place here, counted from 1: section 8.8. */
static const uint32_t rates_mhz[] = {1000, 10000, 25000, 50000, 100000, 200000, 400000};
static const uint16_t full_scales[] = {2000, 4000, 8000, 16000};

const tg_lis3dh_part tg_lis3dh_part_lis3dh = {"lis3dh", {1000, 2000, 4000, 12000}, 1};
const tg_lis3dh_part tg_lis3dh_part_lsm303agr = {"lsm303agr", {980, 1950, 3900, 11720}, -1};

static uint64_t now(const tg_lis3dh *self) {
    return self->bus->time_us(self->bus->ctx);
}

static int start(void *ctx, const tg_accel_setting *wanted, tg_accel_setting *actual) {
    tg_lis3dh *self = ctx;
    unsigned rate = tg_setting_rate(rates_mhz, COUNT(rates_mhz), wanted->rate_mhz);
    unsigned range = tg_setting_range(full_scales, COUNT(full_scales), wanted->full_scale_mg);
    uint32_t rate_hz = rates_mhz[rate] / MILLI;
    uint32_t batch = rate_hz * (BATCH_US / MILLI) / MILLI;
    if (batch == 0) {
        batch = 1;
    }
    const uint8_t settings[][2] = {
        {CTRL_REG2, 0},
        {CTRL_REG3, CTRL3_INT1_WTM},
        {CTRL_REG4, (uint8_t)(CTRL4_BDU_HR | CTRL4_FS(range))},
        {CTRL_REG5, CTRL5_FIFO_EN},
        {CTRL_REG6, 0},
        {FIFO_CTRL_REG, (uint8_t)(FIFO_CTRL_STREAM | batch)},
        {CTRL_REG1, (uint8_t)(CTRL1_ODR(rate + 1) | CTRL1_AXES)},
    };
    self->bus->recover(self->bus->ctx);
    int err = tg_bus_identify(self->bus, self->address, WHO_AM_I, IDENTITY);
    if (err == 0) {
        err = tg_bus_write(self->bus, self->address, CTRL_REG1, POWER_DOWN);
    }
    if (err == 0) {
        err = tg_bus_write(self->bus, self->address, FIFO_CTRL_REG, FIFO_BYPASS); /* empties it: 5.1.1 */
    }
    if (err == 0) {
        err = tg_bus_set_up(self->bus, self->address, settings, COUNT(settings));
    }
    if (err < 0) {
        return err;
    }
    self->range = (uint8_t)range;
    self->lost = 0;
    self->left = 0;
    tg_sample_clock_start(&self->clock, rates_mhz[rate], TG_LIS3DH_FIFO + FIRST_SAMPLES_LATE, now(self));
    self->bus->pace(self->bus->ctx, batch * (SECOND_US / rate_hz));
    actual->rate_mhz = rates_mhz[rate];
    actual->full_scale_mg = full_scales[range];
    return 0;
}

/* Unread samples in the FIFO, or an error. One that overran is full. */
static int level(const tg_lis3dh *self, int *overran) {
    uint8_t source;
    int err = tg_bus_read(self->bus, self->address, FIFO_SRC_REG, &source, 1);
    if (err < 0) {
        return err;
    }
    *overran = (source & FIFO_SRC_OVERRUN) != 0;
    if (*overran) {
        return (int)TG_LIS3DH_FIFO;
    }
    return source & FIFO_SRC_EMPTY ? 0 : source & FIFO_SRC_LEVEL;
}

static int16_t to_mg(const tg_lis3dh *self, const uint8_t *bytes, int sign) {
    int32_t digits = (int16_t)(uint16_t)(bytes[0] | bytes[1] << 8) >> DIGIT_SHIFT;
    int32_t limit = full_scales[self->range];
    int32_t mg = digits * self->part->ug_per_digit[self->range] * sign / UG_PER_MG;
    if (mg > limit) {
        mg = limit;
    }
    return (int16_t)(mg < -limit ? -limit : mg);
}

/* Reads samples that wait, at most `wanted`. It is not repeated as it is: a part of its samples may have left
 * the FIFO. What the level says is missing afterwards is lost. Returns how many were read, or an error. */
static int burst(tg_lis3dh *self, uint8_t *bytes, size_t wanted) {
    const uint8_t first = OUT_X_L | AUTO_INCREMENT;
    int err = 0;
    for (unsigned i = 0; i < TG_BUS_TRIES; i++) {
        size_t count = wanted < self->left ? wanted : self->left;
        if (count == 0) {
            return 0;
        }
        err = self->bus->transfer(self->bus->ctx, self->address, &first, 1, bytes, count * SAMPLE_SIZE);
        if (err == 0) {
            return (int)count;
        }
        self->bus->recover(self->bus->ctx);
        int overran;
        int ready = level(self, &overran);
        if (ready < 0) {
            return ready;
        }
        if ((uint32_t)ready < self->left) {
            self->lost += self->left - (uint32_t)ready;
            self->left = (uint32_t)ready;
        }
    }
    return err;
}

/* Counts what a look at the FIFO has found. */
static void count_seen(tg_lis3dh *self, uint64_t looked, uint32_t ready, int overran) {
    uint32_t fresh = ready - self->left;
    if (overran) {
        uint32_t due = tg_sample_clock_due(&self->clock, looked);
        uint32_t missing = self->left + due > ready ? self->left + due - ready : 1;
        self->lost += missing;
        fresh += missing;
    }
    tg_sample_clock_seen(&self->clock, looked, fresh);
    self->left = ready;
}

static int read(void *ctx, int16_t (*samples)[TG_ACCEL_AXES], size_t capacity, uint32_t *lost,
                uint64_t *newest_us) {
    tg_lis3dh *self = ctx;
    uint8_t bytes[BURST * SAMPLE_SIZE];
    int overran;
    uint64_t looked = now(self);
    int ready = level(self, &overran);
    if (ready <= 0) {
        return ready == 0 && tg_sample_clock_silent(&self->clock, looked) ? TG_ACCEL_ERR_SILENT : ready;
    }
    if ((uint32_t)ready > self->left || overran) {
        count_seen(self, looked, (uint32_t)ready, overran);
    }
    int count = burst(self, bytes, capacity < BURST ? capacity : BURST);
    if (count <= 0) {
        return count;
    }
    for (int i = 0; i < count; i++) {
        const uint8_t *sample = bytes + (size_t)i * SAMPLE_SIZE;
        samples[i][0] = to_mg(self, sample, 1);
        samples[i][1] = to_mg(self, sample + 2, self->part->sign_y);
        samples[i][2] = to_mg(self, sample + 4, 1);
    }
    self->left -= (uint32_t)count;
    *newest_us = tg_sample_clock_time(&self->clock, self->left);
    *lost = self->lost;
    self->lost = 0;
    return count;
}

void tg_lis3dh_init(tg_lis3dh *self, const tg_bus *bus, uint8_t address, const tg_lis3dh_part *part,
                    tg_accel *accel) {
    self->bus = bus;
    self->part = part;
    self->address = address;
    self->range = 0;
    self->lost = 0;
    self->left = 0;
    tg_sample_clock_start(&self->clock, rates_mhz[0], TG_LIS3DH_FIFO, 0);
    accel->ctx = self;
    accel->name = part->name;
    accel->start = start;
    accel->read = read;
}

int tg_lis3dh_probe(const tg_bus *bus, uint8_t address) {
    return tg_bus_identify(bus, address, WHO_AM_I, IDENTITY);
}
