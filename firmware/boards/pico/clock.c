#include "clock.h"

#include "rp2040.h"

#define ALARM0          (1U << 0)
#define ALARM1          (1U << 1)
#define XOSC_MHZ        12U
#define CYCLES_PER_LOOP 4U /* of clock_wait_us(), at least 3 on a Cortex-M0+ */
#define LEAST_US        5U /* an alarm set for the past would come 71 minutes late */

#define IDLE_US 500000U /* without a sensor the application is woken this often */

static uint32_t pace_us;

void clock_init(void) {
    XOSC_STARTUP = XOSC_DELAY;
    XOSC_CTRL = XOSC_CTRL_ENABLE;
    while ((XOSC_STATUS & XOSC_STABLE) == 0) { /* without its crystal there is no board */
    }
    CLK_REF_CTRL = CLK_REF_XOSC;
    while ((CLK_REF_SELECTED & CLK_REF_XOSC_SELECTED) == 0) {
    }
    CLK_SYS_CTRL = CLK_SYS_REF;
    while ((CLK_SYS_SELECTED & CLK_SYS_REF_SELECTED) == 0) {
    }
    PLL_CS = PLL_CS_REFDIV_1;
    PLL_FBDIV = PLL_FBDIV_48_MHZ;
    RP2040_CLEAR(PLL_PWR) = PLL_PWR_PD | PLL_PWR_VCO;
    while ((PLL_CS & PLL_CS_LOCK) == 0) {
    }
    PLL_PRIM = PLL_PRIM_5_BY_5;
    RP2040_CLEAR(PLL_PWR) = PLL_PWR_POSTDIV;
    CLK_SYS_CTRL = CLK_SYS_PLL;
    while ((CLK_SYS_SELECTED & CLK_SYS_PLL_SELECTED) == 0) {
    }
    CLK_PERI_CTRL = CLK_PERI_ENABLE;
    WATCHDOG_TICK = WATCHDOG_TICK_ENABLE | XOSC_MHZ; /* the timer's microsecond too: section 4.7.2 */
    tg_irq_enable(RP2040_IRQ_TIMER0);
    tg_irq_enable(RP2040_IRQ_TIMER1);
    clock_pace(IDLE_US);
}

uint64_t clock_us(void) {
    uint32_t high;
    uint32_t low;
    do {
        high = TIMER_RAWH;
        low = TIMER_RAWL;
    } while (high != TIMER_RAWH);
    return (uint64_t)high << 32 | low;
}

void clock_wait_us(uint32_t us) {
    for (uint32_t i = us * (CLOCK_SYS_HZ / 1000000U / CYCLES_PER_LOOP) + 1; i > 0; i--) {
        __asm volatile("");
    }
}

void clock_pace(uint32_t period_us) {
    pace_us = period_us > LEAST_US ? period_us : LEAST_US;
    RP2040_SET(TIMER_INTE) = ALARM0;
    TIMER_ALARM0 = TIMER_RAWL + pace_us;
}

void clock_alarm(uint32_t later_us) {
    RP2040_SET(TIMER_INTE) = ALARM1;
    TIMER_ALARM1 = TIMER_RAWL + (later_us > LEAST_US ? later_us : LEAST_US);
}

void clock_pace_interrupt(void) {
    TIMER_INTR = ALARM0;
    TIMER_ALARM0 = TIMER_RAWL + pace_us;
}

void clock_alarm_interrupt(void) {
    TIMER_INTR = ALARM1;
}
