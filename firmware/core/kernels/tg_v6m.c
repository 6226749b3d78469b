#include "tg_v6m.h"

#if defined(__ARM_ARCH_6M__)

/* The functions in assembly take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

_Static_assert(offsetof(tg_factors, bias) == 0 && offsetof(tg_factors, shift) == 8 &&
                   offsetof(tg_factors, how) == 12 && offsetof(tg_requant, kind) == 12 &&
                   offsetof(tg_requant, zero_point) == 13 && offsetof(tg_requant, high) == 15 &&
                   TG_REQUANT_RELU == 3 && sizeof(tg_factor) == 12,
               "as the assembly below has it");

/* clang-format off */

/* One factor: r5 mantissas, r6 shifts, r0 2 x zero point + 1, to r3. */
#define FACTOR(channel)                                                                                      \
    "ldm r5!, {r1}\n"                                                                                        \
    "movs r2, #" channel "\n"                                                                                \
    "ldrsb r2, [r6, r2]\n"                                                                                   \
    "movs r4, r0\n"                                                                                          \
    "lsls r4, r2\n"                                                                                          \
    "adds r2, #1\n"                                                                                          \
    "stm r3!, {r1, r2, r4}\n"

TG_NAKED void tg_v6m_set(const tg_factors *from, uint32_t first, int32_t *bias, tg_factor *factors) {
    __asm__ volatile(
        ".syntax unified\n"
        "push {r4-r7, lr}\n"
        "ldm r0!, {r4, r5, r6}\n"
        "ldr r0, [r0]\n"
        "movs r7, #13\n"
        "ldrsb r0, [r0, r7]\n"
        "lsls r0, r0, #1\n"
        "adds r0, #1\n"
        "adds r6, r6, r1\n"
        "lsls r1, r1, #2\n"
        "adds r4, r4, r1\n"
        "adds r5, r5, r1\n"
        "ldm r4!, {r1, r7}\n"
        "stm r2!, {r1, r7}\n"
        "ldm r4!, {r1, r7}\n"
        "stm r2!, {r1, r7}\n"
        FACTOR("0") FACTOR("1") FACTOR("2") FACTOR("3")
        "pop {r4-r7, pc}\n");
}

/* One output: tg_output_of() for TG_REQUANT_RELU. An accumulator of 0 and less gives the zero point. Any other
 * has 30 bits, and with its halves a, b and those c, d of the mantissa the rounded high product is
 * 2 a c + (a d + b c + (b d >> 16) + 2^14 >> 15): all terms are positive, and their sum stays below 2^32. Most
 * often a is 0. */
#define STORE(channel)                                                                                       \
    "ldm r0!, {r3}\n"                                                                                        \
    "cmp r3, #0\n"                                                                                           \
    "ble 6f\n"                                                                                               \
    "ldm r1!, {r4, r5, r6}\n"                                                                                \
    "cmp r3, r9\n"                                                                                           \
    "bge 5f\n"                                                                                               \
    "uxth r7, r4\n"                                                                                          \
    "lsrs r4, r4, #16\n"                                                                                     \
    "muls r7, r3\n"                                                                                          \
    "muls r3, r4\n"                                                                                          \
    "lsrs r7, r7, #16\n"                                                                                     \
    "adds r3, r3, r7\n"                                                                                      \
    "add r3, r8\n"                                                                                           \
    "lsrs r3, r3, #15\n"                                                                                     \
    "3:\n"                                                                                                   \
    "adds r3, r3, r6\n"                                                                                      \
    "asrs r3, r5\n"                                                                                          \
    "cmp r3, #127\n"                                                                                         \
    "ble 4f\n"                                                                                               \
    "movs r3, #127\n"                                                                                        \
    "b 4f\n"                                                                                                 \
    "5:\n"                                                                                                   \
    "bl 8f\n"                                                                                                \
    "b 3b\n"                                                                                                 \
    "6:\n"                                                                                                   \
    "adds r1, #12\n"                                                                                         \
    "movs r3, #128\n"                                                                                        \
    "4:\n"                                                                                                   \
    "strb r3, [r2, #" channel "]\n"

