#include "tg_pair_dsp.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

/* The functions in assembly take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

_Static_assert(offsetof(tg_pair, pair) == 24 && offsetof(tg_pair, factor) == 36 && sizeof(tg_factor) == 12 &&
                   offsetof(tg_pair, output) == 60 && offsetof(tg_pair, last) == 72 &&
                   offsetof(tg_pair, stop) == 88 && offsetof(tg_pair, sums) == 92 &&
                   offsetof(tg_pair, relu) == 116 && offsetof(tg_pair, row_bytes) == 128 &&
                   offsetof(tg_pair, bias) == 132 && offsetof(tg_pair, shift_step) == 152,
               "as the assembly below has it");

/* clang-format off */

TG_NAKED uint32_t *tg_pair_lanes(uint32_t *lanes, const int8_t *first, uint32_t to_second, uint32_t to_third,
                                 const int8_t *end, uint32_t base, uint32_t stride) {
    __asm__ volatile(
        "push {r4-r10, lr}\n"
        "ldrd r12, lr, [sp, #32]\n"
        "ldr r10, [sp, #40]\n"
        "1:\n"
        "ldr r8, [r1, r2]\n"
        "ldr r9, [r1, r3]\n"
        "ldr r7, [r1], #4\n"
        "sxtab16 r4, lr, r7\n"
        "sxtab16 r5, lr, r8\n"
        "sxtab16 r6, lr, r9\n"
        "sxtab16 r7, lr, r7, ror #8\n"
        "sxtab16 r8, lr, r8, ror #8\n"
        "sxtab16 r9, lr, r9, ror #8\n"
        "sadd16 r4, r4, r4\n"
        "sadd16 r5, r5, r5\n"
        "sadd16 r6, r6, r6\n"
        "sadd16 r7, r7, r7\n"
        "sadd16 r8, r8, r8\n"
        "sadd16 r9, r9, r9\n"
        "stm r0, {r4-r9}\n"
        "add r0, r0, r10\n"
        "cmp r1, r12\n"
        "bne 1b\n"
        "pop {r4-r10, pc}\n");
}

TG_NAKED void tg_pair_set(tg_pair *pair) {
    __asm__ volatile(
        "push {r4-r8, lr}\n"
        "ldrd r1, r2, [r0, #120]\n"
        "ldr r3, [r0, #128]\n"
        "ldr r12, [r0, #24]\n"
        "add r4, r1, r2, lsl #1\n"
        "str r4, [r0, #120]\n"
        "add r3, r3, r1\n"
        "1:\n"
        "ldr r7, [r1, r2]\n"
        "ldr r6, [r1], #4\n"
        "sxtb16 r4, r6\n"
        "sxtb16 r5, r7\n"
        "sxtb16 r6, r6, ror #8\n"
        "sxtb16 r7, r7, ror #8\n"
        "stm r12!, {r4-r7}\n"
        "cmp r1, r3\n"
        "bne 1b\n"
        "str r12, [r0, #32]\n"
        "ldrd r1, r2, [r0, #132]\n"
        "ldr r3, [r1]\n"
        "ldr r6, [r1, r2]\n"
        "add r1, r1, r2, lsl #1\n"
        "str r1, [r0, #132]\n"
        "lsl r3, r3, #1\n"
        "lsl r6, r6, #1\n"
        "mov r4, r3\n"
        "mov r5, r3\n"
        "mov r7, r6\n"
        "mov r8, r6\n"
        "stm r0, {r3-r8}\n"
        "ldrd r1, r2, [r0, #140]\n"
        "ldr r3, [r1]\n"
        "ldr r6, [r1, r2]\n"
        "add r1, r1, r2, lsl #1\n"
        "str r1, [r0, #140]\n"
        "ldrd r1, r2, [r0, #148]\n"
        "ldrsb r4, [r1]\n"
        "ldrsb r7, [r1, r2]\n"
        "add r1, r1, r2, lsl #1\n"
        "str r1, [r0, #148]\n"
        "mvn r1, #254\n" /* (2 x zero point + 1) x 2^(right - 1) of zero point -128 */
        "lsl r5, r1, r4\n"
        "lsl r8, r1, r7\n"
        "asr r5, r5, #1\n"
        "asr r8, r8, #1\n"
        "add r0, r0, #36\n"
        "stm r0, {r3-r8}\n"
        "pop {r4-r8, pc}\n");
}

#define HALF_DOT                                                                                             \
    "ldm r11!, {r0, r1}\n"                                                                                   \
    "ldm r12!, {r2, r3, r4}\n"                                                                               \
    "smlad r5, r0, r2, r5\n"                                                                                 \
    "smlad r6, r0, r3, r6\n"                                                                                 \
    "smlad r7, r0, r4, r7\n"                                                                                 \
    "smlad r8, r1, r2, r8\n"                                                                                 \
    "smlad r9, r1, r3, r9\n"                                                                                 \
    "smlad r10, r1, r4, r10\n"

