#include "clock.h"

#include "nrf5x.h"

/* Compare registers. */
#define CC_PACE    0U
#define CC_LIGHTS  1U
#define CC_CAPTURE 2U

#define CRYSTAL_TRIES   100000U
#define CYCLES_PER_US   16U /* the slower processor's; the other waits longer than asked for */
#define CYCLES_PER_LOOP 4U
#define LEAST_US        10U
#define IDLE_US         500000U /* without a sensor the application is woken this often */

/* The timer turns over in 71 minutes; it is read far more often. */
static uint32_t turns;
static uint32_t last_low;
static uint32_t periods[2];

void clock_init(void) {
    CLOCK_HFCLKSTARTED = 0;
    CLOCK_HFCLKSTART = 1;
    /* Without its crystal the board runs on its RC oscillator, off by a percent or two. */
    for (unsigned i = 0; i < CRYSTAL_TRIES && CLOCK_HFCLKSTARTED == 0; i++) {
    }
    TIMER_BITMODE = TIMER_32_BIT;
    TIMER_PRESCALER = TIMER_1_MHZ;
    TIMER_START = 1;
    tg_irq_enable(NRF_IRQ_TIMER0);
    clock_every(CLOCK_PACE, IDLE_US);
}

static uint32_t now(void) {
    TIMER_CAPTURE(CC_CAPTURE) = 1;
    return TIMER_CC(CC_CAPTURE);
}

uint64_t clock_us(void) {
    uint32_t masked;
    __asm volatile("mrs %0, primask" : "=r"(masked));
    tg_irq_mask(); /* the capture register and what was read last are shared with the interrupt */
    uint32_t low = now();
    if (low < last_low) {
        turns++;
    }
    last_low = low;
    uint64_t us = (uint64_t)turns << 32 | low;
    if (masked == 0) {
        tg_irq_unmask();
    }
    return us;
}

void clock_wait_us(uint32_t us) {
    for (uint32_t i = us * (CYCLES_PER_US / CYCLES_PER_LOOP) + 1; i > 0; i--) {
        __asm volatile("");
    }
}

void clock_every(unsigned what, uint32_t period_us) {
    unsigned cc = what == CLOCK_PACE ? CC_PACE : CC_LIGHTS;
    TIMER_INTENCLR = TIMER_INT(cc);
    TIMER_COMPARE(cc) = 0;
    if (period_us == 0) {
        return;
    }
    periods[cc] = period_us > LEAST_US ? period_us : LEAST_US;
    tg_irq_mask();
    TIMER_CC(cc) = now() + periods[cc];
    tg_irq_unmask();
    TIMER_INTENSET = TIMER_INT(cc);
}

static unsigned came(unsigned cc, unsigned what) {
    if (TIMER_COMPARE(cc) == 0 || periods[cc] == 0) {
        return 0;
    }
    TIMER_COMPARE(cc) = 0;
    TIMER_CC(cc) = now() + periods[cc];
    return what;
}

unsigned clock_interrupt(void) {
    return came(CC_PACE, CLOCK_PACE) | came(CC_LIGHTS, CLOCK_LIGHTS);
}
