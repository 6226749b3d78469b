#include "tg_window.h"

#include <string.h>

size_t tg_window_size(const tg_contract *contract) {
    return (size_t)contract->window * contract->channel_count;
}

void tg_window_init(tg_window *window, const tg_contract *contract, int8_t *ring) {
    *window = (tg_window){.contract = contract, .ring = ring};
    tg_window_reset(window);
}

void tg_window_reset(tg_window *window) {
    window->head = 0;
    window->until_due = window->contract->window;
    tg_level_init(&window->level, window->contract->level_shift);
}

void tg_window_preprocess(const tg_contract *contract, tg_level *level, const int16_t *sample,
                          int8_t *column) {
    int16_t levelled[3];
    if (contract->preprocess == TG_PREPROCESS_LEVEL) {
        tg_level_push(level, sample, levelled);
        sample = levelled;
    }
    for (unsigned i = 0; i < contract->channel_count; i++) {
        /* |sample x gain| + 2^15 < 2^31 for every int16 and uint16. */
        int32_t value = (sample[i] * (int32_t)contract->gain + (1 << 15)) >> 16;
        column[i] = (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
    }
}

int tg_window_push(tg_window *window, const int16_t *sample) {
    const tg_contract *c = window->contract;
    tg_window_preprocess(c, &window->level, sample, window->ring + (size_t)window->head * c->channel_count);
    window->head = (uint16_t)(window->head + 1U == c->window ? 0 : window->head + 1U);
    if (--window->until_due > 0) {
        return 0;
    }
    window->until_due = c->hop;
    return 1;
}

void tg_window_columns(const tg_window *window, int8_t *columns) {
    size_t newest = (size_t)window->head * window->contract->channel_count;
    size_t oldest = tg_window_size(window->contract) - newest;
    memcpy(columns, window->ring + newest, oldest);
    memcpy(columns + oldest, window->ring, newest);
}
