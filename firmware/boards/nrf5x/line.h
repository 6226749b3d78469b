/* The line to the host: UART0 at 115200 baud, through bounded queues. */
#ifndef TG_LINE_H
#define TG_LINE_H

void line_init(void);

/* The interrupt of the UART. */
void line_interrupt(void);

#endif
