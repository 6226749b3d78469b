#include "../tg_board.h"

#include "../../drivers/lis3dh/tg_lis3dh.h"
#include "../common/line.h"
#include "../common/sleep.h"
#include "../common/start.h"
#include "clock.h"
#include "i2c.h"
#include "pins.h"
#include "rp2040.h"

#define LIGHT_US 400000U

const char tg_board_name[] = "pico";

/* A LIS3DH on wires is wherever it is fixed: its own axes are the frame. */
const tg_axis_map tg_board_axes = {.axis = {0, 1, 2}, .sign = {1, 1, 1}};

static uint64_t now_us(void *ctx) {
    (void)ctx;
    return clock_us();
}

static void pace(void *ctx, uint32_t period_us) {
    (void)ctx;
    clock_pace(period_us);
}

static const tg_bus bus = {.transfer = i2c_transfer, .recover = i2c_recover, .time_us = now_us, .pace = pace};
static tg_lis3dh sensor;
static tg_accel accel;
static int sensor_found;

static void on_pace(void) {
    clock_pace_interrupt();
    sleep_wake();
}

static void on_alarm(void) {
    clock_alarm_interrupt();
    SIO_GPIO_OUT_CLR = 1U << PIN_LED;
}

static void on_line(void) {
    line_interrupt();
    sleep_wake();
}

void tg_board_init(void) {
    const uint32_t used =
        RESETS_I2C0 | RESETS_IO_BANK0 | RESETS_PADS_BANK0 | RESETS_PLL_SYS | RESETS_TIMER | RESETS_UART0;
    RP2040_CLEAR(RESETS_RESET) = RESETS_IO_BANK0 | RESETS_PADS_BANK0 | RESETS_PLL_SYS | RESETS_TIMER;
    clock_init();
    RP2040_CLEAR(RESETS_RESET) = used; /* UART and I2C leave their reset with their clock running */
    while ((RESETS_DONE & used) != used) {
    }
    PADS_PIN(PIN_LED) = PADS_OUTPUT;
    SIO_GPIO_OUT_CLR = 1U << PIN_LED;
    SIO_GPIO_OE_SET = 1U << PIN_LED;
    IO_CTRL(PIN_LED) = IO_FUNCTION_SIO;
    line_init();
    i2c_init();
    PSM_WDSEL = PSM_WDSEL_ALL;
    tg_board_feed_watchdog();
    WATCHDOG_CTRL = WATCHDOG_ENABLE | WATCHDOG_DEBUG_PAUSE;
}

uint64_t tg_board_time_us(void) {
    return clock_us();
}

void tg_board_feed_watchdog(void) {
    WATCHDOG_LOAD = TG_WATCHDOG_MS * 1000U * WATCHDOG_PER_US;
}

tg_reset_cause tg_board_reset_cause(void) {
    if (tg_board_fault() != NULL) {
        return TG_RESET_FAULT;
    }
    if (WATCHDOG_REASON != 0) {
        return TG_RESET_WATCHDOG;
    }
    return CHIP_RESET & CHIP_RESET_POR ? TG_RESET_POWER : TG_RESET_PIN;
}

const tg_accel *tg_board_accel(void) {
    if (!sensor_found) {
        uint8_t address = TG_LIS3DH_ADDRESS_LOW;
        if (tg_lis3dh_probe(&bus, address) < 0) {
            address = TG_LIS3DH_ADDRESS_HIGH;
        }
        tg_lis3dh_init(&sensor, &bus, address, &tg_lis3dh_part_lis3dh, &accel);
        sensor_found = tg_lis3dh_probe(&bus, address) == 0;
    }
    return sensor_found ? &accel : NULL;
}

void tg_board_show_event(unsigned label, const char *text, size_t size) {
    (void)label;
    (void)text;
    (void)size;
    SIO_GPIO_OUT_SET = 1U << PIN_LED;
    clock_alarm(LIGHT_US);
}

unsigned tg_board_mode(void) {
    return 0;
}

_Noreturn void tg_board_exit(tg_exit code) {
    (void)code;
    for (;;) { /* not reached: a real board does not end */
    }
}

/* ARMv6-M B1.5.3 and RP2040 data sheet, section 2.3.2. */
__attribute__((section(".vectors"), used)) static const tg_vector vectors[16 + RP2040_IRQ_COUNT] = {
    TG_EXCEPTIONS,
    [16 + RP2040_IRQ_TIMER0] = {.handler = on_pace},
    [16 + RP2040_IRQ_TIMER1] = {.handler = on_alarm},
    [16 + RP2040_IRQ_UART0] = {.handler = on_line},
};
