/* The line of this board: three interrupts, and an end to wait for. */
#ifndef TG_MPS2_LINE_H
#define TG_MPS2_LINE_H

#include "../common/line.h"

/* 1 while queued bytes are still to be sent. */
int line_busy(void);

/* The transmit, receive and overrun interrupts. */
void line_sent_interrupt(void);
void line_received_interrupt(void);
void line_overrun_interrupt(void);

#endif
