/* The matrix product for a few patches with the DSP extension. Internal to the core. */
#ifndef TG_GEMM_FEW_H
#define TG_GEMM_FEW_H

#include "tg_gemm.h"

#define TG_GEMM_FEW 12U /* outputs from which on weights are better expanded once for all */

/* Whether tg_gemm_few_run() can and should take the place of tg_gemm_run(). */
bool tg_gemm_by_few(const tg_gemm *gemm, unsigned outputs);

/* tg_gemm_run() for a few outputs. Reads up to three bytes in front of the input and the weights: there are
 * parameters or a vector's length. */
void tg_gemm_few_run(const tg_gemm *gemm, const int8_t *input, unsigned outputs, int8_t *output);

#endif
