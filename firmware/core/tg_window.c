#include "tg_window.h"

size_t tg_window_size(const tg_contract *contract) {
    return (size_t)contract->window * contract->channel_count;
}

void tg_window_init(tg_window *window, const tg_contract *contract, int8_t *columns) {
    *window = (tg_window){.contract = contract, .columns = columns};
    tg_window_reset(window);
}

void tg_window_reset(tg_window *window) {
    const tg_contract *c = window->contract;
    uint16_t first = c->window % c->hop;
    window->next = (uint16_t)(first == 0 ? 0 : c->hop - first);
    window->missing = c->window;
    tg_level_init(&window->level, c->level_shift);
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

tg_window_state tg_window_push(tg_window *window, const int16_t *sample) {
    const tg_contract *c = window->contract;
    tg_window_preprocess(c, &window->level, sample,
                         window->columns + (size_t)window->next * c->channel_count);
    window->missing = (uint16_t)(window->missing > 0 ? window->missing - 1U : 0);
    window->next++;
    if (window->next < c->hop) {
        return TG_WINDOW_NONE;
    }
    window->next = 0;
    return window->missing > 0 ? TG_WINDOW_HOP : TG_WINDOW_DUE;
}