/* Any other kind. a may be negative: 2^30 more keep the sum positive, and are taken off behind its shift. */
TG_NAKED void tg_v6m_store(const int32_t *sums, const tg_factor *factors, int8_t *output, uint32_t output_step,
                           unsigned count, const tg_requant *how) {
    __asm__ volatile(
        ".syntax unified\n"
        "push {r4-r7, lr}\n"
        "mov r4, r8\n"
        "mov r5, r9\n"
        "mov r6, r10\n"
        "push {r4-r6}\n"
        "ldr r7, [sp, #32]\n"
        "lsls r7, r7, #4\n"
        "adds r7, r7, r0\n"
        "mov r10, r7\n"
        "ldr r7, [sp, #36]\n"
        "movs r4, #1\n"
        "lsls r5, r4, #14\n"
        "ldrb r6, [r7, #12]\n"
        "cmp r6, #3\n"
        "beq 7f\n"
        "b 2f\n"
        "7:\n"
        "mov r8, r5\n"
        "lsls r5, r4, #16\n"
        "mov r9, r5\n"
        "mov r12, r3\n"
        "1:\n"
        STORE("0") STORE("1") STORE("2") STORE("3")
        "add r2, r12\n"
        "subs r1, #48\n"
        "cmp r0, r10\n"
        "bne 1b\n"
        "9:\n"
        "pop {r4-r6}\n"
        "mov r8, r4\n"
        "mov r9, r5\n"
        "mov r10, r6\n"
        "pop {r4-r7, pc}\n"
        "8:\n" /* an a that is not 0 */
        "push {r5, r6, lr}\n"
        "uxth r7, r4\n"
        "lsrs r4, r4, #16\n"
        "lsrs r5, r3, #16\n"
        "uxth r3, r3\n"
        "movs r6, r3\n"
        "muls r6, r7\n"
        "lsrs r6, r6, #16\n"
        "muls r7, r5\n"
        "muls r3, r4\n"
        "muls r5, r4\n"
        "adds r3, r3, r7\n"
        "adds r3, r3, r6\n"
        "add r3, r8\n"
        "lsrs r3, r3, #15\n"
        "lsls r5, r5, #1\n"
        "adds r3, r3, r5\n"
        "pop {r5, r6, pc}\n"
        "2:\n"
        "lsls r6, r4, #30\n"
        "adds r5, r5, r6\n"
        "mov r8, r5\n"
        "lsls r5, r4, #15\n"
        "negs r5, r5\n"
        "mov r9, r5\n"
        "movs r4, #14\n"
        "ldrsb r4, [r7, r4]\n"
        "movs r5, #15\n"
        "ldrsb r5, [r7, r5]\n"
        "subs r3, #4\n"
        "mov r6, r11\n"
        "push {r3-r6}\n" /* the step, low and high */
        "1:\n"
        "movs r3, #48\n"
        "adds r3, r3, r1\n"
        "mov r11, r3\n"
        "2:\n"
        "ldm r0!, {r3}\n"
        "ldm r1!, {r4, r5, r6}\n"
        "push {r5}\n"
        "mov r12, r6\n"
        "uxth r7, r4\n"
        "lsrs r4, r4, #16\n"
        "uxth r6, r3\n"
        "asrs r3, r3, #16\n"
        "movs r5, r6\n"
        "muls r5, r7\n"
        "lsrs r5, r5, #16\n"
        "muls r7, r3\n"
        "muls r6, r4\n"
        "muls r3, r4\n"
        "adds r6, r6, r5\n"
        "adds r6, r6, r7\n"
        "add r6, r8\n"
        "lsrs r6, r6, #15\n"
        "lsls r3, r3, #1\n"
        "adds r3, r3, r6\n"
        "add r3, r9\n"
        "asrs r4, r3, #31\n"
        "adds r3, r3, r4\n"
        "add r3, r12\n"
        "pop {r5}\n"
        "asrs r3, r5\n"
        "ldr r4, [sp, #4]\n"
        "cmp r3, r4\n"
        "bge 3f\n"
        "movs r3, r4\n"
        "3:\n"
        "ldr r4, [sp, #8]\n"
        "cmp r3, r4\n"
        "ble 4f\n"
        "movs r3, r4\n"
        "4:\n"
        "strb r3, [r2]\n"
        "adds r2, #1\n"
        "cmp r1, r11\n"
        "bne 2b\n"
        "ldr r4, [sp]\n"
        "adds r2, r2, r4\n"
        "subs r1, #48\n"
        "cmp r0, r10\n"
        "bne 1b\n"
        "pop {r3-r6}\n"
        "mov r11, r6\n"
        "b 9b\n");
}

/* clang-format on */

#endif
