#include "clock.h"

#include "mps2.h"

#define MILLI 1000U

static volatile uint32_t wraps;

void clock_init(void) {
    MPS2_TIMER1->reload = UINT32_MAX;
    MPS2_TIMER1->value = UINT32_MAX;
    MPS2_TIMER1->ctrl = TIMER_CTRL_ENABLE | TIMER_CTRL_INTERRUPT;
    tg_irq_enable(MPS2_IRQ_TIMER1);
}

uint64_t clock_ticks(void) {
    uint32_t high;
    uint32_t low;
    uint32_t wrapped;
    do {
        high = wraps;
        low = 0U - MPS2_TIMER1->value;
        wrapped = MPS2_TIMER1->intclear;
    } while (high != wraps);
    /* The interrupt is raised at zero. Until it has counted, a small number is one of the next turn. */
    if (wrapped && low <= INT32_MAX) {
        high++;
    }
    return (uint64_t)high << 32 | low;
}

void clock_pace(uint32_t rate_mhz) {
    uint32_t period = (uint32_t)((uint64_t)MPS2_CLOCK_HZ * MILLI / rate_mhz);
    MPS2_TIMER0->ctrl = 0;
    MPS2_TIMER0->reload = period - 1;
    MPS2_TIMER0->value = period - 1;
    MPS2_TIMER0->ctrl = TIMER_CTRL_ENABLE | TIMER_CTRL_INTERRUPT;
    tg_irq_enable(MPS2_IRQ_TIMER0);
}

void clock_pace_interrupt(void) {
    MPS2_TIMER0->intclear = 1;
}

void clock_wrap_interrupt(void) {
    MPS2_TIMER1->intclear = 1;
    wraps++;
}
