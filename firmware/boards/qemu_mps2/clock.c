#include "clock.h"

#include "mps2.h"

#define MILLI        1000U
#define TICKS_PER_US (MPS2_CLOCK_HZ / 1000000U)
#define LONGEST      (1U << 31) /* a turn and what is read of the next one fit in 32 bits */

/* Time at the last interrupt: microseconds, and ticks that are not yet one. */
static volatile uint64_t base_us;
static volatile uint32_t rest;
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

/* Ticks since base_us. */
static uint32_t ticks_since(void) {
    uint32_t left = MPS2_TIMER0->value;
    uint32_t due = MPS2_TIMER0->intclear;
    /* The interrupt is raised at zero. Until it has counted, a full timer is one of the next turn. */
    return rest + (due && left > period / 2 ? period : 0) + (period - 1 - left);
}

uint64_t clock_us(void) {
    uint64_t before;
    uint32_t ticks;
    do {
        before = base_us;
        ticks = ticks_since();
    } while (before != base_us);
    return before + ticks / TICKS_PER_US;
}

static void advance(uint32_t ticks) {
    base_us += ticks / TICKS_PER_US;
    rest = ticks % TICKS_PER_US;
}

void clock_pace(uint32_t rate_mhz) {
    tg_irq_mask();
    advance(ticks_since());
    run((uint32_t)((uint64_t)MPS2_CLOCK_HZ * MILLI / rate_mhz));
    tg_irq_unmask();
    paced = 1;
}

int clock_paces(void) {
    return paced;
}

void clock_interrupt(void) {
    MPS2_TIMER0->intclear = 1;
    advance(rest + period);
}
