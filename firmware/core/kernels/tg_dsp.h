/* The DSP extension of Armv7E-M as functions (Armv7-M ARM, A7.7). Pairs are two int16 in a word, `even` those
 * of bytes 0 and 2, `odd` those of bytes 1 and 3. Internal to the core.
 */
#ifndef TG_DSP_H
#define TG_DSP_H

#include <arm_acle.h>
#include <stdint.h>
#include <string.h>

/* A function that is its assembly and nothing else. */
#define TG_NAKED __attribute__((naked, noinline))

/* Four int8 values at any address: these processors load unaligned words. */
static inline uint32_t tg_load4(const int8_t *p) {
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* A pair of the same value. */
static inline uint32_t tg_pair_of(int16_t value) {
    return (uint16_t)value * 0x00010001U;
}

/* Two of four int8 plus a pair. */
static inline uint32_t tg_even_plus(uint32_t base, uint32_t bytes) {
    return (uint32_t)__sxtab16((int16x2_t)base, (int8x4_t)bytes);
}

static inline uint32_t tg_odd_plus(uint32_t base, uint32_t bytes) {
    uint32_t pair;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(pair) : "r"(base), "r"(bytes));
    return pair;
}

/* sum + one of four int8: that of bits `from`, a multiple of 8, on. */
#define tg_add_byte(sum, bytes, from)                                                                        \
    __extension__({                                                                                          \
        int32_t added;                                                                                       \
        __asm__("sxtab %0, %1, %2, ror #" #from : "=r"(added) : "r"(sum), "r"(bytes));                       \
        added;                                                                                               \
    })

#endif
