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

void tg_running_four(const tg_running *r, const int8_t *rows, int32_t *sums, int16_t *started,
                     int16_t *block) {
    uint32_t even = 0;
    uint32_t odd = 0;
    for (unsigned i = r->ended; i > 0; i--, rows += r->sums) {
        uint32_t bytes = tg_load4(rows);
        even = tg_even_plus(even, bytes);
        odd = tg_odd_plus(odd, bytes);
    }
    uint32_t even_start = 0;
    uint32_t odd_start = 0;
    for (unsigned i = r->rest; i > 0; i--, rows += r->sums) {
        uint32_t bytes = tg_load4(rows);
        even_start = tg_even_plus(even_start, bytes);
        odd_start = tg_odd_plus(odd_start, bytes);
    }
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
