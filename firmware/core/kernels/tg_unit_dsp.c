#include "tg_unit_dsp.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

/* The functions take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

_Static_assert(offsetof(tg_unit, pooled) == 8 && offsetof(tg_unit, step) == 20 &&
                   offsetof(tg_unit, to_bias) == 32 && offsetof(tg_unit, last) == 40 &&
                   offsetof(tg_unit, weights) == 52 && offsetof(tg_unit, depth) == 56 &&
                   offsetof(tg_unit, keep) == 64 && offsetof(tg_unit, width) == 80,
               "as the assembly below has it");

/* clang-format off */

TG_NAKED const uint32_t *tg_unit_lanes(const tg_unit *unit, uint32_t *lanes, const int8_t *patch) {
    __asm__ volatile(
        "push {r1, r4-r11, lr}\n"
        "ldr r4, [r0, #36]\n"
        "ldrd r12, lr, [r0, #56]\n"
        "ldrd r3, r10, [r0, #72]\n"
        "ldr r11, [r0, #80]\n"
        "add r12, r12, r2\n"
        "subs r2, r2, r4\n"
        "1:\n"
        "ldr r8, [r2, r3]\n"
        "ldr r9, [r2, r10]\n"
        "ldr r7, [r2], #4\n"
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
        "stm r1, {r4-r9}\n"
        "add r1, r1, r11\n"
        "cmp r2, r12\n"
        "bne 1b\n"
        "pop {r3}\n"
        "ldr r4, [r0, #36]\n"
        "cbz r4, 2f\n"
        "ldrd r2, r10, [r0, #64]\n"
        "ldm r3, {r4-r9}\n"
        "ands r4, r4, r2\n"
        "ands r5, r5, r2\n"
        "ands r6, r6, r2\n"
        "and r7, r7, r10\n"
        "and r8, r8, r10\n"
        "and r9, r9, r10\n"
        "stm r3, {r4-r9}\n"
        "2:\n"
        "mov r0, r1\n"
        "pop {r4-r11, pc}\n");
}

/* Registers: r11 the weights, r12 and lr the lanes and their end, r5 to r10 the accumulators. Between channels
 * r1 is where the mantissa is, r2 the output, and r0 leads to to_bias. */

#define CHANNEL "ldm r0, {r3, r4, r5, r12, lr}\n"

#define START                                                                                                \
    "push {r0, r4-r11, lr}\n"                                                                                \
    "ldr r11, [r0, #52]\n"                                                                                   \
    "ldrd r1, r2, [r0], #32\n" CHANNEL

/* To the weights of the first step, and the bias to three accumulators. */
#define BIAS                                                                                                 \
    "sub r11, r11, r4\n"                                                                                     \
    "ldr r5, [r1, r3]\n"                                                                                     \
    "lsls r5, r5, #1\n"                                                                                      \
    "mov r6, r5\n"                                                                                           \
    "mov r7, r5\n"

/* The next four weights as pairs in r0 and r1. */
#define WEIGHTS                                                                                              \
    "ldr r1, [r11], #4\n"                                                                                    \
    "sxtb16 r0, r1\n"                                                                                        \
    "sxtb16 r1, r1, ror #8\n"

#define MAC3(weights, a, b, c)                                                                               \
    "ldm r12!, {r2, r3, r4}\n"                                                                               \
    "smlad " a ", " weights ", r2, " a "\n"                                                                  \
    "smlad " b ", " weights ", r3, " b "\n"                                                                  \
    "smlad " c ", " weights ", r4, " c "\n"

/* Shift and mantissa of this channel, moving on, and (2 x zero point + 1) x 2^shift. */
#define FACTOR                                                                                               \
    "ldrsb r3, [r2, r12]\n"                                                                                  \
    "ldr lr, [r1], #4\n"                                                                                     \
    "lsls r4, r4, r3\n"

/* tg_output_of() of twice an accumulator: the product, less 1 when it is negative; then the rest. */
#define PRODUCT(r) "smmlar " r ", " r ", lr, r4\n"
#define SIGNED(r)                                                                                            \
    "add r12, r4, " r ", asr #31\n"                                                                          \
    "smmlar " r ", " r ", lr, r12\n"
#define SHIFT(r)                                                                                             \
    "asrs " r ", " r ", r3\n"                                                                                \
    "ssat " r ", #8, " r ", asr #1\n"
#define SHIFT_HIGH(r)                                                                                        \
    "asr " r ", " r ", r3\n"                                                                                 \
    "ssat " r ", #8, " r ", asr #1\n"

#define MOST(a, b)                                                                                           \
    "cmp " a ", " b "\n"                                                                                     \
    "it lt\n"                                                                                                \
    "movlt " a ", " b "\n"

/* r0 leads to `step`; moves on to the next channel. */
#define NEXT                                                                                                 \
    "strd r1, r2, [r0, #-32]\n" CHANNEL                                                                      \
    "cmp r2, r5\n"                                                                                           \
    "bne 1b\n"                                                                                               \
    "pop {r0, r4-r11, pc}\n"

