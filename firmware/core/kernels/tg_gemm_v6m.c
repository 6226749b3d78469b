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

/* Patches and four channels. The function below knows this layout. */
typedef struct {
    int32_t bias[CHANNELS]; /* 0 */
    const int8_t *patch;    /* 16: end of the next patch */
    const int8_t *weights;  /* 20: end of the first channel's */
    uint32_t row;           /* 24: from a channel's weights to the next one's */
    int32_t offset;         /* 28: of the input */
    int32_t start;          /* 32: minus the depth */
    uint32_t step;          /* 36: from a patch to the next */
    int32_t *sums;          /* 40: where four accumulators go for every output */
    uint32_t left;          /* 44: patches of the run, or of all when every patch is an output */
    uint32_t count;         /* 48: of every run; 0: every patch is an output */
    uint32_t runs_left;     /* 52 */
    uint32_t runs;          /* 56: of an output */
    uint32_t to_run;        /* 60: from behind a run to the next */
    uint32_t to_output;     /* 64: from there behind the last to the next output */
    uint32_t outputs;       /* 68: with runs */
} quad;

_Static_assert(offsetof(quad, patch) == 16 && offsetof(quad, start) == 32 && offsetof(quad, count) == 48 &&
                   offsetof(quad, to_run) == 60 && offsetof(quad, outputs) == 68,
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

/* The accumulators of all outputs: 61 instructions for 16 products. */
static TG_NAKED void run_patches(quad *q) {
    __asm__ volatile(
        TG_V6M_ENTER
        "ldr r7, [r0, #48]\n"
        "cmp r7, #0\n"
        "beq 1f\n"
        "7:\n"
        "ldr r1, [r0, #40]\n"
        "movs r2, #1\n"
        "lsls r2, r2, #31\n"
        "movs r3, r2\n"
        "stm r1!, {r2, r3}\n"
        "stm r1!, {r2, r3}\n"
        "ldr r2, [r0, #56]\n"
        "str r2, [r0, #52]\n"
        "1:\n"
        "mov r1, r0\n"
        "ldm r1!, {r4-r7}\n"
        TG_V6M_TO_HIGH
        "ldm r1, {r1, r2, r5, r6, r7}\n"
        "mov r12, r6\n"
        "adds r3, r2, r5\n"
        "adds r4, r3, r5\n"
        "adds r5, r4, r5\n"
        "movs r0, r7\n"
        "lsls r7, r7, #31\n" /* the first four are those that are left over */
        "bcs 20f\n"
        "bmi 11f\n"
        "10:\n" STEP
        "11:\n" STEP
        "12:\n" STEP
        "13:\n" STEP
        "bne 10b\n"
        "ldr r0, [sp]\n"
        "ldr r2, [r0, #36]\n"
        "adds r1, r1, r2\n"
        "str r1, [r0, #16]\n"
        "ldr r6, [r0, #40]\n"
        "ldr r7, [r0, #48]\n"
        "mov r1, r8\n"
        "mov r2, r9\n"
        "mov r3, r10\n"
        "mov r4, r11\n"
        "cmp r7, #0\n"
        "bne 4f\n"
        "stm r6!, {r1-r4}\n"
        "str r6, [r0, #40]\n"
        "5:\n"
        "ldr r2, [r0, #44]\n"
        "subs r2, #1\n"
        "str r2, [r0, #44]\n"
        "bne 1b\n"
        "cmp r7, #0\n"
        "bne 8f\n"
        "9:\n"
        TG_V6M_LEAVE
        "4:\n" RAISE("0", "r1") RAISE("4", "r2") RAISE("8", "r3") RAISE("12", "r4")
        "b 5b\n"
        "20:\n"
        "bmi 13b\n"
        "b 12b\n"
        "8:\n" /* the end of a run */
        "str r7, [r0, #44]\n"
        "ldr r1, [r0, #16]\n"
        "ldr r2, [r0, #60]\n"
        "adds r1, r1, r2\n"
        "str r1, [r0, #16]\n"
        "ldr r2, [r0, #52]\n"
        "subs r2, #1\n"
        "str r2, [r0, #52]\n"
        "beq 2f\n"
        "b 1b\n"
        "2:\n"
        "ldr r2, [r0, #64]\n" /* of an output */
        "adds r1, r1, r2\n"
        "str r1, [r0, #16]\n"
        "adds r6, #16\n"
        "str r6, [r0, #40]\n"
        "ldr r2, [r0, #68]\n"
        "subs r2, #1\n"
        "str r2, [r0, #68]\n"
        "beq 9b\n"
        "b 7b\n");
}

/* clang-format on */

/* Four channels at a time; the last four overlap those before when their number is no multiple of four. */
static TG_NOINLINE void run_fours(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    const uint32_t depth = g->depth;
    const unsigned most = g->scratch_size / (CHANNELS * (uint32_t)sizeof(int32_t));
    const tg_patches *patches = &g->patches;
    quad q;
    q.row = depth;
    q.offset = g->input_offset;
    q.start = -(int32_t)depth;
    q.step = patches->skip;
    q.count = 0;
    if (tg_gemm_pooled(patches)) {
        q.step = patches->step;
        q.count = patches->count;
        q.runs = patches->runs;
        q.to_run = patches->run_step - q.count * q.step;
        q.to_output = patches->skip - q.runs * patches->run_step;
    }
    q.weights = g->weights + depth;
    const int8_t *const first = input + depth;
    for (unsigned channel = 0;;) {
        tg_factor factors[CHANNELS];
        tg_v6m_set(&g->factors, channel, q.bias, factors);
        q.patch = first;
        int8_t *to = output;
        unsigned left = outputs;
        do {
            unsigned some = left < most ? left : most;
            q.sums = (int32_t *)g->scratch;
            q.left = some;
            if (q.count != 0) {
                q.left = q.count;
                q.outputs = some;
            }
            run_patches(&q);
            tg_v6m_store((int32_t *)g->scratch, factors, to, g->output_step, some, g->factors.how);
            to += some * g->output_step;
            left -= some;
        } while (left > 0);
        unsigned next = g->channels - channel - CHANNELS;
        if (next == 0) {
            return;
        }
        next = next < CHANNELS ? next : CHANNELS;
        channel += next;
        output += next;
        q.weights += next * depth;
    }
}

void tg_gemm_run(const tg_gemm *g, const int8_t *input, unsigned outputs, int8_t *output) {
    if (g->channels < CHANNELS || g->factors.how->kind == TG_REQUANT_ANY) {
        tg_gemm_plain(g, input, outputs, output);
    } else {
        run_fours(g, input, outputs, output);
    }
}

#endif
