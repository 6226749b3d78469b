/* Symbols: what a label looks like on five by five lights. */
#ifndef TG_SYMBOL_H
#define TG_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

/* 25 bits, the lowest at the top left, for a label (UTF-8, not terminated): an arrow when it ends in left,
 * right, up or down, a ring for circle, and a square for anything else. */
uint32_t tg_symbol(const char *label, size_t size);

#endif
