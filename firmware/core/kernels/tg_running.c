#include "tg_running.h"

uint32_t tg_running_size(const tg_running *r) {
    size_t slot = r->ended + r->rest == 1 ? sizeof(int8_t) : sizeof(int16_t);
    size_t each = sizeof(int32_t) + sizeof(int16_t) + r->slots * slot;
    return (uint32_t)(sizeof(tg_running_state) + r->sums * each);
}

static int32_t sum_of(const int8_t *values, uint32_t count, uint32_t step) {
    int32_t sum = 0;
    for (; count > 0; count--, values += step) {
        sum += *values;
    }
    return sum;
}

int32_t tg_running_one(const tg_running *r, const int8_t *rows, int16_t *started, int32_t *block) {
    int32_t end = sum_of(rows, r->ended, r->sums);
    int32_t start = sum_of(rows + (size_t)r->ended * r->sums, r->rest, r->sums);
    *block = *started + end;
    *started = (int16_t)start;
    return end + start;
}

#if !defined(__ARM_FEATURE_DSP)
void tg_sum_four(const int8_t *rows, uint32_t count, uint32_t step, int32_t *sums) {
    for (unsigned i = 0; i < 4U; i++) {
        sums[i] = sum_of(rows + i, count, step);
    }
}

void tg_running_four(const tg_running *r, const int8_t *rows, int32_t *sums, int16_t *started,
                     int16_t *block) {
    for (unsigned i = 0; i < 4U; i++) {
        int32_t now;
        sums[i] += tg_running_one(r, rows + i, &started[i], &now) - block[i];
        block[i] = (int16_t)now;
    }
}
#endif

const int32_t *tg_running_add(const tg_running *r, tg_running_state *state, const int8_t *rows) {
    int32_t *sums = (int32_t *)(void *)(state + 1);
    int16_t *started = (int16_t *)(void *)(sums + r->sums);
    int16_t *blocks = started + r->sums;
    uint32_t at = state->slot * r->sums;
    uint32_t i = 0;
    if (r->ended + r->rest > 1) {
        for (; i + 4U <= r->sums; i += 4U) {
            tg_running_four(r, rows + i, sums + i, started + i, blocks + at + i);
        }
    }
    for (; i < r->sums; i++) {
        int32_t block;
        sums[i] += tg_running_one(r, rows + i, &started[i], &block);
        if (r->ended + r->rest > 1) {
            sums[i] -= blocks[at + i];
            blocks[at + i] = (int16_t)block;
        } else {
            int8_t *values = (int8_t *)(void *)blocks;
            sums[i] -= values[at + i];
            values[at + i] = (int8_t)block;
        }
    }
    state->slot = state->slot + 1U == r->slots ? 0 : state->slot + 1U;
    return sums;
}
