/* The line to the host: UART0, through bounded queues. */
#ifndef TG_LINE_H
#define TG_LINE_H

void line_init(void);

/* 1 while queued bytes are still to be sent. */
int line_busy(void);

/* The transmit, receive and overrun interrupts. */
void line_sent_interrupt(void);
void line_received_interrupt(void);
void line_overrun_interrupt(void);

#endif
