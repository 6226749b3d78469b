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

static const uint32_t KEEP[] = {UINT32_MAX, 0xFFFF0000U, 0}; /* of a pair, all but so many */

/* Expands a single patch; returns the end. */
static uint32_t *expand_one(const tg_unit *u, uint32_t *lanes, const int8_t *patch) {
    const int8_t *end = patch + u->depth;
    const uint32_t base = u->base;
    uint32_t *first = lanes;
    for (patch -= u->back; patch != end; patch += STEP, lanes += 2) {
        uint32_t bytes = tg_load4(patch);
        lanes[0] = tg_twice(tg_even_plus(base, bytes));
        lanes[1] = tg_twice(tg_odd_plus(base, bytes));
    }
    first[0] &= u->keep[0];
    first[1] &= u->keep[1];
    return lanes;
}

/* Expands all patches of an output, in groups of three u->group apart, beside those of another one. When they
 * do not fill the last group of a run it starts earlier, or repeats patches. Returns where the next group
 * goes. */
static TG_NOINLINE uint32_t *expand_output(const tg_unit *u, uint32_t *lanes, const int8_t *line,
                                           const tg_patches *patches) {
    const unsigned count = patches->count;
    const uint32_t second = count > 1U ? patches->step : 0;
    const uint32_t third = count > 2U ? 2U * second : second;
    for (unsigned runs = patches->runs; runs > 0; runs--, line += patches->run_step) {
        const int8_t *patch = line;
        for (unsigned left = count;; left -= GROUP, patch += GROUP * second) {
            tg_unit_lanes(u, lanes, patch, second, third);
            lanes += u->group / sizeof *lanes;
            if (left <= GROUP) {
                break;
            }
            if (left < 2U * GROUP) { /* the next group starts earlier */
                patch -= (2U * GROUP - left) * second;
                left = 2U * GROUP;
            }
        }
    }
    return lanes;
}

/* All channels of two outputs of several patches, or twice of one. */
static TG_NOINLINE void run_pooled(const tg_gemm *g, tg_unit *u, const int8_t *input, unsigned outputs) {
    const uint32_t second = outputs > 1U ? g->patches.skip : 0;
    u->step[0] = outputs > 1U ? g->output_step : 0;
    u->width = 2U * GROUP_WORDS * sizeof *u->lanes;
    u->group = u->row / STEP * u->width;
    u->end = u->lanes + u->group / sizeof *u->lanes;
    u->all = expand_output(u, g->scratch, input, &g->patches);
    expand_output(u, g->scratch + GROUP_WORDS, input + second, &g->patches);
    u->most[0] = u->most[1] = INT32_MIN;
    tg_unit_six(u);
}

/* All channels of six patches or three, or three times of one. */
static TG_NOINLINE void run_groups(const tg_gemm *g, tg_unit *u, const int8_t *input, unsigned outputs) {
    const unsigned groups = outputs > GROUP ? 2U : 1U;
    const uint32_t second = outputs > 1U ? g->patches.skip : 0;
    u->step[0] = outputs > 1U ? g->output_step : 0;
    u->step[1] = 3U * g->output_step;
    u->step[2] = 5U * g->output_step;
    u->width = groups * GROUP_WORDS * (uint32_t)sizeof *u->lanes;
    u->end = u->lanes + u->row / STEP * groups * GROUP_WORDS;
    tg_unit_lanes(u, g->scratch, input, second, 2U * second);
    if (groups == 1U) {
        tg_unit_three(u);
    } else {
        tg_unit_lanes(u, g->scratch + GROUP_WORDS, input + GROUP * second, second, 2U * second);
        tg_unit_six(u);
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    const tg_factors *factors = &g->factors;
    const tg_requant *how = factors->how;
    if (how->kind < TG_REQUANT_SATURATED) {
        tg_gemm_plain(g, input, outputs, output);
        return;
    }
    const bool pooled = tg_gemm_pooled(&g->patches);
    tg_unit u;
    u.pooled = pooled;
    u.constant = 2 * how->zero_point + 1;
    u.to_bias = (uint32_t)(uintptr_t)factors->bias - (uint32_t)(uintptr_t)factors->mantissa;
    u.back = (0U - g->depth) % STEP;
    u.row = g->depth + u.back;
    u.depth = g->depth;
    u.base = tg_pair_of((int16_t)g->input_offset);
    u.keep[0] = KEEP[(u.back + 1U) / 2U];
    u.keep[1] = KEEP[u.back / 2U];
    u.lanes = g->scratch;
    u.weights = g->weights;
    unsigned most = GROUP;
    if (pooled) {
        most = 2;
    } else if (outputs >= 2U * GROUP && how->kind == TG_REQUANT_RELU &&
               g->scratch_size >= u.row * sizeof(uint16_t) * 2U * GROUP) {
        most = 2U * GROUP;
    }
    unsigned now;
    for (; outputs > 0; outputs -= now, input += now * g->patches.skip, output += now * g->output_step) {
        now = most <= outputs ? most : outputs >= GROUP ? GROUP : 1U;
        u.mantissa = factors->mantissa;
        u.output = output;
        u.last = output + g->channels;
        u.to_shift = (uint32_t)(uintptr_t)factors->shift - (uint32_t)(uintptr_t)output;
        if (pooled) {
            run_pooled(g, &u, input, now);
        } else if (now == 1U && g->channels >= TG_GEMM_CHANNELS) {
            u.end = expand_one(&u, g->scratch, input);
            tg_unit_one(&u);
        } else {
            run_groups(g, &u, input, now);
        }
    }
}

#endif
