#include "tg_level.h"

#include <stdbool.h>

#define FRACTION      8U        /* fractional bits of the estimate */
#define UNIT          (1 << 14) /* length of a unit vector */
#define LARGEST       (1 << 13) /* vectors are scaled until their largest component is below this, */
#define LEAST         (1 << 12) /* and not below this: their length is UNIT / 4 .. 0.87 UNIT */
#define ROOT_ONE      (1 << 13) /* 1 in the unit of a reciprocal length */
#define QUARTER       (1 << 14) /* in the unit of a square */
#define NEWTON_ROUNDS 5U        /* from half the root to the last bit */

void tg_level_init(tg_level *level, unsigned shift) {
    *level = (tg_level){.shift = (uint8_t)shift};
}

/* Scales v by a power of two until its largest component is LEAST .. LARGEST - 1. False: v is zero. */
static bool scale(int32_t v[3]) {
    int32_t largest = 0;
    for (unsigned i = 0; i < 3; i++) {
        int32_t size = v[i] < 0 ? -v[i] : v[i];
        largest = size > largest ? size : largest;
    }
    if (largest == 0) {
        return false;
    }
    unsigned right = 0;
    int32_t factor = 1;
    while (largest >> right >= LARGEST) {
        right++;
    }
    while (largest * factor < LEAST) {
        factor *= 2;
    }
    for (unsigned i = 0; i < 3; i++) {
        v[i] = (v[i] >> right) * factor;
    }
    return true;
}

/* (length / UNIT)^2 of a scaled vector, in 1/2^16. */
static int32_t square_of(const int32_t v[3]) {
    return (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) >> 12;
}

/* 1 / sqrt(square / 2^16) by Newton's method, in 1/ROOT_ONE. It rises towards the root, so that
 * square x root^2 stays below 1 and nothing overflows. */
static int32_t reciprocal_root(int32_t square) {
    int32_t root = square < QUARTER ? 2 * ROOT_ONE : ROOT_ONE; /* more than half of the root, and less */
    for (unsigned i = 0; i < NEWTON_ROUNDS; i++) {
        int32_t product = square * (root * root >> 13) >> 16;
        root = root * (3 * ROOT_ONE - product) >> 14;
    }
    return root;
}

/* The unit vector half way between the estimate and z: a half turn about it takes the one to the other. */
static void half_way(const tg_level *level, int32_t half[3]) {
    int32_t gravity[3] = {level->gravity[0], level->gravity[1], level->gravity[2]};
    half[0] = half[1] = 0;
    half[2] = UNIT;
    if (!scale(gravity)) {
        return;
    }
    int32_t square = square_of(gravity);
    int32_t length = square * reciprocal_root(square) >> 15;
    gravity[2] += length;
    if (!scale(gravity)) { /* upside down: any horizontal axis is half way */
        half[0] = UNIT;
        half[2] = 0;
        return;
    }
    int32_t root = reciprocal_root(square_of(gravity));
    for (unsigned i = 0; i < 3; i++) {
        half[i] = gravity[i] * root >> 13;
    }
}

static int16_t saturate(int32_t value) {
    return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

void tg_level_push(tg_level *level, const int16_t *sample, int16_t *levelled) {
    int32_t half[3];
    for (unsigned i = 0; i < 3; i++) {
        int32_t value = sample[i] * (1 << FRACTION);
        level->gravity[i] =
            level->started ? level->gravity[i] + ((value - level->gravity[i]) >> level->shift) : value;
    }
    level->started = 1;
    half_way(level, half);
    /* A half turn about `half` is v -> 2 (half . v) half - v; a half turn about z before it makes the whole
     * the shortest turn. |half . v| <= 1.001 UNIT x 56756, so the products below fit 32 bits. */
    int32_t twice = (half[0] * sample[0] + half[1] * sample[1] + half[2] * sample[2]) >> 13;
    levelled[0] = saturate(sample[0] - (twice * half[0] >> 14));
    levelled[1] = saturate(sample[1] - (twice * half[1] >> 14));
    levelled[2] = saturate((twice * half[2] >> 14) - sample[2]);
}
