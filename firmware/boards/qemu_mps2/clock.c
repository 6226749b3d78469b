#include "clock.h"

#include "mps2.h"

#define MILLI   1000U
#define LONGEST UINT32_MAX

static volatile uint64_t base; /* ticks until the last interrupt */
static uint32_t period;
static int paced;

static void run(uint32_t ticks) {
    period = ticks;
    MPS2_TIMER0->ctrl = 0;
    MPS2_TIMER0->reload = ticks - 1;
    MPS2_TIMER0->value = ticks - 1;
    MPS2_TIMER0->intclear = 1;
    MPS2_TIMER0->ctrl = TIMER_CTRL_ENABLE | TIMER_CTRL_INTERRUPT;
}

void clock_init(void) {
    run(LONGEST);
    tg_irq_enable(MPS2_IRQ_TIMER0);
}

uint64_t clock_ticks(void) {
    uint64_t before;
    uint32_t left;
    uint32_t due;
    do {
        before = base;
        left = MPS2_TIMER0->value;
        due = MPS2_TIMER0->intclear;
    } while (before != base);
    /* The interrupt is raised at zero. Until it has counted, a full timer is one of the next turn. */
    return before + (due && left > period / 2 ? period : 0) + (period - 1 - left);
}

void clock_pace(uint32_t rate_mhz) {
    tg_irq_mask();
    base = clock_ticks();
    run((uint32_t)((uint64_t)MPS2_CLOCK_HZ * MILLI / rate_mhz));
    tg_irq_unmask();
    paced = 1;
}

int clock_paces(void) {
    return paced;
}

void clock_interrupt(void) {
    MPS2_TIMER0->intclear = 1;
    base += period;
}
