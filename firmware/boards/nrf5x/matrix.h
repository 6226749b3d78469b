/* The matrix of five by five lights: shows a symbol for a while, row by row, and is dark otherwise. */
#ifndef TG_MATRIX_H
#define TG_MATRIX_H

#include <stdint.h>

void matrix_init(void);

/* Shows 25 bits, the lowest at the top left, and goes out by itself. */
void matrix_show(uint32_t symbol);

/* Lights the next row: at every interrupt of CLOCK_LIGHTS. */
void matrix_interrupt(void);

#endif
