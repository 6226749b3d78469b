/* The matrix product with the DSP extension: dual 16-bit multiply-accumulates. Some patches are expanded to
 * int16, and all channels are taken one after the other (tg_unit_dsp.h). Rare requantisations are left to
 * plain C.
 *
 * Where the depth is no multiple of four, the first step starts early, at up to three values that the patches
 * have as zero: what lies in front of weights and of patches is a vector's length, or parameters.
 */
#include "tg_gemm.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"
#include "tg_unit_dsp.h"

#define GROUP       TG_GEMM_GROUP
#define STEP        4U           /* values of depth */
#define GROUP_WORDS (2U * GROUP) /* of a step */

/* All channels of three patches, or with the three that lie `others` behind of six. */
static TG_NOINLINE void run_groups(const tg_gemm *g, tg_unit *u, const int8_t *input, int8_t *output,
                                   uint32_t others) {
    u->mantissa = g->factors.mantissa;
    u->output = output;
    u->end = tg_unit_lanes(u, g->scratch, input);
    if (u->width == GROUP_WORDS * sizeof *u->lanes) {
        tg_unit_three(u);
    } else {
        tg_unit_lanes(u, g->scratch + GROUP_WORDS, input + others);
        tg_unit_six(u);
    }
}

/* All channels of two outputs of several patches, or twice of one: raised by three patches of each at a time.
 * Where they do not fill the last three of a run these start earlier, or patches are repeated. */
static void run_pooled(const tg_gemm *g, tg_unit *u, const int8_t *input, int8_t *output, uint32_t others) {
    const tg_patches *patches = &g->patches;
    const unsigned count = patches->count;
    memset(output, INT8_MIN, g->channels);
    memset(output + u->step[0], INT8_MIN, g->channels);
    for (unsigned runs = patches->runs; runs > 0; runs--, input += patches->run_step) {
        for (unsigned at = 0;;) {
            run_groups(g, u, input + at * patches->step, output, others);
            at += GROUP;
            if (at >= count) {
                break;
            }
            at = at + GROUP < count ? at : count - GROUP;
        }
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    const tg_factors *factors = &g->factors;
    const tg_patches *patches = &g->patches;
    const tg_requant *how = factors->how;
    if (how->kind < TG_REQUANT_SATURATED) {
        tg_gemm_plain(g, input, outputs, output);
        return;
    }
    tg_unit u;
    u.constant = 2 * how->zero_point + 1;
    u.to_bias = (uint32_t)(uintptr_t)factors->bias - (uint32_t)(uintptr_t)factors->mantissa;
    u.back = (0U - g->depth) % STEP;
    u.depth = g->depth;
    u.base = tg_pair_of((int16_t)g->input_offset);
    const uint32_t kept = UINT32_MAX << 8U * u.back; /* bytes of a first step */
    u.keep[0] = tg_even_plus(0, kept);
    u.keep[1] = tg_odd_plus(0, kept);
    u.lanes = g->scratch;
    u.weights = g->weights;
    u.pooled = tg_gemm_pooled(patches);
    unsigned most = GROUP;
    if (u.pooled) {
        most = 2;
    } else if (outputs >= 2U * GROUP && how->kind == TG_REQUANT_RELU &&
               g->scratch_size >= (u.depth + u.back) * 2U * GROUP * sizeof(int16_t)) {
        most = 2U * GROUP;
    }
    unsigned now;
    for (; outputs > 0; outputs -= now, input += now * patches->skip, output += now * g->output_step) {
        now = most <= outputs ? most : outputs >= GROUP ? GROUP : 1U;
        u.mantissa = factors->mantissa;
        u.output = output;
        u.last = output + g->channels;
        u.to_shift = (uint32_t)(uintptr_t)factors->shift - (uint32_t)(uintptr_t)output;
        u.width = (now == GROUP ? 1U : 2U) * GROUP_WORDS * sizeof *u.lanes;
        if (u.pooled) {
            const bool two = now > 1U;
            u.step[0] = two ? g->output_step : 0;
            u.to_second = patches->count > 1U ? patches->step : 0;
            u.to_third = patches->count > 2U ? 2U * patches->step : u.to_second;
            run_pooled(g, &u, input, output, two ? patches->skip : 0);
        } else if (now > 1U) {
            u.step[0] = g->output_step;
            u.step[1] = 3U * g->output_step;
            u.step[2] = 5U * g->output_step;
            u.to_second = patches->skip;
            u.to_third = 2U * patches->skip;
            run_groups(g, &u, input, output, 3U * patches->skip);
        } else if (g->channels >= TG_GEMM_CHANNELS) {
            tg_unit_one(&u, input);
        } else {
            tg_gemm_plain(g, input, 1, output);
        }
    }
}

#endif
