/* The matrix product in plain C: what the other forms must equal. */
#include "tg_gemm.h"

#if (defined(__ARM_FEATURE_DSP) || defined(__ARM_ARCH_6M__)) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("Os", "no-tree-loop-im", "no-move-loop-invariants") /* for rare cases only */
#endif

/* Accumulator of one patch and one channel, without its bias. */
static int32_t dot(const tg_gemm *g, const int8_t *patch, const int8_t *weights) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < g->depth; i++) {
        sum += (patch[i] + g->input_offset) * weights[i];
    }
    return sum;
}

/* The largest accumulator of an output's patches. */
static TG_NOINLINE int32_t most_of(const tg_gemm *g, const int8_t *input, const int8_t *weights) {
    int32_t most = INT32_MIN;
    for (unsigned run = 0; run < g->patches.runs; run++) {
        const int8_t *patch = input + (size_t)run * g->patches.run_step;
        for (unsigned i = 0; i < g->patches.count; i++, patch += g->patches.step) {
            int32_t sum = dot(g, patch, weights);
            most = sum > most ? sum : most;
        }
    }
    return most;
}

void tg_gemm_plain(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    for (; outputs > 0; outputs--, input += g->patches.skip, output += g->output_step) {
        for (unsigned channel = 0; channel < g->channels; channel++) {
            int32_t sum = most_of(g, input, g->weights + (size_t)channel * g->depth);
            output[channel] = tg_output_of(&g->factors, channel, sum);
        }
    }
}

#if !defined(__ARM_FEATURE_DSP) && !defined(__ARM_ARCH_6M__)
void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    tg_gemm_plain(g, input, outputs, output);
}
#endif
