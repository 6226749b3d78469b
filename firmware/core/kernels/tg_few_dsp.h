/* The matrix product for the few patches of a hop, with the DSP extension. Internal to tg_gemm_dsp.c. */
#ifndef TG_FEW_DSP_H
#define TG_FEW_DSP_H

#include "tg_gemm.h"

/* Whether tg_few_run() can and should take the place of tg_gemm_run(). */
bool tg_few_can(const tg_gemm *gemm, unsigned outputs);

void tg_few_run(const tg_gemm *gemm, const int8_t *input, unsigned outputs, int8_t *output);

#endif
