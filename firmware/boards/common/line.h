/* The line to the host: a UART at 115200 baud, through bounded queues.
 *
 * A board's line.c moves bytes between its UART and the queues; what the application sees of them, in
 * tg_board.h, is the same everywhere and lies in common/line.c.
 */
#ifndef TG_LINE_H
#define TG_LINE_H

#include "queue.h"

void line_init(void);

/* The interrupt of a UART that has one for everything; one that has several declares them in a line.h of its
 * own. */
void line_interrupt(void);

/* The board's: sends the next of the queued bytes unless the UART is busy. Called while no interrupt can. */
void line_send(void);

/* The board's queues. */
extern tg_queue line_to_send;
extern tg_queue line_received;

/* Bytes that the UART lost, counted by the board's interrupt. */
extern volatile uint32_t line_overruns;

#endif
