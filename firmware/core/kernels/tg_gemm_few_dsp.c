/* The matrix product with the DSP extension for a few patches, as a hop of a stream has them: six or three
 * patches at a time, one output channel after the other.
 *
 * Weights are expanded on the way, which is no loss for so few; what is done once for a channel counts more,
 * and is little here. Patches are expanded to int16 twice their value, their zero point taken off: an
 * accumulator is then doubled as the requantisation wants it, and still fits, as none reaches +-2^30. Where
 * the depth is no multiple of four, the first step starts early, at values that the patches have as zero.
 */
#include "tg_gemm_few.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

/* The functions in assembly take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define STEP  4U /* values of depth */
#define GROUP 3U
#define WORDS (GROUP * STEP / 2U) /* of a group's step */

/* All channels of some patches. The functions below know this layout. */
typedef struct {
    const int8_t *weights;   /* 0: of the next channel, from the first step on */
    const uint32_t *lanes;   /* 4 */
    const uint32_t *end;     /* 8: of the lanes */
    const int32_t *bias;     /* 12: of the next channel */
    const int32_t *mantissa; /* 16 */
    const int8_t *shift;     /* 20 */
    int8_t *output;          /* 24 */
    uint32_t output_step;    /* 28 */
    uint32_t back;           /* 32: values by which the first step starts early */
    const int8_t *last;      /* 36: output of the channel behind the last */
} few;

_Static_assert(offsetof(few, bias) == 12 && offsetof(few, output) == 24 && offsetof(few, last) == 36,
               "as the assembly below has it");

/* Weights, lanes and end in r11, r12 and lr; twice the bias in r5. */
#define CHANNEL                                                                                              \
    "ldm r0, {r11, r12, lr}\n"                                                                               \
    "ldr r1, [r0, #12]\n"                                                                                    \
    "ldr r5, [r1], #4\n"                                                                                     \
    "str r1, [r0, #12]\n"                                                                                    \
    "lsl r5, r5, #1\n"

/* The next four weights as pairs in r0 and r1. */
#define WEIGHTS                                                                                              \
    "ldr r1, [r11], #4\n"                                                                                    \
    "sxtb16 r0, r1\n"                                                                                        \
    "sxtb16 r1, r1, ror #8\n"

#define LOOP                                                                                                 \
    "cmp r12, lr\n"                                                                                          \
    "bne 2b\n"

#define MAC3(weights, x, y, z, a, b, c)                                                                      \
    "smlad " a ", " weights ", " x ", " a "\n"                                                               \
    "smlad " b ", " weights ", " y ", " b "\n"                                                               \
    "smlad " c ", " weights ", " z ", " c "\n"

/* Moves to the next channel; mantissa, shift and constant of this one in r3, r4 and r1, the few in r0. */
#define FACTOR                                                                                               \
    "ldr r0, [sp]\n"                                                                                         \
    "ldr r1, [r0, #32]\n"                                                                                    \
    "sub r11, r11, r1\n"                                                                                     \
    "str r11, [r0]\n"                                                                                        \
    "ldrd r1, r2, [r0, #16]\n"                                                                               \
    "ldr r3, [r1], #4\n"                                                                                     \
    "ldrsb r4, [r2], #1\n"                                                                                   \
    "strd r1, r2, [r0, #16]\n"                                                                               \
    "mvn r1, #254\n"                                                                                         \
    "lsl r1, r1, r4\n"                                                                                       \
    "asr r1, r1, #1\n"

/* tg_requantize() of a doubled accumulator, for TG_REQUANT_RELU. */
#define REQUANTIZE(r)                                                                                        \
    "smmlar " r ", " r ", r3, r1\n"                                                                          \
    "asr " r ", " r ", r4\n"                                                                                 \
    "ssat " r ", #8, " r "\n"

#define STORE3(to, a, b, c)                                                                                  \
    "strb " a ", [" to "]\n"                                                                                 \
    "strb " b ", [" to ", r2]\n"                                                                             \
    "strb " c ", [" to ", r2, lsl #1]\n"

/* All channels of six patches: 21 instructions for 24 products. */
static TG_NAKED void run_six(few *f) {
    __asm__ volatile("push {r0, r4-r11, lr}\n"
                     "1:\n" CHANNEL "mov r6, r5\n"
                     "mov r7, r5\n"
                     "mov r8, r5\n"
                     "mov r9, r5\n"
                     "mov r10, r5\n"
                     "2:\n" WEIGHTS "ldm r12!, {r2, r3, r4}\n" MAC3("r0", "r2", "r3", "r4", "r5", "r6", "r7") "ldm r12!, {r2, r3, r4}\n" MAC3(
                         "r1", "r2", "r3", "r4", "r5", "r6",
                         "r7") "ldm r12!, {r2, r3, r4}\n" MAC3("r0", "r2", "r3", "r4", "r8", "r9",
                                                               "r10") "ldm r12!, {r2, r3, r4}\n" MAC3("r1",
                                                                                                      "r2",
                                                                                                      "r3",
                                                                                                      "r4",
                                                                                                      "r8",
                                                                                                      "r9",
                                                                                                      "r10")
                         LOOP FACTOR REQUANTIZE("r5") REQUANTIZE("r6") REQUANTIZE("r7") REQUANTIZE("r8")
                             REQUANTIZE("r9")
                                 REQUANTIZE("r10") "ldrd r1, r2, [r0, #24]\n"
                                                   "add r3, r2, r2, lsl #1\n"
                                                   "add r3, r3, r1\n" STORE3("r1", "r5", "r6", "r7") STORE3(
                                                       "r3", "r8", "r9", "r10") "ldr r4, [r0, #36]\n"
                                                                                "add r1, r1, #1\n"
                                                                                "str r1, [r0, #24]\n"
                                                                                "cmp r1, r4\n"
                                                                                "bne 1b\n"
                                                                                "pop {r0, r4-r11, pc}\n");
}

