/* Requantisation for Armv6-M, in assembly. Internal to the core. */
#ifndef TG_V6M_H
#define TG_V6M_H

#include "tg_requant.h"

#define TG_V6M_CHANNELS 4U

/* A function that is its assembly and nothing else. */
#define TG_NAKED __attribute__((naked, noinline))

/* The high registers that are kept across calls, from and to low ones; and, around a function that uses them
 * and finds its parameter at sp, all that is kept. */
#define TG_V6M_FROM_HIGH                                                                                     \
    "mov r4, r8\n"                                                                                           \
    "mov r5, r9\n"                                                                                           \
    "mov r6, r10\n"                                                                                          \
    "mov r7, r11\n"
#define TG_V6M_TO_HIGH                                                                                       \
    "mov r8, r4\n"                                                                                           \
    "mov r9, r5\n"                                                                                           \
    "mov r10, r6\n"                                                                                          \
    "mov r11, r7\n"
#define TG_V6M_ENTER                                                                                         \
    ".syntax unified\n"                                                                                      \
    "push {r4-r7, lr}\n" TG_V6M_FROM_HIGH "push {r0, r4-r7}\n"
#define TG_V6M_LEAVE "pop {r0, r4-r7}\n" TG_V6M_TO_HIGH "pop {r4-r7, pc}\n"

/* Biases and factors of four output channels from `first` on. */
void tg_v6m_set(const tg_factors *from, uint32_t first, int32_t *bias, tg_factor *factors);

/* `count` outputs of four channels, output_step apart, of their accumulators one behind the other. Not for
 * TG_REQUANT_ANY. */
void tg_v6m_store(const int32_t *sums, const tg_factor *factors, int8_t *output, uint32_t output_step,
                  unsigned count, const tg_requant *how);

#endif
