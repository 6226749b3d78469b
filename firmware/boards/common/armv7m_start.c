/* Reset of an ARMv7-M processor with a floating-point and a memory protection unit, and use of its stack. */
#include "cortex_m.h"
#include "start.h"

#include "../tg_board.h"

#define STACK_PAINT 0x5AFEC0DEU
#define PAINT_GAP   16 /* words below the frame of tg_reset that are left alone */

extern const uint32_t tg_data_load[];
extern uint32_t tg_data_start[];
extern uint32_t tg_data_end[];
extern uint32_t tg_bss_start[];
extern uint32_t tg_bss_end[];

int main(void);

static void guard_stack(void) {
    MPU_RBAR = (uint32_t)(uintptr_t)tg_stack_limit | MPU_RBAR_VALID;
    MPU_RASR = MPU_RASR_ENABLE | MPU_RASR_SIZE(TG_STACK_GUARD_LOG2) | MPU_RASR_NORMAL | MPU_RASR_READ_ONLY |
               MPU_RASR_EXECUTE_NEVER;
    MPU_CTRL = MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

_Noreturn void tg_reset(void) {
    SCB_CPACR |= CPACR_CP10_CP11;
    SCB_SHCSR |= SHCSR_MEMFAULTENA | SHCSR_BUSFAULTENA | SHCSR_USGFAULTENA;
    __asm volatile("dsb\n\tisb" ::: "memory");

    const uint32_t *from = tg_data_load;
    for (uint32_t *to = tg_data_start; to != tg_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = tg_bss_start; to != tg_bss_end;) {
        *to++ = 0;
    }
    uint32_t *frame = __builtin_frame_address(0);
    for (uint32_t *to = tg_stack_limit; to < frame - PAINT_GAP;) {
        *to++ = STACK_PAINT;
    }
    guard_stack();
    tg_kept_start();
    (void)main();
    for (;;) { /* unreachable: an application never ends */
    }
}

size_t tg_board_stack_size(void) {
    return tg_span(tg_stack_limit, tg_stack_top) - TG_STACK_GUARD;
}

size_t tg_board_stack_used(void) {
    const uint32_t *lowest = tg_stack_limit;
    while (lowest != tg_stack_top && *lowest == STACK_PAINT) {
        lowest++;
    }
    return tg_span(lowest, tg_stack_top);
}
