#include "tg_sample_clock.h"

#define MILLIHERTZ_US 1000000000ULL /* a period in microseconds is this by the rate in millihertz */

void tg_sample_clock_start(tg_sample_clock *clock, uint32_t rate_mhz, uint32_t patience, uint32_t now_us) {
    clock->rate_mhz = rate_mhz;
    clock->taken_us = now_us;
    clock->silence_us = (uint32_t)(patience * MILLIHERTZ_US / rate_mhz);
}

uint32_t tg_sample_clock_due(const tg_sample_clock *clock, uint32_t now_us) {
    uint64_t elapsed = now_us - clock->taken_us;
    return (uint32_t)((elapsed * clock->rate_mhz + MILLIHERTZ_US / 2) / MILLIHERTZ_US);
}

void tg_sample_clock_taken(tg_sample_clock *clock, uint32_t now_us, uint32_t left) {
    clock->taken_us = now_us - (uint32_t)(left * MILLIHERTZ_US / clock->rate_mhz);
}

int tg_sample_clock_silent(const tg_sample_clock *clock, uint32_t now_us) {
    return now_us - clock->taken_us > clock->silence_us;
}
