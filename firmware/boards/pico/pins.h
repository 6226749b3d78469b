/* Pins of the board: Raspberry Pi Pico data sheet, section 2.1. */
#ifndef TG_PINS_H
#define TG_PINS_H

#define PIN_TX  0U  /* UART0: to the host */
#define PIN_RX  1U  /* UART0: from the host */
#define PIN_SDA 4U  /* I2C0: the LIS3DH */
#define PIN_SCL 5U  /* I2C0: the LIS3DH */
#define PIN_LED 25U /* on the board */

#endif
