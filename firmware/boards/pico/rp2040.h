/* RP2040: the registers this board uses. Sections are those of the RP2040 data sheet (build 2024-10-15). */
#ifndef TG_RP2040_H
#define TG_RP2040_H

#include "../common/cortex_m.h"

#define RP2040_IRQ_TIMER0 0 /* section 2.3.2 */
#define RP2040_IRQ_TIMER1 1
#define RP2040_IRQ_UART0  20
#define RP2040_IRQ_COUNT  26

/* A write to one of these aliases sets or clears the bits that are 1: section 2.1.2. */
#define RP2040_SET(address)   TG_REG((address) + 0x2000U)
#define RP2040_CLEAR(address) TG_REG((address) + 0x3000U)

/* Resets: section 2.14.3 */
#define RESETS_RESET      0x4000C000U
#define RESETS_DONE       TG_REG(0x4000C008U)
#define RESETS_I2C0       (1U << 3)
#define RESETS_IO_BANK0   (1U << 5)
#define RESETS_PADS_BANK0 (1U << 8)
#define RESETS_PLL_SYS    (1U << 12)
#define RESETS_TIMER      (1U << 21)
#define RESETS_UART0      (1U << 22)

/* Clocks: section 2.15.7 */
#define CLK_REF_CTRL          TG_REG(0x40008030U)
#define CLK_REF_SELECTED      TG_REG(0x40008038U)
#define CLK_SYS_CTRL          TG_REG(0x4000803CU)
#define CLK_SYS_SELECTED      TG_REG(0x40008044U)
#define CLK_PERI_CTRL         TG_REG(0x40008048U)
#define CLK_REF_XOSC          2U
#define CLK_REF_XOSC_SELECTED (1U << 2)
#define CLK_SYS_REF           0U
#define CLK_SYS_REF_SELECTED  (1U << 0)
#define CLK_SYS_PLL           1U /* auxiliary source 0: PLL_SYS */
#define CLK_SYS_PLL_SELECTED  (1U << 1)
#define CLK_PERI_ENABLE       (1U << 11) /* from clk_sys */

/* Crystal oscillator: section 2.16.7 */
#define XOSC_CTRL        TG_REG(0x40024000U)
#define XOSC_STATUS      TG_REG(0x40024004U)
#define XOSC_STARTUP     TG_REG(0x4002400CU)
#define XOSC_CTRL_ENABLE 0x00FABAA0U /* enable, 1 to 15 MHz */
#define XOSC_STABLE      (1U << 31)
#define XOSC_DELAY       47U /* x 256 cycles: 1 ms at 12 MHz; section 2.16.3 */

/* System PLL: section 2.18.4 */
#define PLL_CS           TG_REG(0x40028000U)
#define PLL_PWR          0x40028004U
#define PLL_FBDIV        TG_REG(0x40028008U)
#define PLL_PRIM         TG_REG(0x4002800CU)
#define PLL_CS_LOCK      (1U << 31)
#define PLL_CS_REFDIV_1  1U
#define PLL_PWR_PD       (1U << 0)
#define PLL_PWR_POSTDIV  (1U << 3)
#define PLL_PWR_VCO      (1U << 5)
#define PLL_PRIM_5_BY_5  (5U << 16 | 5U << 12)
#define PLL_FBDIV_48_MHZ 100U /* 12 MHz x 100 = 1200 MHz, / 5 / 5 */

/* Watchdog: section 4.7.6. RP2040-E1: it counts down twice a microsecond. */
#define WATCHDOG_CTRL        TG_REG(0x40058000U)
#define WATCHDOG_LOAD        TG_REG(0x40058004U)
#define WATCHDOG_REASON      TG_REG(0x40058008U)
#define WATCHDOG_TICK        TG_REG(0x4005802CU)
#define WATCHDOG_ENABLE      (1U << 30)
#define WATCHDOG_DEBUG_PAUSE (7U << 24)
#define WATCHDOG_TICK_ENABLE (1U << 9)
#define WATCHDOG_LOAD_MOST   0xFFFFFFU
#define WATCHDOG_PER_US      2U
#define PSM_WDSEL            TG_REG(0x40010008U) /* section 2.13: what the watchdog resets */
#define PSM_WDSEL_ALL        0x0001FFFCU         /* all but the oscillators */

