/* Faults of an ARMv6-M processor, which does not tell their causes: keeps where it happened, then resets. */
#include "start.h"

#define FRAME_PC 6 /* word of the stacked program counter (ARMv6-M B1.5.6) */
#define HARD     3U

/* Nothing lies below the stack. An overflow that leaves no room for the exception's own frame locks the
 * processor up, and the board is reset without a record; one that is met before is kept. */
__attribute__((used)) static _Noreturn void report(const uint32_t *frame) {
    tg_fault_record record = {.cause = TG_FAULT_UNKNOWN};
    __asm volatile("mrs %0, ipsr" : "=r"(record.exception));
    if (record.exception == HARD) {
        record.cause = TG_FAULT_HARD;
    }
    if ((uintptr_t)frame < (uintptr_t)tg_stack_limit + TG_STACK_GUARD) {
        record.cause = TG_FAULT_STACK_OVERFLOW;
    }
    if (frame >= tg_stack_limit && frame + FRAME_PC < tg_stack_top) {
        record.pc = frame[FRAME_PC];
    }
    tg_kept_fault(&record);
}

/* After a stack overflow the stack pointer is of no use: start from the top again. */
__attribute__((naked)) void tg_fault_entry(void) {
    __asm volatile("mrs r0, msp\n\t"
                   "ldr r1, 1f\n\t"
                   "msr msp, r1\n\t"
                   "ldr r1, 2f\n\t"
                   "bx r1\n\t"
                   ".balign 4\n"
                   "1: .word tg_stack_top\n"
                   "2: .word %c0\n"
                   :
                   : "i"(report));
}