/* Accumulators of the next group, the first channel's in r5 to r7 and the second's in r8 to r10: 18
 * instructions for 24 products. In and out: r0 the pair; out: r12 the lanes behind the group. */
#define DOT                                                                                                  \
    "ldm r0, {r5-r12, lr}\n"                                                                                 \
    "2:\n" HALF_DOT HALF_DOT                                                                                 \
    "cmp r11, lr\n"                                                                                          \
    "bne 2b\n"                                                                                               \
    "ldr r0, [sp]\n"                                                                                         \
    "str r12, [r0, #28]\n"

/* tg_requantize() of twice an accumulator by the factor in r2 (mantissa), r3 (right) and r4 (constant). */
#define REQUANTIZE(r)                                                                                        \
    "smmlar " r ", " r ", r2, r4\n"                                                                          \
    "asr " r ", " r ", r3\n"                                                                                 \
    "ssat " r ", #8, " r "\n"

/* Two outputs at r1, to_b apart in r3. */
#define STORE(a, b)                                                                                          \
    "strb " a ", [r1]\n"                                                                                     \
    "strb " b ", [r1, r3]\n"                                                                                 \
    "add r1, r1, r2\n"

TG_NAKED void tg_pair_run(tg_pair *pair) {
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "1:\n" DOT
        "add r1, r0, #36\n"
        "ldm r1!, {r2, r3, r4}\n" REQUANTIZE("r5") REQUANTIZE("r6") REQUANTIZE("r7")
        "ldm r1!, {r2, r3, r4}\n" REQUANTIZE("r8") REQUANTIZE("r9") REQUANTIZE("r10")
        "ldm r1, {r1, r2, r3, r4}\n" STORE("r5", "r8") STORE("r6", "r9") STORE("r7", "r10")
        "str r1, [r0, #60]\n"
        "cmp r12, r4\n"
        "bne 1b\n"
        "ldrd r2, r3, [r0, #76]\n"
        "cmp r12, r2\n" /* behind all, or a last group that overlaps? */
        "beq 3f\n"
        "sub r1, r1, r3\n"
        "str r1, [r0, #60]\n"
        "str r2, [r0, #72]\n"
        "b 1b\n"
        "3:\n"
        "pop {r0, r4-r11, pc}\n");
}

#define MOST(a, b)                                                                                           \
    "cmp " a ", " b "\n"                                                                                     \
    "it lt\n"                                                                                                \
    "movlt " a ", " b "\n"

TG_NAKED void tg_pair_max(tg_pair *pair) {
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "1:\n"
        "mov r1, #0x80000000\n"
        "strd r1, r1, [r0, #92]\n"
        "ldr r2, [r0, #28]\n"
        "ldr r3, [r0, #84]\n"
        "add r2, r2, r3\n"
        "str r2, [r0, #88]\n"
        "3:\n" DOT
        "ldrd r1, r2, [r0, #92]\n"
        "ldr r3, [r0, #88]\n" MOST("r5", "r6") MOST("r1", "r7") MOST("r1", "r5") MOST("r8", "r9")
        MOST("r2", "r10") MOST("r2", "r8")
        "strd r1, r2, [r0, #92]\n"
        "cmp r12, r3\n"
        "bne 3b\n"
        "ldr r3, [r0, #116]\n"
        "cbz r3, 4f\n"
        "mov r5, r1\n"
        "mov r8, r2\n"
        "add r1, r0, #36\n"
        "ldm r1!, {r2, r3, r4}\n" REQUANTIZE("r5")
        "ldm r1!, {r2, r3, r4}\n" REQUANTIZE("r8")
        "ldm r1, {r1, r2, r3, r4}\n" STORE("r5", "r8")
        "str r1, [r0, #60]\n"
        "cmp r12, r4\n"
        "bne 1b\n"
        "4:\n"
        "asr r1, r1, #1\n"
        "asr r2, r2, #1\n"
        "strd r1, r2, [r0, #92]\n"
        "pop {r0, r4-r11, pc}\n");
}

#define HALVE(r) "asr " r ", " r ", #1\n"

TG_NAKED void tg_pair_sums(tg_pair *pair) {
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n" DOT
        HALVE("r5") HALVE("r6") HALVE("r7") HALVE("r8") HALVE("r9") HALVE("r10")
        "add r0, r0, #92\n"
        "stm r0, {r5-r10}\n"
        "pop {r0, r4-r11, pc}\n");
}

/* clang-format on */

#endif
