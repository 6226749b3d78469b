#include "tg_sample_clock.h"

#define MILLIHERTZ_US 1000000000U /* a period in microseconds is this by the rate in millihertz */
#define UNIT          256U        /* of the periods */
#define GIVE          64          /* how slowly a period gives way */
#define OFF_MOST      8U          /* at most this part of the nominal period */

void tg_sample_clock_start(tg_sample_clock *clock, uint32_t rate_mhz, uint32_t patience, uint64_t now_us) {
    uint32_t period_us = MILLIHERTZ_US / rate_mhz;
    clock->nominal = period_us * UNIT;
    clock->period = clock->nominal;
    clock->silence_us = patience * period_us;
    clock->newest_us = now_us;
}

static uint64_t span_us(const tg_sample_clock *clock, uint32_t samples) {
    return (uint64_t)samples * clock->period / UNIT;
}

uint32_t tg_sample_clock_due(const tg_sample_clock *clock, uint64_t now_us) {
    uint32_t period_us = clock->nominal / UNIT;
    return ((uint32_t)(now_us - clock->newest_us) + period_us / 2) / period_us;
}

void tg_sample_clock_seen(tg_sample_clock *clock, uint64_t now_us, uint32_t count) {
    uint64_t expected = clock->newest_us + span_us(clock, count);
    uint64_t oldest = now_us - span_us(clock, 1);
    uint64_t newest = expected > now_us ? now_us : expected < oldest ? oldest : expected;
    int64_t off = (int64_t)(newest - expected);
    if (off != 0) {
        int64_t period = (int64_t)clock->period + off * (int64_t)UNIT / GIVE;
        int64_t least = clock->nominal - clock->nominal / OFF_MOST;
        int64_t most = clock->nominal + clock->nominal / OFF_MOST;
        clock->period = (uint32_t)(period < least ? least : period > most ? most : period);
    }
    clock->newest_us = newest;
}

uint64_t tg_sample_clock_time(const tg_sample_clock *clock, uint32_t before) {
    return clock->newest_us - span_us(clock, before);
}

int tg_sample_clock_silent(const tg_sample_clock *clock, uint64_t now_us) {
    return now_us - clock->newest_us > clock->silence_us;
}
