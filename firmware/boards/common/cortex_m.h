/* Registers and instructions that every Cortex-M of these boards has.
 * Sections are those of the ARMv7-M Architecture Reference Manual (ARM DDI 0403E). */
#ifndef TG_CORTEX_M_H
#define TG_CORTEX_M_H

#include <stdint.h>

#define TG_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* B3.2.2, System control block */
#define SCB_AIRCR TG_REG(0xE000ED0CU) /* B3.2.6 */
#define SCB_SHCSR TG_REG(0xE000ED24U) /* B3.2.13 */
#define SCB_CFSR  TG_REG(0xE000ED28U) /* B3.2.15 */
#define SCB_MMFAR TG_REG(0xE000ED34U) /* B3.2.17 */
#define SCB_BFAR  TG_REG(0xE000ED38U) /* B3.2.18 */
#define SCB_CPACR TG_REG(0xE000ED88U) /* B3.2.20 */

#define AIRCR_RESET       0x05FA0004U /* VECTKEY and SYSRESETREQ */
#define SHCSR_MEMFAULTENA (1U << 16)
#define SHCSR_BUSFAULTENA (1U << 17)
#define SHCSR_USGFAULTENA (1U << 18)
#define CPACR_CP10_CP11   (0xFU << 20) /* full access to the floating-point unit */

/* B3.5, Protected memory system architecture */
#define MPU_CTRL TG_REG(0xE000ED94U) /* B3.5.5 */
#define MPU_RBAR TG_REG(0xE000ED9CU) /* B3.5.8; with VALID set it selects the region too */
#define MPU_RASR TG_REG(0xE000EDA0U) /* B3.5.9 */

#define MPU_CTRL_ENABLE        (1U << 0)
#define MPU_CTRL_PRIVDEFENA    (1U << 2) /* no other memory is restricted */
#define MPU_RBAR_VALID         (1U << 4)
#define MPU_RASR_ENABLE        (1U << 0)
#define MPU_RASR_SIZE(log2)    ((log2) * 2U - 2U)
#define MPU_RASR_NORMAL        (1U << 17)
#define MPU_RASR_READ_ONLY     (5U << 24)
#define MPU_RASR_EXECUTE_NEVER (1U << 28)

/* B3.4.4, NVIC interrupt set-enable */
#define NVIC_ISER0 TG_REG(0xE000E100U)

static inline void tg_irq_enable(unsigned irq) {
    NVIC_ISER0 = 1U << irq;
}

static inline void tg_irq_mask(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void tg_irq_unmask(void) {
    __asm volatile("cpsie i" ::: "memory");
}

/* Waits for an interrupt; a pending one ends the wait even while masked (B1.5.19). */
static inline void tg_wait_for_interrupt(void) {
    __asm volatile("dsb\n\twfi" ::: "memory");
}

#endif
