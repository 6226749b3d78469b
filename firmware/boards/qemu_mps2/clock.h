/* Timer of the board: TIMER0 counts time and paces the sampling.
 *
 * One timer for both, so that time cannot run away from the samples: QEMU's virtual clock, where it jumps
 * over the time the processor sleeps (`-icount sleep=off`), jumps over two periods at a time (seen with 7.2),
 * and another timer would count twice as fast as the sensor samples.
 */
#ifndef TG_CLOCK_H
#define TG_CLOCK_H

#include <stdint.h>

void clock_init(void);

/* Microseconds since clock_init(). */
uint64_t clock_us(void);

/* From now on TIMER0 interrupts at this rate, 1000 .. 1000000 millihertz. */
void clock_pace(uint32_t rate_mhz);

/* 1 once clock_pace() was called. */
int clock_paces(void);

/* The timer's interrupt. */
void clock_interrupt(void);

#endif
