#include "symbol.h"

#include <string.h>

/* A row of five lights, its first the leftmost. */
#define ROW(a, b, c, d, e)                                                                                   \
    ((uint32_t)(a) | (uint32_t)(b) << 1 | (uint32_t)(c) << 2 | (uint32_t)(d) << 3 | (uint32_t)(e) << 4)
#define SYMBOL(r0, r1, r2, r3, r4) ((r0) | (r1) << 5 | (r2) << 10 | (r3) << 15 | (r4) << 20)

static const struct {
    char ending[8];
    uint32_t symbol;
} symbols[] = {
    {"left", SYMBOL(ROW(0, 0, 1, 0, 0), ROW(0, 1, 0, 0, 0), ROW(1, 1, 1, 1, 1), ROW(0, 1, 0, 0, 0),
                    ROW(0, 0, 1, 0, 0))},
    {"right", SYMBOL(ROW(0, 0, 1, 0, 0), ROW(0, 0, 0, 1, 0), ROW(1, 1, 1, 1, 1), ROW(0, 0, 0, 1, 0),
                     ROW(0, 0, 1, 0, 0))},
    {"up", SYMBOL(ROW(0, 0, 1, 0, 0), ROW(0, 1, 1, 1, 0), ROW(1, 0, 1, 0, 1), ROW(0, 0, 1, 0, 0),
                  ROW(0, 0, 1, 0, 0))},
    {"down", SYMBOL(ROW(0, 0, 1, 0, 0), ROW(0, 0, 1, 0, 0), ROW(1, 0, 1, 0, 1), ROW(0, 1, 1, 1, 0),
                    ROW(0, 0, 1, 0, 0))},
    {"circle", SYMBOL(ROW(0, 1, 1, 1, 0), ROW(1, 0, 0, 0, 1), ROW(1, 0, 0, 0, 1), ROW(1, 0, 0, 0, 1),
                      ROW(0, 1, 1, 1, 0))},
};

static const uint32_t square = SYMBOL(ROW(0, 0, 0, 0, 0), ROW(0, 1, 1, 1, 0), ROW(0, 1, 1, 1, 0),
                                      ROW(0, 1, 1, 1, 0), ROW(0, 0, 0, 0, 0));

uint32_t tg_symbol(const char *label, size_t size) {
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        size_t length = strlen(symbols[i].ending);
        if (size >= length && memcmp(label + size - length, symbols[i].ending, length) == 0) {
            return symbols[i].symbol;
        }
    }
    return square;
}
