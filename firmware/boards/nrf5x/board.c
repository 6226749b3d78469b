/* The services of boards with an nRF51822 or nRF52833; what is different lies in each board's own folder. */
#include "../common/line.h"
#include "../common/sleep.h"
#include "../common/start.h"
#include "../common/symbol.h"
#include "../tg_board.h"
#include "clock.h"
#include "matrix.h"
#include "nrf5x.h"

static uint32_t reset_reason;

void tg_board_init(void) {
    reset_reason = POWER_RESETREAS;
    POWER_RESETREAS = reset_reason;
    clock_init();
    line_init();
    matrix_init();
    WDT_CONFIG = WDT_CONFIG_SLEEP;
    WDT_CRV = TG_WATCHDOG_MS * WDT_HZ / 1000U;
    WDT_RREN = 1;
    WDT_START = 1;
}

uint64_t tg_board_time_us(void) {
    return clock_us();
}

void tg_board_feed_watchdog(void) {
    WDT_RR0 = WDT_RELOAD;
}

tg_reset_cause tg_board_reset_cause(void) {
    if (tg_board_fault() != NULL || (reset_reason & RESETREAS_LOCKUP)) {
        return TG_RESET_FAULT;
    }
    if (reset_reason & RESETREAS_WATCHDOG) {
        return TG_RESET_WATCHDOG;
    }
    if (reset_reason & RESETREAS_SOFTWARE) {
        return TG_RESET_SOFTWARE;
    }
    return reset_reason & RESETREAS_PIN ? TG_RESET_PIN : TG_RESET_POWER;
}

void tg_board_show_event(unsigned label, const char *text, size_t size) {
    (void)label;
    matrix_show(tg_symbol(text, size));
}

unsigned tg_board_mode(void) {
    return 0;
}

_Noreturn void tg_board_exit(tg_exit code) {
    (void)code;
    for (;;) { /* not reached: a real board does not end */
    }
}

static void on_line(void) {
    line_interrupt();
    sleep_wake();
}

static void on_timer(void) {
    unsigned came = clock_interrupt();
    if (came & CLOCK_LIGHTS) {
        matrix_interrupt();
    }
    if (came & CLOCK_PACE) {
        sleep_wake();
    }
}

/* ARMv6-M and ARMv7-M B1.5.3; RM 10, PS 4.2.3. The nRF52833 has more interrupts, none of them used. */
__attribute__((section(".vectors"), used)) static const tg_vector vectors[16 + NRF_IRQ_COUNT] = {
    TG_EXCEPTIONS,
    [16 + NRF_IRQ_UART0] = {.handler = on_line},
    [16 + NRF_IRQ_TIMER0] = {.handler = on_timer},
};
