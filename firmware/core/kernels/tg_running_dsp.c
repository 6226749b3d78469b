/* Four running sums with the DSP extension: two int16 in a word, those of values 0 and 2 and of 1 and 3. */
#include "tg_running.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

/* Pairs at any even address. */
static inline uint32_t load_pair(const int16_t *p) {
    uint32_t pair;
    memcpy(&pair, p, sizeof pair);
    return pair;
}

static inline void store_pair(int16_t *p, uint32_t pair) {
    memcpy(p, &pair, sizeof pair);
}

static inline uint32_t add_pairs(uint32_t a, uint32_t b) {
    return (uint32_t)__sadd16((int16x2_t)a, (int16x2_t)b);
}

static inline int32_t low(uint32_t pair) {
    return (int16_t)pair;
}

static inline int32_t high(uint32_t pair) {
    return (int32_t)pair >> 16;
}

/* Adds `count` rows, no more than TG_RUNNING_MOST, to two pairs; returns the row behind them. */
static inline const int8_t *add_rows(const int8_t *rows, uint32_t count, uint32_t step, uint32_t *even,
                                     uint32_t *odd) {
    for (; count > 0; count--, rows += step) {
        uint32_t bytes = tg_load4(rows);
        *even = tg_even_plus(*even, bytes);
        *odd = tg_odd_plus(*odd, bytes);
    }
    return rows;
}

void tg_sum_four(const int8_t *rows, uint32_t count, uint32_t step, int32_t *sums) {
    sums[0] = sums[1] = sums[2] = sums[3] = 0;
    while (count > 0) {
        uint32_t now = count < TG_RUNNING_MOST ? count : TG_RUNNING_MOST;
        uint32_t even = 0;
        uint32_t odd = 0;
        rows = add_rows(rows, now, step, &even, &odd);
        sums[0] += low(even);
        sums[1] += low(odd);
        sums[2] += high(even);
        sums[3] += high(odd);
        count -= now;
    }
}

void tg_running_four(const tg_running *r, const int8_t *rows, int32_t *sums, int16_t *started,
                     int16_t *block) {
    uint32_t even = 0;
    uint32_t odd = 0;
    rows = add_rows(rows, r->ended, r->sums, &even, &odd);
    uint32_t even_start = 0;
    uint32_t odd_start = 0;
    add_rows(rows, r->rest, r->sums, &even_start, &odd_start);
    uint32_t even_before = load_pair(block);
    uint32_t odd_before = load_pair(block + 2);
    store_pair(block, add_pairs(load_pair(started), even));
    store_pair(block + 2, add_pairs(load_pair(started + 2), odd));
    store_pair(started, even_start);
    store_pair(started + 2, odd_start);
    even = add_pairs(even, even_start);
    odd = add_pairs(odd, odd_start);
    sums[0] += low(even) - low(even_before);
    sums[1] += low(odd) - low(odd_before);
    sums[2] += high(even) - high(even_before);
    sums[3] += high(odd) - high(odd_before);
}

#endif
