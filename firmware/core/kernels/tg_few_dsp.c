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

/* All channels of some patches. The functions below know this layout. */
typedef struct {
    const int8_t *weights;   /* 0: of the next channel, from the first step on */
    const uint32_t *lanes;   /* 4 */
    const uint32_t *end;     /* 8: of the lanes */
    const int32_t *bias;     /* 12: of the next channel */
    const int32_t *mantissa; /* 16 */
    const int8_t *shift;     /* 20 */
    int8_t *output;          /* 24 */
    uint32_t to_second;      /* 28: from a patch's output to the next one's */
    uint32_t to_third;       /* 32 */
    uint32_t back;           /* 36: values by which the first step starts early */
    const int8_t *last;      /* 40: output of the channel behind the last */
} few;

_Static_assert(offsetof(few, bias) == 12 && offsetof(few, output) == 24 && offsetof(few, last) == 40,
               "as the assembly below has it");

/* clang-format off */

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
    "ldr r1, [r0, #36]\n"                                                                                    \
    "sub r11, r11, r1\n"                                                                                     \
    "str r11, [r0]\n"                                                                                        \
    "ldrd r1, r2, [r0, #16]\n"                                                                               \
    "ldr r3, [r1], #4\n"                                                                                     \
    "ldrsb r4, [r2], #1\n"                                                                                   \
    "strd r1, r2, [r0, #16]\n"                                                                               \
    "mvn r1, #254\n" /* (2 x zero point + 1) x 2^(right - 1) of zero point -128 */                          \
    "lsl r1, r1, r4\n"                                                                                       \
    "asr r1, r1, #1\n"

/* tg_requantize() of twice an accumulator, for TG_REQUANT_RELU. */
#define REQUANTIZE(r)                                                                                        \
    "smmlar " r ", " r ", r3, r1\n"                                                                          \
    "asr " r ", " r ", r4\n"                                                                                 \
    "ssat " r ", #8, " r "\n"

/* Three outputs at `to`, the second r2 and the third r3 behind. */
#define STORE3(to, a, b, c)                                                                                  \
    "strb " a ", [" to "]\n"                                                                                 \
    "strb " b ", [" to ", r2]\n"                                                                             \
    "strb " c ", [" to ", r3]\n"

#define NEXT                                                                                                 \
    "ldr r4, [r0, #40]\n"                                                                                    \
    "add r1, r1, #1\n"                                                                                       \
    "str r1, [r0, #24]\n"                                                                                    \
    "cmp r1, r4\n"                                                                                           \
    "bne 1b\n"

/* All channels of six patches: 21 instructions for 24 products. */
static TG_NAKED void run_six(few *f) {
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "1:\n" CHANNEL
        "mov r6, r5\n"
        "mov r7, r5\n"
        "mov r8, r5\n"
        "mov r9, r5\n"
        "mov r10, r5\n"
        "2:\n" WEIGHTS
        "ldm r12!, {r2, r3, r4}\n" MAC3("r0", "r2", "r3", "r4", "r5", "r6", "r7")
        "ldm r12!, {r2, r3, r4}\n" MAC3("r1", "r2", "r3", "r4", "r5", "r6", "r7")
        "ldm r12!, {r2, r3, r4}\n" MAC3("r0", "r2", "r3", "r4", "r8", "r9", "r10")
        "ldm r12!, {r2, r3, r4}\n" MAC3("r1", "r2", "r3", "r4", "r8", "r9", "r10") LOOP FACTOR
        REQUANTIZE("r5") REQUANTIZE("r6") REQUANTIZE("r7")
        REQUANTIZE("r8") REQUANTIZE("r9") REQUANTIZE("r10")
        "add r1, r0, #24\n"
        "ldm r1, {r1, r2, r3}\n"
        "add r4, r1, r2\n"
        "add r4, r4, r3\n" STORE3("r1", "r5", "r6", "r7") STORE3("r4", "r8", "r9", "r10") NEXT
        "pop {r0, r4-r11, pc}\n");
}

/* All channels of three patches: 12 instructions for 12 products. */
static TG_NAKED void run_three(few *f) {
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "1:\n" CHANNEL
        "mov r6, r5\n"
        "mov r7, r5\n"
        "2:\n" WEIGHTS
        "ldm r12!, {r2, r3, r4, r8, r9, r10}\n"
        MAC3("r0", "r2", "r3", "r4", "r5", "r6", "r7")
        MAC3("r1", "r8", "r9", "r10", "r5", "r6", "r7") LOOP FACTOR
        REQUANTIZE("r5") REQUANTIZE("r6") REQUANTIZE("r7")
        "add r1, r0, #24\n"
        "ldm r1, {r1, r2, r3}\n" STORE3("r1", "r5", "r6", "r7") NEXT
        "pop {r0, r4-r11, pc}\n");
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
        f.weights = g->weights - f.back;
        f.bias = g->factors.bias;
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
