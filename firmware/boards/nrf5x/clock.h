/* TIMER0: microseconds, the pace of the sensor, and the pace of the lights. */
#ifndef TG_CLOCK_H
#define TG_CLOCK_H

#include <stdint.h>

#define CLOCK_PACE   1U
#define CLOCK_LIGHTS 2U

/* Starts the crystal and the timer. */
void clock_init(void);

/* Microseconds since clock_init(). */
uint64_t clock_us(void);

/* Waits by counting: for a few microseconds, or more. */
void clock_wait_us(uint32_t us);

/* From now on the timer interrupts once every period for CLOCK_PACE or CLOCK_LIGHTS; with 0 no more. */
void clock_every(unsigned what, uint32_t period_us);

/* The timer's interrupt: returns for what it came, CLOCK_PACE and CLOCK_LIGHTS or both or neither. */
unsigned clock_interrupt(void);

#endif
