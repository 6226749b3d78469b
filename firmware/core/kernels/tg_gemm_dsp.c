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

/* Clears the first `back` values of a first step: its even values in `even`, its odd ones in `odd`. */
static void clear_first(uint32_t back, uint32_t *even, uint32_t *odd) {
    if (back > 0) {
        *even = back < 3U ? *even & 0xFFFF0000U : 0;
        *odd = back < 2U ? *odd : *odd & 0xFFFF0000U;
    }
}

/* Expands the patches of a line, `step` apart: groups `next` words apart, their steps `width` words. When
 * they do not fill the last group it starts earlier, or repeats the last patch. Returns where the next group
 * goes. */
static TG_NOINLINE uint32_t *expand_line(const tg_gemm *g, uint32_t *lanes, const int8_t *line, uint32_t step,
                                         unsigned count, uint32_t width, uint32_t next) {
    const uint32_t back = (0U - g->depth) % STEP;
    const uint32_t base = tg_pair_of((int16_t)g->input_offset);
    const uint32_t to_second = count > 1U ? step : 0;
    const uint32_t to_third = count > 2U ? 2U * step : to_second;
    for (unsigned i = 0; i < count; i += GROUP, lanes += next) {
        i = i + GROUP > count && count > GROUP ? count - GROUP : i;
        const int8_t *patch = line + i * step;
        tg_unit_lanes(lanes, patch - back, to_second, to_third, patch + g->depth, base,
                      width * (uint32_t)sizeof *lanes);
        for (unsigned k = 0; k < GROUP && back != 0; k++) {
            clear_first(back, &lanes[k], &lanes[GROUP + k]);
        }
    }
    return lanes;
}

/* The same of all patches of an output, whose groups lie beside those of another one. */
static uint32_t *expand_output(const tg_gemm *g, uint32_t *lanes, const int8_t *line, uint32_t next) {
    for (unsigned runs = g->patches.runs; runs > 0; runs--, line += g->patches.run_step) {
        lanes = expand_line(g, lanes, line, g->patches.step, g->patches.count, 2U * GROUP_WORDS, next);
    }
    return lanes;
}

/* Expands a single patch; returns the end. */
static TG_NOINLINE uint32_t *expand_one(const tg_gemm *g, const int8_t *patch) {
    const uint32_t back = (0U - g->depth) % STEP;
    const uint32_t base = tg_pair_of((int16_t)g->input_offset);
    const int8_t *end = patch + g->depth;
    uint32_t *lanes = g->scratch;
    for (patch -= back; patch != end; patch += STEP, lanes += 2) {
        uint32_t bytes = tg_load4(patch);
        lanes[0] = tg_twice(tg_even_plus(base, bytes));
        lanes[1] = tg_twice(tg_odd_plus(base, bytes));
    }
    clear_first(back, &g->scratch[0], &g->scratch[1]);
    return lanes;
}

/* All channels of some outputs, three, or six or two that have several patches; or of as many as there are.
 */
static TG_NOINLINE void run_some(const tg_gemm *g, tg_unit *u, const int8_t *input, unsigned outputs,
                                 bool three) {
    const uint32_t width = three ? GROUP_WORDS : 2U * GROUP_WORDS;
    const uint32_t words = u->row / STEP * width;
    const uint32_t skip = g->patches.skip;
    u->end = u->lanes + words;
    u->step[0] = outputs > 1U ? g->output_step : 0;
    u->step[1] = three && outputs < GROUP ? u->step[0] : (three ? 2U : 3U) * g->output_step;
    u->step[2] = 5U * g->output_step;
    if (u->how == TG_UNIT_POOLED) {
        u->group = words * (uint32_t)sizeof *u->lanes;
        u->all = expand_output(g, g->scratch, input, words);
        expand_output(g, g->scratch + GROUP_WORDS, input + (outputs > 1U ? skip : 0), words);
    } else {
        expand_line(g, g->scratch, input, skip, outputs, width, GROUP_WORDS);
    }
    if (three) {
        tg_unit_three(u);
    } else {
        tg_unit_six(u);
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    const tg_factors *factors = &g->factors;
    if (factors->how->kind < TG_REQUANT_SATURATED) {
        tg_gemm_plain(g, input, outputs, output);
        return;
    }
    const bool pooled = tg_gemm_pooled(&g->patches);
    tg_unit u;
    u.how = pooled ? TG_UNIT_POOLED : factors->how->kind == TG_REQUANT_RELU ? TG_UNIT_RELU : TG_UNIT_SIGNED;
    u.constant = 2 * factors->how->zero_point + 1;
    u.to_bias = (uint32_t)(uintptr_t)factors->bias - (uint32_t)(uintptr_t)factors->mantissa;
    u.back = (0U - g->depth) % STEP;
    u.row = g->depth + u.back;
    u.lanes = g->scratch;
    u.most[0] = u.most[1] = INT32_MIN;
    const bool six = outputs >= 2U * GROUP && g->scratch_size >= u.row * sizeof(uint16_t) * 2U * GROUP;
    unsigned now;
    for (unsigned i = 0; i < outputs; i += now) {
        now = pooled ? 2U : six && outputs - i > GROUP ? 2U * GROUP : outputs - i == 1U ? 1U : GROUP;
        now = now < outputs ? now : outputs;
        i = i + now > outputs ? outputs - now : i; /* the last overlap those before */
        u.mantissa = factors->mantissa;
        u.output = output + i * g->output_step;
        u.last = u.output + g->channels;
        u.to_shift = (uint32_t)(uintptr_t)factors->shift - (uint32_t)(uintptr_t)u.output;
        u.weights = g->weights;
        const int8_t *patch = input + i * g->patches.skip;
        if (now == 1U && !pooled && g->channels >= TG_GEMM_CHANNELS) {
            u.step[1] = g->depth;
            u.step[2] = 3U * g->depth;
            u.end = expand_one(g, patch);
            tg_unit_one(&u);
        } else {
            run_some(g, &u, patch, now, !pooled && now <= GROUP);
        }
    }
}

#endif
