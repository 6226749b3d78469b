/* Reset of an ARMv7-M processor with a floating-point and a memory protection unit. */
#include "cortex_m.h"
#include "start.h"

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

    tg_start_memory();
    guard_stack();
    tg_kept_start();
    (void)main();
    for (;;) { /* unreachable: an application never ends */
    }
}
