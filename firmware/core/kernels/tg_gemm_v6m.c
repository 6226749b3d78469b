/* The matrix product for Armv6-M, which has one 32-bit multiplication and eight registers that most instructions can
 * use: four output channels at a time, so that an input value is read once for four weights, with the accumulators in
 * the high registers. Compilers keep them on the stack.
 */
#include "tg_gemm.h"

#if defined(__ARM_ARCH_6M__)

#pragma GCC diagnostic ignored "-Wunused-parameter" /* the function in assembly takes its own from a register */

#define CHANNELS 4U

/* A line of patches and four channels. The function below knows this layout. */
typedef struct {
    int32_t most[CHANNELS]; /* 0: raised to the accumulators, biases left out */
    const int8_t *patch;    /* 16: end of the first patch */
    uint32_t count;         /* 20: patches */
    uint32_t step;          /* 24: from a patch to the next */
    int32_t offset;         /* 28: of the input */
    const int8_t *weights;  /* 32: end of the first channel's */
    uint32_t row;           /* 36: from a channel's weights to the next one's */
    int32_t start;          /* 40: minus the depth */
} quad;

_Static_assert(offsetof(quad, patch) == 16 && offsetof(quad, weights) == 32 && offsetof(quad, start) == 40,
               "as the assembly below has it");

#define MULTIPLY(weights, sum)                                                                                    \
    "ldrsb r7, [" weights ", r0]\n"                                                                               \
    "muls r7, r6\n"                                                                                               \
    "add " sum ", r7\n"

#define LARGER(most, sum)                                                                                         \
    "mov r5, " sum "\n"                                                                                           \
    "cmp r5, " most "\n"                                                                                          \
    "ble 3f\n"                                                                                                    \
    "mov " most ", r5\n"                                                                                          \
    "3:\n"

/* 16 instructions for 4 products. */
static __attribute__((naked, noinline)) void quad_max(quad *q) {
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r7, lr}\n"
                     "mov r4, r8\n"
                     "mov r5, r9\n"
                     "mov r6, r10\n"
                     "mov r7, r11\n"
                     "push {r0, r4-r7}\n"
                     "1:\n"
                     "movs r1, #0\n"
                     "mov r8, r1\n"
                     "mov r9, r1\n"
                     "mov r10, r1\n"
                     "mov r11, r1\n"
                     "ldr r1, [r0, #28]\n"
                     "mov r12, r1\n"
                     "ldr r1, [r0, #16]\n"
                     "ldr r2, [r0, #32]\n"
                     "ldr r5, [r0, #36]\n"
                     "ldr r0, [r0, #40]\n"
                     "adds r3, r2, r5\n"
                     "adds r4, r3, r5\n"
                     "adds r5, r4, r5\n"
                     "2:\n"
                     "ldrsb r6, [r1, r0]\n"
                     "add r6, r12\n" MULTIPLY("r2", "r8") MULTIPLY("r3", "r9") MULTIPLY("r4", "r10")
                         MULTIPLY("r5", "r11") "adds r0, #1\n"
                     "bne 2b\n"
                     "ldr r0, [sp]\n"
                     "ldm r0!, {r1-r4}\n" LARGER("r1", "r8") LARGER("r2", "r9") LARGER("r3", "r10")
                         LARGER("r4", "r11") "subs r0, #16\n"
                     "stm r0!, {r1-r4}\n"
                     "subs r0, #16\n"
                     "ldr r1, [r0, #16]\n"
                     "ldr r2, [r0, #20]\n"
                     "ldr r3, [r0, #24]\n"
                     "adds r1, r1, r3\n"
                     "subs r2, #1\n"
                     "str r1, [r0, #16]\n"
                     "str r2, [r0, #20]\n"
                     "bne 1b\n"
                     "pop {r0, r4-r7}\n"
                     "mov r8, r4\n"
                     "mov r9, r5\n"
                     "mov r10, r6\n"
                     "mov r11, r7\n"
                     "pop {r4-r7, pc}\n");
}

/* One output, four channels from `channel` on; `row` as in the quad. */
static void run_quad(const tg_gemm *g, quad *q, const int8_t *input, unsigned channel) {
    q->weights = g->weights + channel * g->depth + g->depth;
    q->most[0] = q->most[1] = q->most[2] = q->most[3] = INT32_MIN;
    input += g->depth;
    for (unsigned runs = g->patches.runs; runs > 0; runs--, input += g->patches.run_step) {
        q->patch = input;
        q->count = g->patches.count;
        quad_max(q);
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    const unsigned now = g->channels < CHANNELS ? 1U : CHANNELS;
    quad q;
    q.step = g->patches.step;
    q.offset = g->input_offset;
    q.row = now == 1U ? 0 : g->depth;
    q.start = -(int32_t)g->depth;
    for (unsigned channel = 0; channel < g->channels; channel += now) {
        channel = channel + now > g->channels ? g->channels - now : channel; /* the last overlap those before */
        const int8_t *at = input;
        int8_t *to = output + channel;
        for (unsigned left = outputs; left > 0; left--, at += g->patches.skip, to += g->output_step) {
            run_quad(g, &q, at, channel);
            for (unsigned i = 0; i < now; i++) {
                tg_factor f = tg_factor_of(&g->factors, channel + i);
                to[i] = (int8_t)tg_requantize(g->factors.how, &f, q.most[i] + tg_bias_of(&g->factors, channel + i));
            }
        }
    }
}

#endif
