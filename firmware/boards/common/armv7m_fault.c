/* Faults of an ARMv7-M processor: keeps what happened and where, then resets. */
#include <stdbool.h>

#include "cortex_m.h"
#include "fault.h"

#define EXCEPTION_NMI 2U

/* Configurable fault status (ARMv7-M B3.2.15). */
#define CFSR_MMARVALID (1U << 7)
#define CFSR_BFARVALID (1U << 15)
static const struct {
    uint32_t bit;
    tg_fault_cause cause;
} causes[] = {
    {1U << 0, TG_FAULT_FETCH},     {1U << 1, TG_FAULT_ACCESS},       {1U << 4, TG_FAULT_STACKING},
    {1U << 8, TG_FAULT_BUS_FETCH}, {1U << 9, TG_FAULT_BUS_DATA},     {1U << 10, TG_FAULT_BUS_LATE},
    {1U << 12, TG_FAULT_STACKING}, {1U << 16, TG_FAULT_INSTRUCTION}, {1U << 17, TG_FAULT_NOT_THUMB},
    {1U << 18, TG_FAULT_RETURN},   {1U << 19, TG_FAULT_NO_FPU},      {1U << 24, TG_FAULT_UNALIGNED},
    {1U << 25, TG_FAULT_DIVISION},
};

_Noreturn void tg_fault_report(const uint32_t *frame) {
    tg_fault_record record = {.pc = tg_fault_pc(frame), .status = SCB_CFSR};
    __asm volatile("mrs %0, ipsr" : "=r"(record.exception));
    for (unsigned i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (record.status & causes[i].bit) {
            record.cause = causes[i].cause;
        }
    }
    if (record.exception == EXCEPTION_NMI) {
        record.cause = TG_FAULT_HANG; /* these boards give the watchdog's warning to it */
    }
    if (record.status & (CFSR_MMARVALID | CFSR_BFARVALID)) {
        record.address = (record.status & CFSR_MMARVALID) ? SCB_MMFAR : SCB_BFAR;
    }
    /* The access that met the guard, or, when its address is not known, a frame that reaches into it. */
    uintptr_t guard = (uintptr_t)tg_stack_limit;
    bool met = (record.status & CFSR_MMARVALID) != 0 && record.address - guard < TG_STACK_GUARD;
    if (met || (uintptr_t)frame < guard + TG_STACK_GUARD) {
        record.cause = TG_FAULT_STACK_OVERFLOW;
    }
    tg_kept_fault(&record);
}
