/* Sample clock: what time says about samples: how many a part must have lost, and whether it has fallen
 * silent. Parts tell that samples were lost, but not how many. */
#ifndef TG_SAMPLE_CLOCK_H
#define TG_SAMPLE_CLOCK_H

#include <stdint.h>

typedef struct {
    uint32_t rate_mhz; /* samples per second, in millihertz */
    uint32_t taken_us; /* when samples were last taken */
    uint32_t silence_us;
} tg_sample_clock;

/* Starts at now_us. The part counts as silent after `patience` samples that did not come. */
void tg_sample_clock_start(tg_sample_clock *clock, uint32_t rate_mhz, uint32_t patience, uint32_t now_us);

/* Samples that became ready between the last tg_sample_clock_taken() and now_us, by time, rounded. */
uint32_t tg_sample_clock_due(const tg_sample_clock *clock, uint32_t now_us);

/* Samples were taken that were ready at now_us, all but the newest `left` of them. */
void tg_sample_clock_taken(tg_sample_clock *clock, uint32_t now_us, uint32_t left);

/* 1 when samples are overdue, otherwise 0. */
int tg_sample_clock_silent(const tg_sample_clock *clock, uint32_t now_us);

#endif
