#include "fault.h"

#define FRAME_PC 6 /* word of the stacked program counter (ARMv6-M and ARMv7-M B1.5.6) */

uint32_t tg_fault_pc(const uint32_t *frame) {
    return frame >= tg_stack_limit && frame + FRAME_PC < tg_stack_top ? frame[FRAME_PC] : 0;
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
                   : "i"(tg_fault_report));
}
