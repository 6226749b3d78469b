/* A hop of a stream has few patches: to expand weights for them alone, as pairs of channels do
 * (tg_pair_dsp.h), costs as much as their products. Here six or three patches are taken together, one output
 * channel after the other, weights are expanded on the way, and little is done once for a channel.
 */
#include "tg_few_dsp.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"
#include "tg_pair_dsp.h"

/* The functions in assembly take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define GROUP TG_GEMM_GROUP
#define MOST  6U /* outputs; for more, weights are better expanded once for all */

/* All channels of some patches. The functions below know this layout; steps are bytes. */
typedef struct {
    const int32_t *mantissa; /* 0: of the next channel */
    const int8_t *shift;     /* 4 */
    int8_t *output;          /* 8 */
    uint32_t to_second;      /* 12: from a patch's output to the next one's */
    uint32_t to_third;       /* 16 */
    uint32_t to_bias;        /* 20: from a channel's mantissa */
    uint32_t even;           /* 24: 0 for an odd number of steps */
    uint32_t back;           /* 28: values by which the first step starts early */
    const int8_t *last;      /* 32: output of the channel behind the last */
    const uint32_t *lanes;   /* 36 */
    const uint32_t *end;     /* 40: of the lanes */
    const int8_t *weights;   /* 44: of the first channel, from the first step on */
} few;

_Static_assert(offsetof(few, to_bias) == 20 && offsetof(few, end) == 40 && offsetof(few, weights) == 44,
               "as the assembly below has it");

/* clang-format off */

/* What lies in the few from to_bias on, for the next channel. */
#define CHANNEL "ldm r0, {r2, r4, r5, r6, r12, lr}\n"

/* The few itself in r0; weights of the first channel in r11, its mantissa at r1. */
#define START                                                                                                \
    "push {r0, r4-r11, lr}\n"                                                                                \
    "ldr r11, [r0, #44]\n"                                                                                   \
    "ldr r1, [r0], #20\n" CHANNEL

/* The next four weights as pairs in r0 and r1. */
#define WEIGHTS                                                                                              \
    "ldr r1, [r11], #4\n"                                                                                    \
    "sxtb16 r0, r1\n"                                                                                        \
    "sxtb16 r1, r1, ror #8\n"

#define FIRST3(weights, x, y, z, a, b, c, start)                                                             \
    "smlad " a ", " weights ", " x ", " start "\n"                                                           \
    "smlad " b ", " weights ", " y ", " start "\n"                                                           \
    "smlad " c ", " weights ", " z ", " start "\n"

#define MAC3(weights, x, y, z, a, b, c)                                                                      \
    "smlad " a ", " weights ", " x ", " a "\n"                                                               \
    "smlad " b ", " weights ", " y ", " b "\n"                                                               \
    "smlad " c ", " weights ", " z ", " c "\n"

/* Mantissa, shift and constant of this channel; then r1 and r2 lead to the next one's, r3 to the output, r4
 * and r12 to the next ones, and r0 to to_bias. */
#define FACTOR(mantissa, shift)                                                                              \
    "ldr r0, [sp]\n"                                                                                         \
    "ldm r0!, {r1, r2, r3, r4, r12}\n"                                                                       \
    "ldr " mantissa ", [r1], #4\n"                                                                           \
    "ldrsb " shift ", [r2], #1\n"

/* (2 x zero point + 1) x 2^(right - 1) of zero point -128. */
#define CONSTANT(constant, shift)                                                                            \
    "mvn " constant ", #254\n"                                                                               \
    "lsl " constant ", " constant ", " shift "\n"                                                            \
    "asr " constant ", " constant ", #1\n"

/* tg_requantize() of twice an accumulator, for TG_REQUANT_RELU. */
#define REQUANTIZE(r, mantissa, shift, constant)                                                             \
    "smmlar " r ", " r ", " mantissa ", " constant "\n"                                                      \
    "asr " r ", " r ", " shift "\n"                                                                          \
    "ssat " r ", #8, " r "\n"

#define SIX(r)   REQUANTIZE(r, "r12", "lr", "r2")
#define THREE(r) REQUANTIZE(r, "r8", "r9", "r10")

#define NEXT                                                                                                 \
    CHANNEL                                                                                                  \
    "sub r11, r11, r5\n"                                                                                     \
    "cmp r3, r6\n"                                                                                           \
    "bne 1b\n"                                                                                               \
    "pop {r0, r4-r11, pc}\n"

