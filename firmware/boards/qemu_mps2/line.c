#include "line.h"

#include "../tg_board.h"
#include "mps2.h"

#define BAUD 115200U /* the emulator sends and receives as fast as it can */

static uint8_t send_room[2048];
static uint8_t receive_room[TG_LINE_RECEIVED];
tg_queue line_to_send = TG_QUEUE(send_room);
tg_queue line_received = TG_QUEUE(receive_room);
static volatile int sending;

static void send_next(void) {
    int byte = tg_queue_get_byte(&line_to_send);
    sending = byte >= 0;
    if (sending) {
        MPS2_UART0->data = (uint32_t)byte;
    }
}

void line_send(void) {
    if (!sending) {
        send_next();
    }
}

void line_init(void) {
    MPS2_UART0->bauddiv = MPS2_CLOCK_HZ / BAUD;
    MPS2_UART0->ctrl = UART_CTRL_TX_ENABLE | UART_CTRL_RX_ENABLE | UART_CTRL_TX_INTERRUPT |
                       UART_CTRL_RX_INTERRUPT | UART_CTRL_RX_OVERRUN_INTERRUPT;
    tg_irq_enable(MPS2_IRQ_UART0_TX);
    tg_irq_enable(MPS2_IRQ_UART0_RX);
    tg_irq_enable(MPS2_IRQ_UART0_OVERRUN);
}

int line_busy(void) {
    return sending;
}

void line_sent_interrupt(void) {
    MPS2_UART0->intclear = UART_INT_TX;
    send_next();
}

void line_received_interrupt(void) {
    MPS2_UART0->intclear = UART_INT_RX;
    tg_queue_put_byte(&line_received, (uint8_t)MPS2_UART0->data);
}

void line_overrun_interrupt(void) {
    MPS2_UART0->intclear = UART_INT_RX_OVERRUN;
    MPS2_UART0->state = UART_STATE_RX_OVERRUN;
    line_overruns++;
}
