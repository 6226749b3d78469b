/* The little of Arduino that everywhereml's C++ uses, for host and bare processors alike.
 *
 * The square root is rounded correctly, so that every machine gives the same features.
 */
#ifndef GESTURE_ARDUINO_H
#define GESTURE_ARDUINO_H

#include <stddef.h>
#include <stdint.h>

extern "C" void *memcpy(void *to, const void *from, size_t size);

static inline uint32_t micros() {
    return 0;
}

static inline float abs(float x) {
    return __builtin_fabsf(x);
}

static inline double abs(double x) {
    return __builtin_fabs(x);
}

static inline float sqrt(float x) {
#if defined(__ARM_FP) || !defined(__arm__)
    return __builtin_sqrtf(x); /* one instruction, with -fno-math-errno */
#else
    if (!(x > 0)) {
        return 0;
    }
    union {
        float value;
        uint32_t bits;
    } number = {x};
    int exponent = (int)(number.bits >> 23) - 127;
    uint64_t fraction = (number.bits & 0x7FFFFFU) | 0x800000U;
    if (exponent & 1) {
        fraction <<= 1;
        exponent -= 1;
    }
    fraction <<= 25; /* the root has 25 bits: one more than a float holds, to round by */
    uint64_t root = 0;
    for (uint64_t bit = 1ULL << 24; bit != 0; bit >>= 1) {
        uint64_t next = root | bit;
        if (next * next <= fraction) {
            root = next;
        }
    }
    root = (root + 1) >> 1;
    number.bits = (uint32_t)((exponent / 2 + 127) << 23) + (uint32_t)(root - 0x800000U);
    return number.value;
#endif
}

/* The only power asked for is 1.5. */
static inline double pow(float x, double) {
    return (double)x * sqrt(x);
}

#endif
