#include "tg_v6m.h"

#if defined(__ARM_ARCH_6M__)

#pragma GCC diagnostic ignored                                                                               \
    "-Wunused-parameter" /* the function in assembly takes its own from registers */

/* clang-format off */

/* One output: tg_requantize() for TG_REQUANT_RELU, r8 holding 2^14. An accumulator of 0 and less gives the
 * zero point. Any other has 30 bits, and with its halves a, b and those c, d of the mantissa the rounded high
 * product is 2 a c + (a d + b c + (b d >> 16) + 2^14 >> 15): all terms are positive, and their sum stays
 * below 2^32. Most often a is 0. */
#define STORE(sum, mantissa, right, constant, channel)                                                       \
    "ldr r3, [r0, #" sum "]\n"                                                                               \
    "cmp r3, #0\n"                                                                                           \
    "bgt 2f\n"                                                                                               \
    "movs r3, #127\n"                                                                                        \
    "mvns r3, r3\n"                                                                                          \
    "b 3f\n"                                                                                                 \
    "2:\n"                                                                                                   \
    "ldr r4, [r1, #" mantissa "]\n"                                                                          \
    "uxth r6, r4\n"                                                                                          \
    "lsrs r4, r4, #16\n"                                                                                     \
    "lsrs r5, r3, #16\n"                                                                                     \
    "bne 4f\n"                                                                                               \
    "muls r6, r3\n"                                                                                          \
    "muls r3, r4\n"                                                                                          \
    "lsrs r6, r6, #16\n"                                                                                     \
    "adds r3, r3, r6\n"                                                                                      \
    "add r3, r8\n"                                                                                           \
    "lsrs r3, r3, #15\n"                                                                                     \
    "b 5f\n"                                                                                                 \
    "4:\n"                                                                                                   \
    "uxth r3, r3\n"                                                                                          \
    "movs r7, r3\n"                                                                                          \
    "muls r7, r6\n"                                                                                          \
    "lsrs r7, r7, #16\n"                                                                                     \
    "muls r6, r5\n"                                                                                          \
    "muls r3, r4\n"                                                                                          \
    "muls r5, r4\n"                                                                                          \
    "adds r3, r3, r6\n"                                                                                      \
    "adds r3, r3, r7\n"                                                                                      \
    "add r3, r8\n"                                                                                           \
    "lsrs r3, r3, #15\n"                                                                                     \
    "lsls r5, r5, #1\n"                                                                                      \
    "adds r3, r3, r5\n"                                                                                      \
    "5:\n"                                                                                                   \
    "ldr r4, [r1, #" constant "]\n"                                                                          \
    "ldr r5, [r1, #" right "]\n"                                                                             \
    "adds r3, r3, r4\n"                                                                                      \
    "asrs r3, r5\n"                                                                                          \
    "cmp r3, #127\n"                                                                                         \
    "ble 3f\n"                                                                                               \
    "movs r3, #127\n"                                                                                        \
    "3:\n"                                                                                                   \
    "strb r3, [r2, #" channel "]\n"

static TG_NAKED void store_relu(const int32_t *sums, const tg_factor *factors, int8_t *output,
                                uint32_t output_step, unsigned count) {
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r7, lr}\n"
                     "ldr r7, [sp, #20]\n"
                     "mov r4, r8\n"
                     "mov r5, r9\n"
                     "mov r6, r10\n"
                     "push {r4-r6}\n"
                     "movs r4, #1\n"
                     "lsls r4, r4, #14\n"
                     "mov r8, r4\n"
                     "mov r9, r3\n"
                     "mov r10, r7\n"
                     "1:\n" STORE("0", "0", "4", "8", "0") STORE("4", "12", "16", "20", "1")
                         STORE("8", "24", "28", "32", "2")
                             STORE("12", "36", "40", "44", "3") "adds r0, #16\n"
                                                                "add r2, r9\n"
                                                                "mov r3, r10\n"
                                                                "subs r3, #1\n"
                                                                "mov r10, r3\n"
                                                                "beq 9f\n"
                                                                "b 1b\n"
                                                                "9:\n"
                                                                "pop {r4-r6}\n"
                                                                "mov r8, r4\n"
                                                                "mov r9, r5\n"
                                                                "mov r10, r6\n"
                                                                "pop {r4-r7, pc}\n");
}

/* clang-format on */

void tg_v6m_set(const tg_factors *from, uint32_t first, unsigned channels, int32_t *bias,
                tg_factor *factors) {
    const uint32_t constant = (uint32_t)(2 * from->how->zero_point + 1);
    const int32_t *biases = from->bias + first;
    const int32_t *mantissa = from->mantissa + first;
    const int8_t *shift = from->shift + first;
    for (; channels > 0; channels--, factors++) {
        int32_t right = *shift++;
        *bias++ = *biases++;
        *factors = (tg_factor){*mantissa++, right, (int32_t)(constant << ((right - 1) & 31))};
    }
}

void tg_v6m_store(const tg_requant *how, const int32_t *sums, const tg_factor *factors, int8_t *output,
                  uint32_t output_step, unsigned count, unsigned channels) {
    if (how->kind == TG_REQUANT_RELU && channels == TG_V6M_CHANNELS) {
        store_relu(sums, factors, output, output_step, count);
        return;
    }
    for (; count > 0; count--, sums += TG_V6M_CHANNELS, output += output_step) {
        for (unsigned i = 0; i < channels; i++) {
            output[i] = (int8_t)tg_requantize(how, &factors[i], sums[i]);
        }
    }
}

#endif
