#include "../tg_board.h"

#include "../../drivers/virtual/tg_virtual_accel.h"
#include "../common/sleep.h"
#include "../common/start.h"
#include "clock.h"
#include "line.h"
#include "mps2.h"

/* Semihosting: Arm "Semihosting for AArch32 and AArch64", SYS_EXIT_EXTENDED. */
#define SYS_EXIT_EXTENDED            0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

/* PSRAM, where QEMU's loader device puts the log image before the start. */
extern const uint8_t tg_log_start[];
extern const uint8_t tg_log_end[];

const char tg_board_name[] = "qemu_mps2";

/* The log is already in the frame. */
const tg_axis_map tg_board_axes = {.axis = {0, 1, 2}, .sign = {1, 1, 1}};

static tg_accel accel;
static tg_virtual_accel sensor;
static int sensor_found;

static void on_timer(void) {
    clock_interrupt();
    if (clock_paces()) {
        tg_virtual_accel_tick(&sensor, tg_board_time_us());
        sleep_wake();
    }
}

static void on_sent(void) {
    line_sent_interrupt();
    sleep_wake();
}

static void on_received(void) {
    line_received_interrupt();
    sleep_wake();
}

void tg_board_init(void) {
    clock_init();
    line_init();
    MPS2_WATCHDOG->ctrl = WATCHDOG_CTRL_INTERRUPT | WATCHDOG_CTRL_RESET;
    tg_board_feed_watchdog();
}

uint64_t tg_board_time_us(void) {
    return clock_us();
}

void tg_board_feed_watchdog(void) {
    MPS2_WATCHDOG->load = MPS2_CLOCK_HZ / 1000U * TG_WATCHDOG_MS;
}

tg_reset_cause tg_board_reset_cause(void) {
    const tg_fault_record *fault = tg_board_fault();
    if (fault != NULL) {
        return fault->cause == TG_FAULT_HANG ? TG_RESET_WATCHDOG : TG_RESET_FAULT;
    }
    return tg_kept_was_on() ? TG_RESET_PIN : TG_RESET_POWER;
}

void tg_board_show_event(unsigned label, const char *text, size_t size) {
    (void)label; /* the emulator models no lights */
    (void)text;
    (void)size;
}

const tg_accel *tg_board_accel(void) {
    tg_log_image image;
    if (!sensor_found && tg_log_image_read(&image, tg_log_start, tg_span(tg_log_start, tg_log_end)) == 0) {
        tg_virtual_accel_init(&sensor, &image, clock_pace, &accel);
        sensor_found = 1;
    }
    return sensor_found ? &accel : NULL;
}

unsigned tg_board_mode(void) {
    return tg_board_accel() != NULL ? sensor.image.flags & TG_IMAGE_MODE : TG_MODE_END;
}

_Noreturn void tg_board_exit(tg_exit code) {
    while (line_busy()) {
        tg_board_sleep();
    }
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)code};
    register uint32_t operation __asm("r0") = SYS_EXIT_EXTENDED;
    register const uint32_t *argument __asm("r1") = block;
    __asm volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
    for (;;) {
        tg_wait_for_interrupt();
    }
}

/* ARMv7-M B1.5.3 and AN386 "Interrupt assignments". */
__attribute__((section(".vectors"), used)) static const tg_vector vectors[16 + MPS2_IRQ_COUNT] = {
    TG_EXCEPTIONS,
    [16 + MPS2_IRQ_UART0_RX] = {.handler = on_received},
    [16 + MPS2_IRQ_UART0_TX] = {.handler = on_sent},
    [16 + MPS2_IRQ_TIMER0] = {.handler = on_timer},
    [16 + MPS2_IRQ_UART0_OVERRUN] = {.handler = line_overrun_interrupt},
};
