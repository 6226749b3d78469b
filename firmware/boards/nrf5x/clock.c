#include "clock.h"

#include "nrf5x.h"

/* Compare registers. */
#define CC_PACE    0U
#define CC_LIGHTS  1U
#define CC_WRAP    2U /* holds 0 */
#define CC_CAPTURE 3U

#define CRYSTAL_TRIES   100000U
#define CYCLES_PER_US   16U /* the slower processor's; the other waits longer than asked for */
#define CYCLES_PER_LOOP 4U
#define LEAST_US        10U

static volatile uint32_t wraps;
static uint32_t periods[2];

void clock_init(void) {
    CLOCK_HFCLKSTARTED = 0;
    CLOCK_HFCLKSTART = 1;
    /* Without its crystal the board runs on its RC oscillator, off by a percent or two. */
    for (unsigned i = 0; i < CRYSTAL_TRIES && CLOCK_HFCLKSTARTED == 0; i++) {
    }
    TIMER_BITMODE = TIMER_32_BIT;
    TIMER_PRESCALER = TIMER_1_MHZ;
    TIMER_CC(CC_WRAP) = 0;
    TIMER_INTENSET = TIMER_INT(CC_WRAP);
    TIMER_START = 1;
    tg_irq_enable(NRF_IRQ_TIMER0);
}

static uint32_t now(void) {
    TIMER_CAPTURE(CC_CAPTURE) = 1;
    return TIMER_CC(CC_CAPTURE);
}

uint64_t clock_us(void) {
    uint32_t high;
    uint32_t low;
    uint32_t wrapped;
    uint32_t masked;
    __asm volatile("mrs %0, primask" : "=r"(masked));
    tg_irq_mask(); /* the capture register is shared with the interrupt */
    high = wraps;
    low = now();
    wrapped = TIMER_COMPARE(CC_WRAP);
    if (masked == 0) {
        tg_irq_unmask();
    }
    /* The event is raised at zero. Until it has counted, a small number is one of the next turn. */
    if (wrapped && low <= INT32_MAX) {
        high++;
    }
    return (uint64_t)high << 32 | low;
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
    if (TIMER_COMPARE(CC_WRAP)) {
        TIMER_COMPARE(CC_WRAP) = 0;
        wraps++;
    }
    return came(CC_PACE, CLOCK_PACE) | came(CC_LIGHTS, CLOCK_LIGHTS);
}
