#include "bus.h"

#include "clock.h"
#include "twi.h"

static uint64_t now_us(void *ctx) {
    (void)ctx;
    return clock_us();
}

static void pace(void *ctx, uint32_t period_us) {
    (void)ctx;
    clock_every(CLOCK_PACE, period_us);
}

const tg_bus nrf5x_bus = {
    .transfer = twi_transfer,
    .recover = twi_recover,
    .time_us = now_us,
    .pace = pace,
};
