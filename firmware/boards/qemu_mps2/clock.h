/* Timers of the board: TIMER0 paces the sampling, TIMER1 counts time. */
#ifndef TG_CLOCK_H
#define TG_CLOCK_H

#include <stdint.h>

void clock_init(void);

/* Processor clock ticks since clock_init(). */
uint64_t clock_ticks(void);

/* From now on TIMER0 interrupts at this rate, 1000 .. 1000000 millihertz. */
void clock_pace(uint32_t rate_mhz);

/* The timer interrupts. */
void clock_pace_interrupt(void);
void clock_wrap_interrupt(void);

#endif