/* What reset the chip: section 2.12.7 */
#define CHIP_RESET     TG_REG(0x40064008U)
#define CHIP_RESET_POR (1U << 8)

/* Timer: section 4.6.5; microseconds */
#define TIMER_ALARM0 TG_REG(0x40054010U)
#define TIMER_ALARM1 TG_REG(0x40054014U)
#define TIMER_ARMED  TG_REG(0x40054020U)
#define TIMER_RAWH   TG_REG(0x40054024U)
#define TIMER_RAWL   TG_REG(0x40054028U)
#define TIMER_INTR   TG_REG(0x40054034U)
#define TIMER_INTE   0x40054038U

/* Pins: sections 2.19.6.1 and 2.19.6.3, SIO 2.3.1.7 */
#define IO_CTRL(pin)      TG_REG(0x40014004U + 8U * (pin))
#define IO_FUNCTION_UART  2U
#define IO_FUNCTION_I2C   3U
#define IO_FUNCTION_SIO   5U
#define PADS_PIN(pin)     TG_REG(0x4001C004U + 4U * (pin))
#define PADS_INPUT_PULLUP 0x5AU /* input enabled, pulled up, 4 mA, Schmitt trigger */
#define PADS_OUTPUT       0x52U /* input enabled, 4 mA, Schmitt trigger */
#define SIO_GPIO_IN       TG_REG(0xD0000004U)
#define SIO_GPIO_OUT_SET  TG_REG(0xD0000014U)
#define SIO_GPIO_OUT_CLR  TG_REG(0xD0000018U)
#define SIO_GPIO_OE_SET   TG_REG(0xD0000024U)
#define SIO_GPIO_OE_CLR   TG_REG(0xD0000028U)

/* UART0, a PL011: section 4.2.8 */
#define UART_DR        TG_REG(0x40034000U)
#define UART_FR        TG_REG(0x40034018U)
#define UART_IBRD      TG_REG(0x40034024U)
#define UART_FBRD      TG_REG(0x40034028U)
#define UART_LCR_H     TG_REG(0x4003402CU)
#define UART_CR        TG_REG(0x40034030U)
#define UART_IMSC      0x40034038U
#define UART_ICR       TG_REG(0x40034044U)
#define UART_FR_RXFE   (1U << 4)
#define UART_FR_TXFF   (1U << 5)
#define UART_DR_OE     (1U << 11) /* bytes were lost before this one */
#define UART_DR_FE     (1U << 8)
#define UART_LCR_8_BIT (3U << 5)
#define UART_LCR_FIFO  (1U << 4)
#define UART_CR_ENABLE (1U << 0 | 1U << 8 | 1U << 9) /* UART, transmitter, receiver */
#define UART_INT_RX    (1U << 4)
#define UART_INT_TX    (1U << 5)
#define UART_INT_RT    (1U << 6) /* bytes waited for 32 bit times */

/* I2C0, a DW_apb_i2c: section 4.3.17 */
#define I2C_CON           TG_REG(0x40044000U)
#define I2C_TAR           TG_REG(0x40044004U)
#define I2C_DATA_CMD      TG_REG(0x40044010U)
#define I2C_FS_HCNT       TG_REG(0x4004401CU)
#define I2C_FS_LCNT       TG_REG(0x40044020U)
#define I2C_RAW_INTR      TG_REG(0x40044034U)
#define I2C_CLR_INTR      TG_REG(0x40044040U)
#define I2C_ENABLE        TG_REG(0x4004406CU)
#define I2C_STATUS        TG_REG(0x40044070U)
#define I2C_SDA_HOLD      TG_REG(0x4004407CU)
#define I2C_ABRT_SOURCE   TG_REG(0x40044080U)
#define I2C_FS_SPKLEN     TG_REG(0x400440A0U)
#define I2C_CON_MASTER    0x165U /* master, fast, restart, no slave, TX_EMPTY when done */
#define I2C_CMD_READ      (1U << 8)
#define I2C_CMD_STOP      (1U << 9)
#define I2C_CMD_RESTART   (1U << 10)
#define I2C_RAW_ABORT     (1U << 6)
#define I2C_RAW_STOP      (1U << 9)
#define I2C_STATUS_TFNF   (1U << 1)
#define I2C_STATUS_RFNE   (1U << 3)
#define I2C_ABRT_NOT_ACKD 0x0FU /* address or data not acknowledged */

#endif