/* 21 instructions for 24 products. */
TG_NAKED void tg_unit_six(tg_unit *unit) {
    __asm__ volatile(
        START
        "1:\n" BIAS
        "mov r8, r5\n"
        "mov r9, r5\n"
        "mov r10, r5\n"
        "2:\n"
        WEIGHTS MAC3("r0", "r5", "r6", "r7") MAC3("r1", "r5", "r6", "r7")
        MAC3("r0", "r8", "r9", "r10") MAC3("r1", "r8", "r9", "r10")
        "cmp r12, lr\n"
        "bne 2b\n"
        "ldr r0, [sp]\n"
        "ldm r0!, {r1, r2, r3, r4, r12}\n"
        "cbnz r3, 7f\n"
        FACTOR PRODUCT("r5") PRODUCT("r6") PRODUCT("r7") PRODUCT("r8") PRODUCT("r9") PRODUCT("r10")
        "5:\n"
        SHIFT("r5") SHIFT("r6") SHIFT("r7") SHIFT_HIGH("r8") SHIFT_HIGH("r9") SHIFT_HIGH("r10")
        "ldm r0!, {r3, r4, r12}\n"
        "strb r6, [r2, r3]\n"
        "strb r7, [r2, r3, lsl #1]\n"
        "strb r8, [r2, r4]\n"
        "strb r9, [r2, r3, lsl #2]\n"
        "strb r10, [r2, r12]\n"
        "6:\n"
        "strb r5, [r2], #1\n" NEXT
        "7:\n"
        MOST("r5", "r6") MOST("r5", "r7") MOST("r8", "r9") MOST("r8", "r10")
        FACTOR SIGNED("r5") SIGNED("r8") SHIFT("r5") SHIFT_HIGH("r8")
        "ldr r3, [r0], #12\n"
        "ldrsb r6, [r2]\n"
        "ldrsb r7, [r2, r3]\n" MOST("r5", "r6") MOST("r8", "r7")
        "strb r8, [r2, r3]\n"
        "b 6b\n");
}

/* 24 instructions for 24 products. */
TG_NAKED void tg_unit_three(tg_unit *unit) {
    __asm__ volatile(
        START
        "1:\n" BIAS
        "2:\n"
        WEIGHTS
        "ldm r12!, {r2, r3, r4, r8, r9, r10}\n"
        "smlad r5, r0, r2, r5\n"
        "smlad r6, r0, r3, r6\n"
        "smlad r7, r0, r4, r7\n"
        "smlad r5, r1, r8, r5\n"
        "smlad r6, r1, r9, r6\n"
        "smlad r7, r1, r10, r7\n"
        "cmp r12, lr\n"
        "bne 2b\n"
        "ldr r0, [sp]\n"
        "ldm r0!, {r1, r2, r3, r4, r12}\n"
        FACTOR SIGNED("r5") SIGNED("r6") SIGNED("r7") SHIFT("r5") SHIFT("r6") SHIFT("r7")
        "ldm r0!, {r3, r4, r12}\n"
        "strb r6, [r2, r3]\n"
        "strb r7, [r2, r3, lsl #1]\n"
        "strb r5, [r2], #1\n" NEXT);
}

/* Four weights of a channel at r2, times those of the patch. */
#define ROW(sum)                                                                                             \
    "sxtb16 r3, r2\n"                                                                                        \
    "sxtb16 r2, r2, ror #8\n"                                                                                \
    "smlad " sum ", r3, r0, " sum "\n"                                                                       \
    "smlad " sum ", r2, r1, " sum "\n"

/* 25 instructions for 16 products. Channels that would be too many start again at some of those before. */
TG_NAKED void tg_unit_one(tg_unit *unit, const int8_t *patch) {
    __asm__ volatile(
        "push {r0, r1, r4-r11, lr}\n"
        "ldr r11, [r0, #52]\n"
        "ldr r1, [r0]\n"
        "1:\n"
        "ldr r9, [sp, #4]\n"
        "ldrd r12, r2, [r0, #32]\n"
        "ldrd r4, lr, [r0, #56]\n"
        "add r12, r12, r1\n"
        "ldm r12, {r5, r6, r7, r10}\n"
        "add r8, r4, r4, lsl #1\n"
        "add r12, r9, r4\n"
        "sub r9, r9, r2\n"
        "sub r11, r11, r2\n"
        "ldrd r2, r3, [r0, #64]\n" /* the first step, less what is too early */
        "ldr r1, [r9], #4\n"
        "sxtab16 r0, lr, r1\n"
        "sxtab16 r1, lr, r1, ror #8\n"
        "ands r0, r0, r2\n"
        "ands r1, r1, r3\n"
        "b 3f\n"
        "2:\n"
        "ldr r1, [r9], #4\n"
        "sxtab16 r0, lr, r1\n"
        "sxtab16 r1, lr, r1, ror #8\n"
        "3:\n"
        "ldr r2, [r11, r4]\n" ROW("r6")
        "ldr r2, [r11, r4, lsl #1]\n" ROW("r7")
        "ldr r2, [r11, r8]\n" ROW("r10")
        "ldr r2, [r11], #4\n" ROW("r5")
        "cmp r9, r12\n"
        "bne 2b\n"
        "add r11, r11, r8\n"
        "ldr r0, [sp]\n"
        "ldm r0, {r1, r2, r3, r8, r9}\n"
        "push {r5, r6, r7, r10}\n"
        "movs r6, #4\n"
        "4:\n"
        "pop {r5}\n"
        "lsls r5, r5, #1\n"
        "ldrsb r3, [r2, r9]\n"
        "ldr lr, [r1], #4\n"
        "lsl r4, r8, r3\n" SIGNED("r5") SHIFT("r5")
        "strb r5, [r2], #1\n"
        "subs r6, #1\n"
        "bne 4b\n"
        "ldr r3, [r0, #40]\n"
        "subs r3, r3, r2\n"
        "beq 6f\n"
        "rsbs r3, r3, #4\n"
        "ble 5f\n"
        "ldr r4, [r0, #56]\n"
        "sub r1, r1, r3, lsl #2\n"
        "subs r2, r2, r3\n"
        "mls r11, r3, r4, r11\n"
        "5:\n"
        "strd r1, r2, [r0]\n"
        "b 1b\n"
        "6:\n"
        "pop {r0, r1, r4-r11, pc}\n");
}

/* clang-format on */

#endif
