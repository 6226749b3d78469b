/* Sample clock: what time says about samples: when each was taken, how many a part must have lost, and
 * whether it has fallen silent. Parts tell neither; they only say how many samples wait.
 *
 * Their clocks are several percent off. Samples are taken to follow each other at the nominal period, but a
 * sample that waits was taken before the look at it, and the one after it, which does not wait yet, later:
 * the times are kept within these bounds, and so follow the part's own clock.
 */
#ifndef TG_SAMPLE_CLOCK_H
#define TG_SAMPLE_CLOCK_H

#include <stdint.h>

typedef struct {
    uint32_t nominal; /* period, 1/256 microseconds */
    uint32_t period;  /* likewise, as found so far; within 1/8 of the nominal one */
    uint32_t silence_us;
    uint64_t newest_us; /* when the newest sample seen was taken */
} tg_sample_clock;

/* Starts at now_us. The part counts as silent after `patience` samples that did not come. */
void tg_sample_clock_start(tg_sample_clock *clock, uint32_t rate_mhz, uint32_t patience, uint64_t now_us);

/* Samples taken since the newest one seen, by time alone, rounded. */
uint32_t tg_sample_clock_due(const tg_sample_clock *clock, uint64_t now_us);

/* A look at now_us has seen `count` more samples, those lost included. */
void tg_sample_clock_seen(tg_sample_clock *clock, uint64_t now_us, uint32_t count);

/* When the sample was taken that came `before` samples before the newest one seen. */
uint64_t tg_sample_clock_time(const tg_sample_clock *clock, uint32_t before);

/* 1 when samples are overdue, otherwise 0. */
int tg_sample_clock_silent(const tg_sample_clock *clock, uint64_t now_us);

#endif
