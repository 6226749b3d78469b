/* The matrix product for Armv6-M, which has one 32-bit multiplication and eight registers that most
 * instructions can use: four output channels at a time, so that an input value is read once for four weights,
 * with the accumulators in the high registers. Compilers keep them on the stack.
 */
#include "tg_gemm.h"

#if defined(__ARM_ARCH_6M__)

#include "tg_v6m.h"

#pragma GCC diagnostic ignored                                                                               \
    "-Wunused-parameter" /* the function in assembly takes its own from a register */

#define CHANNELS TG_V6M_CHANNELS

/* A line of patches and four channels. The function below knows this layout. */
typedef struct {
    int32_t bias[CHANNELS]; /* 0 */
    const int8_t *patch;    /* 16: end of the next patch */
    const int8_t *weights;  /* 20: end of the first channel's */
    uint32_t row;           /* 24: from a channel's weights to the next one's */
    int32_t offset;         /* 28: of the input */
    int32_t start;          /* 32: minus the depth */
    uint32_t count;         /* 36: patches */
    uint32_t step;          /* 40: from a patch to the next */
    int32_t *sums;   /* 44: where four accumulators go for every patch; or four that are raised to them */
    uint32_t pooled; /* 48 */
} quad;

_Static_assert(offsetof(quad, patch) == 16 && offsetof(quad, start) == 32 && offsetof(quad, sums) == 44 &&
                   offsetof(quad, pooled) == 48,
               "as the assembly below has it");

#define MULTIPLY(weights, sum)                                                                               \
    "ldrsb r7, [" weights ", r0]\n"                                                                          \
    "muls r7, r6\n"                                                                                          \
    "add " sum ", r7\n"

#define STEP                                                                                                 \
    "ldrsb r6, [r1, r0]\n"                                                                                   \
    "add r6, r12\n" MULTIPLY("r2", "r8") MULTIPLY("r3", "r9") MULTIPLY("r4", "r10")                          \
        MULTIPLY("r5", "r11") "adds r0, #1\n"

#define RAISE(place, sum)                                                                                    \
    "ldr r5, [r6, #" place "]\n"                                                                             \
    "cmp " sum ", r5\n"                                                                                      \
    "ble 6f\n"                                                                                               \
    "str " sum ", [r6, #" place "]\n"                                                                        \
    "6:\n"

/* clang-format off */

/* 31 instructions for 8 products. */
static TG_NAKED void run_line(quad *q) {
    __asm__ volatile(
        ".syntax unified\n"
        "push {r4-r7, lr}\n"
        "mov r4, r8\n"
        "mov r5, r9\n"
        "mov r6, r10\n"
        "mov r7, r11\n"
        "push {r0, r4-r7}\n"
        "1:\n"
        "mov r1, r0\n"
        "ldm r1!, {r4-r7}\n"
        "mov r8, r4\n"
        "mov r9, r5\n"
        "mov r10, r6\n"
        "mov r11, r7\n"
        "ldm r1, {r1, r2, r5, r6, r7}\n"
        "mov r12, r6\n"
        "adds r3, r2, r5\n"
        "adds r4, r3, r5\n"
        "adds r5, r4, r5\n"
        "movs r0, r7\n"
        "lsrs r7, r7, #1\n"
        "bcs 3f\n"
        "2:\n" STEP
        "3:\n" STEP
        "bne 2b\n"
        "ldr r0, [sp]\n"
        "ldr r2, [r0, #40]\n"
        "adds r1, r1, r2\n"
        "str r1, [r0, #16]\n"
        "ldr r6, [r0, #44]\n"
        "ldr r7, [r0, #48]\n"
        "mov r1, r8\n"
        "mov r2, r9\n"
        "mov r3, r10\n"
        "mov r4, r11\n"
        "cmp r7, #0\n"
        "bne 4f\n"
        "stm r6!, {r1-r4}\n"
        "str r6, [r0, #44]\n"
        "5:\n"
        "ldr r2, [r0, #36]\n"
        "subs r2, #1\n"
        "str r2, [r0, #36]\n"
        "bne 1b\n"
        "pop {r0, r4-r7}\n"
        "mov r8, r4\n"
        "mov r9, r5\n"
        "mov r10, r6\n"
        "mov r11, r7\n"
        "pop {r4-r7, pc}\n"
        "4:\n" RAISE("0", "r1") RAISE("4", "r2") RAISE("8", "r3") RAISE("12", "r4")
        "b 5b\n");
}

/* clang-format on */

/* The accumulators of `outputs` outputs and four channels, one behind the other; input: end of the first
 * patch. */
static void sum_up(const tg_gemm *g, quad *q, const int8_t *input, unsigned outputs, int32_t *sums) {
    q->sums = sums;
    if (q->pooled == 0) {
        q->patch = input;
        q->count = outputs;
        run_line(q);
        return;
    }
    for (; outputs > 0; outputs--, input += g->patches.skip, q->sums += CHANNELS) {
        const int8_t *line = input;
        q->sums[0] = q->sums[1] = q->sums[2] = q->sums[3] = INT32_MIN;
        for (unsigned runs = g->patches.runs; runs > 0; runs--, line += g->patches.run_step) {
            q->patch = line;
            q->count = g->patches.count;
            run_line(q);
        }
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    if (g->channels < CHANNELS || g->factors.how->kind == TG_REQUANT_ANY) {
        tg_gemm_plain(g, input, outputs, output);
        return;
    }
    const unsigned most = g->scratch_size / (CHANNELS * (uint32_t)sizeof(int32_t));
    quad q;
    q.pooled = tg_gemm_pooled(&g->patches);
    q.step = q.pooled != 0 ? g->patches.step : g->patches.skip;
    q.offset = g->input_offset;
    q.row = g->depth;
    q.start = -(int32_t)g->depth;
    input += g->depth;
    for (unsigned channel = 0;;) {
        tg_factor factors[CHANNELS];
        tg_v6m_set(&g->factors, channel, q.bias, factors);
        q.weights = g->weights + (channel + 1U) * g->depth;
        const int8_t *from = input;
        int8_t *to = output + channel;
        for (unsigned left = outputs; left > 0;) {
            unsigned some = left < most ? left : most;
            sum_up(g, &q, from, some, (int32_t *)g->scratch);
            tg_v6m_store((int32_t *)g->scratch, factors, to, g->output_step, some, g->factors.how);
            from += some * g->patches.skip;
            to += some * g->output_step;
            left -= some;
        }
        channel += CHANNELS;
        if (channel == g->channels) {
            return;
        }
        /* The last overlap those before. */
        channel = channel + CHANNELS > g->channels ? g->channels - CHANNELS : channel;
    }
}

#endif
