/* Console of the board: UART0, sent from a bounded queue by its interrupt. */
#ifndef TG_CONSOLE_H
#define TG_CONSOLE_H

#include <stddef.h>

void console_init(void);

/* Queues text; returns how many bytes were taken. Never waits. */
size_t console_write(const char *text, size_t size);

/* 1 while queued bytes are still to be sent. */
int console_busy(void);

/* The transmit interrupt. */
void console_interrupt(void);

#endif
