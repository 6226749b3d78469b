/* MPS2 board with the AN386 image (a Cortex-M4F), as QEMU's mps2-an386 models it.
 * Addresses and interrupt numbers: Arm DAI 0386, Application Note AN386, "Memory map" and "Interrupt
 * assignments". Peripherals: ARM DDI 0479, Cortex-M System Design Kit Technical Reference Manual. */
#ifndef TG_MPS2_H
#define TG_MPS2_H

#include "../common/cortex_m.h"

#define MPS2_CLOCK_HZ 25000000U /* processor and APB peripherals */

#define MPS2_IRQ_UART0_RX      0
#define MPS2_IRQ_UART0_TX      1
#define MPS2_IRQ_TIMER0        8
#define MPS2_IRQ_UART0_OVERRUN 12 /* shared by the UARTs */
#define MPS2_IRQ_COUNT         32

/* ARM DDI 0479, APB timer: counts down, reloads at zero. */
typedef struct {
    volatile uint32_t ctrl;
    volatile uint32_t value;
    volatile uint32_t reload;
    volatile uint32_t intclear; /* read: status */
} mps2_timer;

#define TIMER_CTRL_ENABLE    (1U << 0)
#define TIMER_CTRL_INTERRUPT (1U << 3)

/* ARM DDI 0479, APB UART: one byte of buffer. */
typedef struct {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t ctrl;
    volatile uint32_t intclear; /* read: status */
    volatile uint32_t bauddiv;
} mps2_uart;

#define UART_STATE_RX_OVERRUN          (1U << 3)
#define UART_CTRL_TX_ENABLE            (1U << 0)
#define UART_CTRL_RX_ENABLE            (1U << 1)
#define UART_CTRL_TX_INTERRUPT         (1U << 2)
#define UART_CTRL_RX_INTERRUPT         (1U << 3)
#define UART_CTRL_RX_OVERRUN_INTERRUPT (1U << 5)
#define UART_INT_TX                    (1U << 0)
#define UART_INT_RX                    (1U << 1)
#define UART_INT_RX_OVERRUN            (1U << 3)

/* ARM DDI 0479, APB watchdog: counts down; at zero it asks for an interrupt, at the next zero for a reset. */
typedef struct {
    volatile uint32_t load;
    volatile uint32_t value;
    volatile uint32_t ctrl;
    volatile uint32_t intclear;
} mps2_watchdog;

#define WATCHDOG_CTRL_INTERRUPT (1U << 0)
#define WATCHDOG_CTRL_RESET     (1U << 1)

#define MPS2_TIMER0   ((mps2_timer *)(uintptr_t)0x40000000U)
#define MPS2_UART0    ((mps2_uart *)(uintptr_t)0x40004000U)
#define MPS2_WATCHDOG ((mps2_watchdog *)(uintptr_t)0x40008000U)

#endif
