/* Oscillators, time and the two alarms of the board. */
#ifndef TG_CLOCK_H
#define TG_CLOCK_H

#include <stdint.h>

#define CLOCK_SYS_HZ 48000000U

/* Starts the crystal and the PLL: 48 MHz, and the timer counts microseconds. */
void clock_init(void);

/* Microseconds since clock_init(). */
uint64_t clock_us(void);

/* Waits by counting: for a few microseconds. */
void clock_wait_us(uint32_t us);

/* From now on alarm 0 interrupts once every period. */
void clock_pace(uint32_t period_us);

/* Alarm 1 interrupts once, that much later. */
void clock_alarm(uint32_t later_us);

/* The interrupts of the two alarms. */
void clock_pace_interrupt(void);
void clock_alarm_interrupt(void);

#endif