/* All channels of three patches: 12 instructions for 12 products. */
static TG_NAKED void run_three(few *f) {
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "1:\n" CHANNEL "mov r6, r5\n"
        "mov r7, r5\n"
        "2:\n" WEIGHTS "ldm r12!, {r2, r3, r4, r8, r9, r10}\n" MAC3("r0", "r2", "r3", "r4", "r5", "r6", "r7")
            MAC3("r1", "r8", "r9", "r10", "r5", "r6", "r7") LOOP FACTOR REQUANTIZE("r5") REQUANTIZE("r6")
                REQUANTIZE("r7") "ldrd r1, r2, [r0, #24]\n" STORE3("r1", "r5", "r6",
                                                                   "r7") "ldr r4, [r0, #36]\n"
                                                                         "add r1, r1, #1\n"
                                                                         "str r1, [r0, #24]\n"
                                                                         "cmp r1, r4\n"
                                                                         "bne 1b\n"
                                                                         "pop {r0, r4-r11, pc}\n");
}

/* Expands three patches, from `first` up to `end` and as far behind it; `stride` bytes lead from a step's
 * words to the next one's. */
static TG_NAKED void expand(uint32_t *lanes, const int8_t *first, uint32_t to_second, uint32_t to_third,
                            const int8_t *end, uint32_t base, uint32_t stride) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldrd r11, r12, [sp, #36]\n"
                     "ldr r10, [sp, #44]\n"
                     "1:\n"
                     "ldr r8, [r1, r2]\n"
                     "ldr r9, [r1, r3]\n"
                     "ldr r7, [r1], #4\n"
                     "sxtab16 r4, r12, r7\n"
                     "sxtab16 r5, r12, r8\n"
                     "sxtab16 r6, r12, r9\n"
                     "sxtab16 r7, r12, r7, ror #8\n"
                     "sxtab16 r8, r12, r8, ror #8\n"
                     "sxtab16 r9, r12, r9, ror #8\n"
                     "sadd16 r4, r4, r4\n"
                     "sadd16 r5, r5, r5\n"
                     "sadd16 r6, r6, r6\n"
                     "sadd16 r7, r7, r7\n"
                     "sadd16 r8, r8, r8\n"
                     "sadd16 r9, r9, r9\n"
                     "stm r0, {r4-r9}\n"
                     "add r0, r0, r10\n"
                     "cmp r1, r11\n"
                     "bne 1b\n"
                     "pop {r4-r11, pc}\n");
}

/* Expands a group and clears the first step's `back` values, which are not the patches'. */
static void expand_group(const tg_gemm *g, const int8_t *input, unsigned back, unsigned groups,
                         uint32_t *lanes) {
    uint32_t skip = g->patches.skip;
    expand(lanes, input - back, skip, 2U * skip, input + g->depth, tg_pair((int16_t)g->input_offset),
           groups * WORDS * (uint32_t)sizeof *lanes);
    if (back != 0) {
        uint32_t even = back < 3U ? 0xFFFF0000U : 0;
        uint32_t odd = back < 2U ? UINT32_MAX : 0xFFFF0000U;
        for (unsigned i = 0; i < GROUP; i++) {
            lanes[i] &= even;
            lanes[GROUP + i] &= odd;
        }
    }
}

bool tg_gemm_by_few(const tg_gemm *g, unsigned outputs) {
    const tg_requant *how = g->factors.how;
    return outputs >= GROUP && outputs <= TG_GEMM_FEW && !tg_gemm_pooled(g) && how->kind == TG_REQUANT_RELU &&
           how->per_channel != 0 && g->factors.bias != NULL;
}

void tg_gemm_few_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    few f;
    f.lanes = g->scratch;
    f.output_step = g->output_step;
    f.back = (0U - g->depth) % STEP;
    uint32_t steps = (g->depth + f.back) / STEP;
    unsigned now;
    for (unsigned i = 0; i < outputs; i += now) {
        now = outputs >= 2U * GROUP && outputs - i > GROUP ? 2U * GROUP : GROUP;
        i = i + now > outputs ? outputs - now : i; /* the last overlap those before */
        unsigned groups = now / GROUP;
        for (unsigned group = 0; group < groups; group++) {
            expand_group(g, input + (i + group * GROUP) * g->patches.skip, f.back, groups,
                         g->scratch + group * WORDS);
        }
        f.weights = g->weights - f.back;
        f.end = f.lanes + groups * WORDS * steps;
        f.bias = g->factors.bias;
        f.mantissa = g->factors.mantissa;
        f.shift = g->factors.shift;
        f.output = output + i * g->output_step;
        f.last = f.output + g->channels;
        if (groups == 1U) {
            run_three(&f);
        } else {
            run_six(&f);
        }
    }
}

#endif
