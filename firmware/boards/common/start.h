/* What the start-up code offers to a board, and what it needs from one. */
#ifndef TG_START_H
#define TG_START_H

#include <stddef.h>
#include <stdint.h>

#include "../tg_reset.h"

/* An entry of the vector table: the first holds the initial stack pointer. */
typedef union {
    uint32_t *stack;
    void (*handler)(void);
} tg_vector;

/* The lowest bytes of the stack cannot be written: an overflow faults instead of overwriting what lies below.
 * The linker script aligns tg_stack_limit to them. ARMv6-M cannot guard them; there they are a reserve. */
#define TG_STACK_GUARD_LOG2 8U
#define TG_STACK_GUARD      (1U << TG_STACK_GUARD_LOG2)

/* Set by the linker script. */
extern uint32_t tg_stack_limit[];
extern uint32_t tg_stack_top[];

/* Bytes between two symbols of the linker script. */
static inline size_t tg_span(const void *from, const void *to) {
    return (uintptr_t)to - (uintptr_t)from;
}

/* Vector 1: prepares memory and processor and calls main(). */
_Noreturn void tg_reset(void);

/* Sets data and bss up and paints the stack. Part of tg_reset. */
void tg_start_memory(void);

/* Vectors 3 to 6, and for any interrupt nobody expects. */
void tg_fault_entry(void);

/* The first 16 vectors (ARMv6-M and ARMv7-M B1.5.3); ARMv6-M reserves 4 to 6 and 12, and never takes them. */
#define TG_EXCEPTIONS                                                                                        \
    [0] = {.stack = tg_stack_top}, [1] = {.handler = tg_reset}, [2] = {.handler = tg_fault_entry}, /* NMI */ \
        [3] = {.handler = tg_fault_entry},  /* HardFault */                                                  \
        [4] = {.handler = tg_fault_entry},  /* MemManage */                                                  \
        [5] = {.handler = tg_fault_entry},  /* BusFault */                                                   \
        [6] = {.handler = tg_fault_entry},  /* UsageFault */                                                 \
        [11] = {.handler = tg_fault_entry}, /* SVCall */                                                     \
        [12] = {.handler = tg_fault_entry}, /* DebugMonitor */                                               \
        [14] = {.handler = tg_fault_entry}, /* PendSV */                                                     \
        [15] = {.handler = tg_fault_entry}  /* SysTick */

/* Takes the record of a fault out of the memory that no start clears, for tg_board_fault(). Part of tg_reset.
 */
void tg_kept_start(void);

/* 1 when the memory kept its contents: the power was not off before this start. */
int tg_kept_was_on(void);

/* Leaves the record for the next start and resets the board. Works in any state. */
_Noreturn void tg_kept_fault(const tg_fault_record *record);

#endif
