/* Faults of an ARMv7-M processor: says what happened and where, then ends. */
#include <stdbool.h>

#include "cortex_m.h"
#include "start.h"

#include "../tg_board.h"

#define FRAME_PC 6 /* word of the stacked program counter (ARMv7-M B1.5.6) */

/* Configurable fault status (ARMv7-M B3.2.15). */
#define CFSR_MMARVALID (1U << 7)
#define CFSR_BFARVALID (1U << 15)
static const struct {
    uint32_t bit;
    const char *text;
} causes[] = {
    {1U << 0, "instruction fetch from a forbidden address"},
    {1U << 1, "data access to a forbidden address"},
    {1U << 4, "memory fault while entering an exception"},
    {1U << 8, "bus error on instruction fetch"},
    {1U << 9, "bus error on data access"},
    {1U << 10, "late bus error on data access"},
    {1U << 12, "bus error while entering an exception"},
    {1U << 16, "undefined instruction"},
    {1U << 17, "jump to code that is no Thumb code"},
    {1U << 18, "bad return from an exception"},
    {1U << 19, "floating-point instruction without its unit"},
    {1U << 24, "unaligned access"},
    {1U << 25, "division by zero"},
};

static void write_hex(const char *name, uint32_t value) {
    char text[9];
    for (int i = 0; i < 8; i++) {
        text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 0xFU];
    }
    text[8] = '\0';
    tg_board_panic_write(name);
    tg_board_panic_write(text);
}

__attribute__((used)) static _Noreturn void report(const uint32_t *frame) {
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    uint32_t status = SCB_CFSR;
    const char *text = "an interrupt or exception nobody handles";
    for (unsigned i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (status & causes[i].bit) {
            text = causes[i].text;
        }
    }
    /* The access that met the guard, or, when its address is not known, a frame that reaches into it. */
    uintptr_t guard = (uintptr_t)tg_stack_limit;
    bool met = (status & CFSR_MMARVALID) != 0 && SCB_MMFAR - guard < TG_STACK_GUARD;
    if (met || (uintptr_t)frame < guard + TG_STACK_GUARD) {
        text = "stack overflow";
    }
    write_hex("\nfault exception=", exception);
    if (frame >= tg_stack_limit && frame + FRAME_PC < tg_stack_top) {
        write_hex(" pc=", frame[FRAME_PC]);
    }
    write_hex(" cfsr=", status);
    if (status & (CFSR_MMARVALID | CFSR_BFARVALID)) {
        write_hex(" address=", (status & CFSR_MMARVALID) ? SCB_MMFAR : SCB_BFAR);
    }
    tg_board_panic_write(" cause=");
    tg_board_panic_write(text);
    tg_board_panic_write("\n");
    tg_board_exit(TG_EXIT_FAULT);
}

/* After a stack overflow the stack pointer is of no use: start from the top again. */
__attribute__((naked)) void tg_fault_entry(void) {
    __asm volatile("mrs r0, msp\n\t"
                   "ldr r1, =tg_stack_top\n\t"
                   "msr msp, r1\n\t"
                   "b %c0\n\t"
                   ".ltorg"
                   :
                   : "i"(report));
}
