#include "../common/line.h"

#include "../tg_board.h"
#include "nrf5x.h"
#include "pins.h"

static uint8_t send_room[512];
static uint8_t receive_room[TG_LINE_RECEIVED];
tg_queue line_to_send = TG_QUEUE(send_room);
tg_queue line_received = TG_QUEUE(receive_room);
static volatile int sending;

void line_init(void) {
    const nrf5x_pins *pins = &tg_nrf5x_pins;
    GPIO_OUTSET(pins->tx) = GPIO_BIT(pins->tx); /* idle is high, before the UART takes the pin too */
    GPIO_CNF(pins->tx) = CNF_OUTPUT;
    GPIO_CNF(pins->rx) = CNF_INPUT_PULLUP;
    UART_PSELTXD = pins->tx;
    UART_PSELRXD = pins->rx;
    UART_BAUDRATE = UART_115200;
    UART_ENABLE = UART_ENABLED;
    UART_INTENSET = UART_INT_RXDRDY | UART_INT_TXDRDY | UART_INT_ERROR;
    UART_STARTTX = 1;
    UART_STARTRX = 1;
    tg_irq_enable(NRF_IRQ_UART0);
}

static void send_next(void) {
    int byte = tg_queue_get_byte(&line_to_send);
    sending = byte >= 0;
    if (sending) {
        UART_TXD = (uint32_t)byte;
    }
}

void line_send(void) {
    if (!sending) {
        send_next();
    }
}

void line_interrupt(void) {
    if (UART_ERROR) {
        UART_ERROR = 0;
        uint32_t source = UART_ERRORSRC;
        UART_ERRORSRC = source; /* bits are cleared by writing them back */
        line_overruns += source & UART_ERRORSRC_OVERRUN;
    }
    while (UART_RXDRDY) {
        UART_RXDRDY = 0; /* before the byte is taken: the next one raises it again */
        tg_queue_put_byte(&line_received, (uint8_t)UART_RXD);
    }
    if (UART_TXDRDY) {
        UART_TXDRDY = 0;
        send_next();
    }
}
