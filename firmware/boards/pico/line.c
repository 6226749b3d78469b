#include "../common/line.h"

#include "../tg_board.h"
#include "clock.h"
#include "pins.h"
#include "rp2040.h"

#define BAUD 115200U
/* Section 4.2.7.1: the divisor in 1/64. */
#define DIVISOR_64 ((CLOCK_SYS_HZ * 4U + BAUD / 2U) / BAUD)

static uint8_t send_room[2048];
static uint8_t receive_room[1024];
tg_queue line_to_send = TG_QUEUE(send_room);
tg_queue line_received = TG_QUEUE(receive_room);

void line_init(void) {
    UART_IBRD = DIVISOR_64 >> 6;
    UART_FBRD = DIVISOR_64 & 0x3FU;
    UART_LCR_H = UART_LCR_8_BIT | UART_LCR_FIFO;
    UART_CR = UART_CR_ENABLE;
    RP2040_SET(UART_IMSC) = UART_INT_RX | UART_INT_RT;
    PADS_PIN(PIN_RX) = PADS_INPUT_PULLUP; /* an open line is idle */
    IO_CTRL(PIN_TX) = IO_FUNCTION_UART;
    IO_CTRL(PIN_RX) = IO_FUNCTION_UART;
    tg_irq_enable(RP2040_IRQ_UART0);
}

/* Fills the transmit FIFO; its interrupt comes when it has run half empty, so it is on only while bytes wait.
 */
void line_send(void) {
    while ((UART_FR & UART_FR_TXFF) == 0) {
        int byte = tg_queue_get_byte(&line_to_send);
        if (byte < 0) {
            RP2040_CLEAR(UART_IMSC) = UART_INT_TX;
            return;
        }
        UART_DR = (uint32_t)byte;
    }
    RP2040_SET(UART_IMSC) = UART_INT_TX;
}

void line_interrupt(void) {
    UART_ICR = UART_INT_RX | UART_INT_RT | UART_INT_TX;
    while ((UART_FR & UART_FR_RXFE) == 0) {
        uint32_t data = UART_DR;
        if (data & UART_DR_OE) {
            line_overruns++;
        }
        tg_queue_put_byte(&line_received, (uint8_t)data);
    }
    line_send();
}
