/* Faults of an ARMv6-M processor, which does not tell their causes: keeps where it happened, then resets. */
#include "fault.h"

#define HARD 3U

/* Nothing lies below the stack. An overflow that leaves no room for the exception's own frame locks the
 * processor up, and the board is reset without a record; one that is met before is kept. */
_Noreturn void tg_fault_report(const uint32_t *frame) {
    tg_fault_record record = {.cause = TG_FAULT_UNKNOWN, .pc = tg_fault_pc(frame)};
    __asm volatile("mrs %0, ipsr" : "=r"(record.exception));
    if (record.exception == HARD) {
        record.cause = TG_FAULT_HARD;
    }
    if ((uintptr_t)frame < (uintptr_t)tg_stack_limit + TG_STACK_GUARD) {
        record.cause = TG_FAULT_STACK_OVERFLOW;
    }
    tg_kept_fault(&record);
}
