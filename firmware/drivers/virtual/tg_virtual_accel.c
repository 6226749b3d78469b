#include "tg_virtual_accel.h"

#define RATE_MIN_MHZ 1000U
#define RATE_MAX_MHZ 1000000U

static uint16_t u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p) {
    return (uint32_t)u16(p) | (uint32_t)u16(p + 2) << 16;
}

int tg_log_image_read(tg_log_image *image, const uint8_t *bytes, size_t size) {
    if (size < TG_IMAGE_HEADER_SIZE || u32(bytes) != 0x494C4754U /* "TGLI" */ ||
        u16(bytes + 4) != TG_IMAGE_VERSION || u16(bytes + 6) != TG_IMAGE_HEADER_SIZE) {
        return TG_ACCEL_ERR_IMAGE;
    }
    tg_log_image found = {
        .flags = u32(bytes + 8),
        .rate_mhz = u32(bytes + 12),
        .full_scale_mg = u16(bytes + 16),
        .count = u32(bytes + 20),
        .samples = (const int16_t (*)[TG_ACCEL_AXES])(const void *)(bytes + TG_IMAGE_HEADER_SIZE),
    };
    if ((found.flags & ~(TG_IMAGE_MODE | TG_IMAGE_REPEAT)) != 0 || found.rate_mhz < RATE_MIN_MHZ ||
        found.rate_mhz > RATE_MAX_MHZ || found.full_scale_mg == 0 || found.full_scale_mg > INT16_MAX ||
        u16(bytes + 18) != TG_ACCEL_AXES ||
        found.count > (size - TG_IMAGE_HEADER_SIZE) / sizeof found.samples[0]) {
        return TG_ACCEL_ERR_IMAGE;
    }
    *image = found;
    return 0;
}

static int start(void *ctx, const tg_accel_setting *wanted, tg_accel_setting *actual) {
    tg_virtual_accel *self = ctx;
    (void)wanted; /* a log has one rate and one range: those it was recorded with */
    actual->rate_mhz = self->image.rate_mhz;
    actual->full_scale_mg = self->image.full_scale_mg;
    self->pace(self->image.rate_mhz);
    return 0;
}

static int read(void *ctx, int16_t (*samples)[TG_ACCEL_AXES], size_t capacity, uint32_t *lost,
                uint64_t *newest_us) {
    tg_virtual_accel *self = ctx;
    uint32_t ready = self->ticks;
    if ((self->image.flags & TG_IMAGE_REPEAT) == 0) {
        if (self->taken == self->image.count) {
            return TG_ACCEL_END;
        }
        ready = ready < self->image.count ? ready : self->image.count;
    }
    uint32_t overrun = ready - self->taken > TG_VIRTUAL_FIFO ? ready - self->taken - TG_VIRTUAL_FIFO : 0;
    self->taken += overrun;
    uint32_t count = ready - self->taken;
    if (count > capacity) {
        count = (uint32_t)capacity;
    }
    for (uint32_t i = 0; i < count; i++) {
        const int16_t *sample = self->image.samples[(self->taken + i) % self->image.count];
        for (int axis = 0; axis < TG_ACCEL_AXES; axis++) {
            samples[i][axis] = sample[axis];
        }
    }
    self->taken += count;
    *lost = overrun;
    if (count > 0) {
        *newest_us = self->stamps[(self->taken - 1) % TG_VIRTUAL_FIFO];
    }
    return (int)count;
}

void tg_virtual_accel_init(tg_virtual_accel *self, const tg_log_image *image, void (*pace)(uint32_t rate_mhz),
                           tg_accel *accel) {
    self->image = *image;
    self->pace = pace;
    self->ticks = 0;
    self->taken = 0;
    accel->ctx = self;
    accel->name = "virtual";
    accel->start = start;
    accel->read = read;
}

void tg_virtual_accel_tick(tg_virtual_accel *self, uint64_t now_us) {
    self->stamps[self->ticks % TG_VIRTUAL_FIFO] = now_us;
    self->ticks++;
}
