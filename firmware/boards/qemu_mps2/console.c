#include "console.h"

#include "../common/start.h"
#include "mps2.h"

#define QUEUE_SIZE 1024U /* a power of two */
#define BAUD       115200U
#define PANIC_WAIT 1000000U

/* One writer (console_write) and one reader (the interrupt); both numbers only grow, and wrap together. */
static char queue[QUEUE_SIZE];
static volatile size_t written;
static volatile size_t sent;
static volatile int sending;

static void send_next(void) {
    if (sent == written) {
        sending = 0;
        return;
    }
    sending = 1;
    MPS2_UART0->data = (unsigned char)queue[sent % QUEUE_SIZE];
    sent++;
}

void console_init(void) {
    MPS2_UART0->bauddiv = MPS2_CLOCK_HZ / BAUD;
    MPS2_UART0->ctrl = UART_CTRL_TX_ENABLE | UART_CTRL_TX_INTERRUPT;
    tg_irq_enable(MPS2_IRQ_UART0_TX);
}

size_t console_write(const char *text, size_t size) {
    size_t room = QUEUE_SIZE - (written - sent);
    size_t taken = size < room ? size : room;
    for (size_t i = 0; i < taken; i++) {
        queue[(written + i) % QUEUE_SIZE] = text[i];
    }
    tg_irq_mask();
    written += taken;
    if (!sending) {
        send_next();
    }
    tg_irq_unmask();
    return taken;
}

int console_busy(void) {
    return sending;
}

void console_interrupt(void) {
    MPS2_UART0->intclear = UART_INT_TX;
    send_next();
}

void tg_board_panic_write(const char *text) {
    for (; *text != '\0'; text++) {
        for (unsigned wait = 0; wait < PANIC_WAIT && (MPS2_UART0->state & UART_STATE_TX_FULL); wait++) {
        }
        MPS2_UART0->data = (unsigned char)*text;
    }
}
