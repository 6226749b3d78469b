/* nRF51822 and nRF52833: the registers both have at the same place, which is nearly all that these boards
 * use. Sections are those of the nRF51 Series Reference Manual v3.0 (RM) and the nRF52833 Product
 * Specification v1.5 (PS). UART and TWI are the plain peripherals, not those with DMA (UARTE, TWIM), which
 * the nRF51 lacks: the nRF52833 still has them (PS 4.2.3, peripheral instantiation). */
#ifndef TG_NRF5X_H
#define TG_NRF5X_H

#include "../common/cortex_m.h"

#define NRF_IRQ_POWER  0 /* RM 10, PS 4.2.3: the identifier of a peripheral is its interrupt */
#define NRF_IRQ_UART0  2
#define NRF_IRQ_TIMER0 8
#define NRF_IRQ_COUNT  32

/* CLOCK: RM 13, PS 5.4 */
#define CLOCK_HFCLKSTART   TG_REG(0x40000000U)
#define CLOCK_HFCLKSTARTED TG_REG(0x40000100U)

/* POWER: RM 12, PS 5.3 */
#define POWER_RESETREAS    TG_REG(0x40000400U) /* bits stay until a 1 is written to them */
#define RESETREAS_PIN      (1U << 0)
#define RESETREAS_WATCHDOG (1U << 1)
#define RESETREAS_SOFTWARE (1U << 2)
#define RESETREAS_LOCKUP   (1U << 3)

/* GPIO, port 0: RM 14, PS 6.9. Port 1 of the nRF52833 lies 300h behind it. */
#define GPIO_PORT(pin)     (0x50000000U + 0x300U * ((pin) / 32U))
#define GPIO_BIT(pin)      (1U << (pin) % 32U)
#define GPIO_OUTSET(pin)   TG_REG(GPIO_PORT(pin) + 0x508U)
#define GPIO_OUTCLR(pin)   TG_REG(GPIO_PORT(pin) + 0x50CU)
#define GPIO_CNF(pin)      TG_REG(GPIO_PORT(pin) + 0x700U + 4U * ((pin) % 32U))
#define CNF_OUTPUT         0x003U
#define CNF_INPUT          0x000U
#define CNF_INPUT_PULLUP   0x00CU
#define CNF_OPEN_DRAIN     0x60CU /* input too, pulled up, standard 0, disconnected 1 (S0D1) */
#define CNF_OPEN_DRAIN_OUT 0x60DU /* likewise, driven */

/* UART0: RM 29, PS 6.33 */
#define UART_STARTRX          TG_REG(0x40002000U)
#define UART_STARTTX          TG_REG(0x40002008U)
#define UART_RXDRDY           TG_REG(0x40002108U)
#define UART_TXDRDY           TG_REG(0x4000211CU)
#define UART_ERROR            TG_REG(0x40002124U)
#define UART_INTENSET         TG_REG(0x40002304U)
#define UART_ERRORSRC         TG_REG(0x40002480U)
#define UART_ENABLE           TG_REG(0x40002500U)
#define UART_PSELTXD          TG_REG(0x4000250CU)
#define UART_PSELRXD          TG_REG(0x40002514U)
#define UART_RXD              TG_REG(0x40002518U)
#define UART_TXD              TG_REG(0x4000251CU)
#define UART_BAUDRATE         TG_REG(0x40002524U)
#define UART_ENABLED          4U
#define UART_INT_RXDRDY       (1U << 2)
#define UART_INT_TXDRDY       (1U << 7)
#define UART_INT_ERROR        (1U << 9)
#define UART_ERRORSRC_OVERRUN (1U << 0)
#define UART_115200           0x01D7E000U

/* TWI0: RM 28, PS 6.32 */
#define TWI_STARTRX       TG_REG(0x40003000U)
#define TWI_STARTTX       TG_REG(0x40003008U)
#define TWI_STOP          TG_REG(0x40003014U)
#define TWI_RESUME        TG_REG(0x40003020U)
#define TWI_STOPPED       TG_REG(0x40003104U)
#define TWI_RXDREADY      TG_REG(0x40003108U)
#define TWI_TXDSENT       TG_REG(0x4000311CU)
#define TWI_ERROR         TG_REG(0x40003124U)
#define TWI_SHORTS        TG_REG(0x40003200U)
#define TWI_ERRORSRC      TG_REG(0x400034C4U)
#define TWI_ENABLE        TG_REG(0x40003500U)
#define TWI_PSELSCL       TG_REG(0x40003508U)
#define TWI_PSELSDA       TG_REG(0x4000350CU)
#define TWI_RXD           TG_REG(0x40003518U)
#define TWI_TXD           TG_REG(0x4000351CU)
#define TWI_FREQUENCY     TG_REG(0x40003524U)
#define TWI_ADDRESS       TG_REG(0x40003588U)
#define TWI_ENABLED       5U
#define TWI_BB_SUSPEND    (1U << 0) /* after a byte the clock is held until RESUME */
#define TWI_BB_STOP       (1U << 1)
#define TWI_ERRORSRC_NACK (3U << 1) /* address or data */
#define TWI_ERRORSRC_ALL  7U
#define TWI_400_KHZ       0x06680000U

/* TIMER0, the one of 32 bits on both: RM 18, PS 6.29 */
#define TIMER_START      TG_REG(0x40008000U)
#define TIMER_CAPTURE(n) TG_REG(0x40008040U + 4U * (n))
#define TIMER_COMPARE(n) TG_REG(0x40008140U + 4U * (n))
#define TIMER_INTENSET   TG_REG(0x40008304U)
#define TIMER_INTENCLR   TG_REG(0x40008308U)
#define TIMER_BITMODE    TG_REG(0x40008508U)
#define TIMER_PRESCALER  TG_REG(0x40008510U)
#define TIMER_CC(n)      TG_REG(0x40008540U + 4U * (n))
#define TIMER_INT(n)     (1U << (16U + (n)))
#define TIMER_32_BIT     3U
#define TIMER_1_MHZ      4U /* 16 MHz / 2^4 */

/* WDT: RM 24, PS 6.36 */
#define WDT_START        TG_REG(0x40010000U)
#define WDT_CRV          TG_REG(0x40010504U)
#define WDT_RREN         TG_REG(0x40010508U)
#define WDT_CONFIG       TG_REG(0x4001050CU)
#define WDT_RR0          TG_REG(0x40010600U)
#define WDT_RELOAD       0x6E524635U
#define WDT_CONFIG_SLEEP 1U /* counts while the processor sleeps, not while a debugger halts it */
#define WDT_HZ           32768U

#endif