/* All channels of six patches: 21 instructions for 24 products. */
static TG_NAKED void run_six(few *f) {
    __asm__ volatile(
        START
        "1:\n"
        "ldr r10, [r1, r2]\n"
        "lsl r10, r10, #1\n" WEIGHTS
        "ldm r12!, {r2, r3, r4}\n" FIRST3("r0", "r2", "r3", "r4", "r5", "r6", "r7", "r10")
        "ldm r12!, {r2, r3, r4}\n" MAC3("r1", "r2", "r3", "r4", "r5", "r6", "r7")
        "ldm r12!, {r2, r3, r4}\n" FIRST3("r0", "r2", "r3", "r4", "r8", "r9", "r10", "r10")
        "ldm r12!, {r2, r3, r4}\n" MAC3("r1", "r2", "r3", "r4", "r8", "r9", "r10")
        "cmp r12, lr\n"
        "beq 3f\n"
        "2:\n" WEIGHTS
        "ldm r12!, {r2, r3, r4}\n" MAC3("r0", "r2", "r3", "r4", "r5", "r6", "r7")
        "ldm r12!, {r2, r3, r4}\n" MAC3("r1", "r2", "r3", "r4", "r5", "r6", "r7")
        "ldm r12!, {r2, r3, r4}\n" MAC3("r0", "r2", "r3", "r4", "r8", "r9", "r10")
        "ldm r12!, {r2, r3, r4}\n" MAC3("r1", "r2", "r3", "r4", "r8", "r9", "r10")
        "cmp r12, lr\n"
        "bne 2b\n"
        "3:\n" FACTOR("r12", "lr")
        "strd r1, r2, [r0, #-20]\n" CONSTANT("r2", "lr")
        SIX("r5") SIX("r6") SIX("r7") SIX("r8") SIX("r9") SIX("r10")
        "add r2, r4, r4, lsl #1\n"
        "strb r6, [r3, r4]\n"
        "strb r7, [r3, r4, lsl #1]\n"
        "strb r8, [r3, r2]\n"
        "add r2, r2, r4, lsl #1\n"
        "strb r9, [r3, r4, lsl #2]\n"
        "strb r10, [r3, r2]\n"
        "strb r5, [r3], #1\n"
        "str r3, [r0, #-12]\n" NEXT);
}

#define STEP3                                                                                                \
    WEIGHTS "ldm r12!, {r2, r3, r4, r8, r9, r10}\n"                                                          \
    MAC3("r0", "r2", "r3", "r4", "r5", "r6", "r7")                                                           \
    MAC3("r1", "r8", "r9", "r10", "r5", "r6", "r7")

/* All channels of three patches: 22 instructions for 24 products. */
static TG_NAKED void run_three(few *f) {
    __asm__ volatile(
        START
        "1:\n"
        "ldr r5, [r1, r2]\n"
        "lsl r5, r5, #1\n"
        "mov r6, r5\n"
        "mov r7, r5\n"
        "cbz r4, 3f\n"
        "2:\n" STEP3
        "3:\n" STEP3
        "cmp r12, lr\n"
        "bne 2b\n" FACTOR("r8", "r9") CONSTANT("r10", "r9") THREE("r5") THREE("r6") THREE("r7")
        "strb r6, [r3, r4]\n"
        "strb r7, [r3, r12]\n"
        "strb r5, [r3], #1\n"
        "stmdb r0, {r1, r2, r3, r4, r12}\n" NEXT);
}

/* clang-format on */

bool tg_few_can(const tg_gemm *g, unsigned outputs) {
    const tg_factors *factors = &g->factors;
    return outputs > 1U && outputs <= MOST && !tg_gemm_pooled(g) && factors->how->kind == TG_REQUANT_RELU &&
           factors->step == 1U && factors->bias_step == 1U;
}

void tg_few_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    few f;
    f.lanes = g->scratch;
    f.to_second = g->output_step;
    f.to_third = outputs > 2U ? 2U * f.to_second : f.to_second; /* of two, the second is made twice */
    f.back = tg_pair_back(g->depth);
    unsigned now;
    for (unsigned i = 0; i < outputs; i += now) {
        now = outputs >= 2U * GROUP && outputs - i > GROUP ? 2U * GROUP : GROUP;
        now = now > outputs ? outputs : now;
        i = i + now > outputs ? outputs - now : i; /* the last overlap those before */
        f.end = tg_pair_line(g, g->scratch, input + i * g->patches.skip, g->patches.skip, now,
                             now > GROUP ? 2U : 1U);
        f.even = ((g->depth + f.back) / 4U + 1U) % 2U;
        f.weights = g->weights - f.back;
        f.to_bias = (uint32_t)(uintptr_t)g->factors.bias - (uint32_t)(uintptr_t)g->factors.mantissa;
        f.mantissa = g->factors.mantissa;
        f.shift = g->factors.shift;
        f.output = output + i * g->output_step;
        f.last = f.output + g->channels;
        if (now > GROUP) {
            run_six(&f);
        } else {
            run_three(&f);
        }
    }
}

#endif
