/* Requantisation for Armv6-M, in assembly. Internal to the core. */
#ifndef TG_V6M_H
#define TG_V6M_H

#include "tg_requant.h"

#define TG_V6M_CHANNELS 4U

/* A function that is its assembly and nothing else. */
#define TG_NAKED __attribute__((naked, noinline))

/* Biases and factors of four output channels from `first` on. */
void tg_v6m_set(const tg_factors *from, uint32_t first, int32_t *bias, tg_factor *factors);

/* `count` outputs of four channels, output_step apart, of their accumulators one behind the other. Not for
 * TG_REQUANT_ANY. */
void tg_v6m_store(const int32_t *sums, const tg_factor *factors, int8_t *output, uint32_t output_step,
                  unsigned count, const tg_requant *how);

#endif
