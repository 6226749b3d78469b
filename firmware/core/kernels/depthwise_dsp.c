/* Four channels at a time with the DSP extension: an input word holds one tap of four channels, and the
 * 16-bit multiply-accumulates take either half of a register. The channels' weights are expanded once for all
 * positions, and doubled, as the requantisation wants accumulators.
 */
#include "tg_depthwise.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

/* The functions in assembly take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define TAP_WORDS (TG_DEPTHWISE_TAP / sizeof(uint32_t)) /* weights of channels 0 and 2, then of 1 and 3 */

/* Positions with the same taps, and the next four channels. The function below knows this layout; steps are
 * bytes. */
typedef struct {
    tg_factor factor[4];     /* 0 */
    uint32_t output_step;    /* 48 */
    uint32_t input_step;     /* 52: from a position to the next */
    int8_t *output;          /* 56: of the next position */
    uint32_t count;          /* 60: positions left */
    const int8_t *input;     /* 64: of the next position */
    int32_t bias[4];         /* 68: twice */
    const uint32_t *weights; /* 84: of the first tap */
    const uint32_t *end;     /* 88: of the first row's weights */
    uint32_t step;           /* 92: from a tap of a row to the next */
    uint32_t base;           /* 96: the input offset, twice */
    uint32_t rows;           /* 100: of taps, times two; less 1 for an odd number of columns */
    uint32_t row_skip;       /* 104: from the end of a row of taps to the next row */
    uint32_t weights_skip;   /* 108 */
    uint32_t row_bytes;      /* 112: of a row's weights */
    const int8_t *taps;      /* 116: weights of the first tap, from channel 0 on as all that follows */
    uint32_t tap_step;       /* 120: to those of the next */
    uint32_t *expanded;      /* 124: all taps' weights, as pairs */
    uint32_t *expanded_end;  /* 128 */
    tg_factors factors;      /* 132 */
    int32_t constant;        /* 148: 2 x the zero point of the output + 1 */
    const int8_t *from;      /* 152: input at the first tap; of an odd number of columns a tap before */
    int8_t *to;              /* 156 */
    uint32_t positions;      /* 160 */
    uint32_t last;           /* 164: channel that the last four begin with */
    uint32_t channel;        /* 168: the next four begin with */
    const tg_conv *c;
} four;

_Static_assert(offsetof(four, output_step) == 48 && offsetof(four, input) == 64 &&
                   offsetof(four, bias) == 68 && offsetof(four, weights) == 84 &&
                   offsetof(four, rows) == 100 && offsetof(four, row_skip) == 104 &&
                   offsetof(four, taps) == 116 && offsetof(four, constant) == 148 &&
                   offsetof(four, channel) == 168,
               "as the assembly below has it");

/* clang-format off */

/* Requantisation of the next channel, whose shift is byte `n` of r11 and mantissa m, to r0. */
#define FACTOR(m, n)                                                                                         \
    "sxtb r9, r11, ror #" n "\n"                                                                              \
    "lsl r10, r8, r9\n"                                                                                      \
    "str " m ", [r0], #4\n"                                                                                  \
    "stm r0!, {r9, r10}\n"

#define TAP(at)                                                                                              \
    "ldr r0, [r4" at "]\n"                                                                                   \
    "ldm r9!, {r2, r3}\n"                                                                                    \
    "sxtab16 r1, r12, r0, ror #8\n"                                                                          \
    "sxtab16 r0, r12, r0\n"                                                                                  \
    "smlabb r5, r0, r2, r5\n"                                                                                \
    "smlabb r6, r1, r3, r6\n"                                                                                \
    "smlatt r7, r0, r2, r7\n"                                                                                \
    "smlatt r8, r1, r3, r8\n"

/* tg_output_of() of two of twice the accumulators by the next two factors at r1. */
#define REQUANTIZE(r, s)                                                                                     \
    "ldm r1!, {r2, r3, r4, r9, r10, r11}\n" ONE(r, "r2", "r3", "r4") ONE(s, "r9", "r10", "r11")

#define ONE(r, mantissa, shift, constant)                                                                    \
    "add " constant ", " constant ", " r ", asr #31\n"                                                       \
    "smmlar " r ", " r ", " mantissa ", " constant "\n"                                                      \
    "asr " r ", " r ", " shift "\n"                                                                          \
    "ssat " r ", #8, " r ", asr #1\n"

/* Four channels after the other, the last ones overlapping those before when their number is no multiple of four:
 * expands their weights, sets bias and factor, and makes the outputs. */
static TG_NAKED void fours_run(four *f) {
    __asm__ volatile(
        "adds r0, r0, #64\n"
        "push {r0, r4-r11, lr}\n"
        "movs r1, #0\n"
        "9:\n"
        "str r1, [r0, #104]\n"
        "mov lr, r1\n"
        "add r12, r0, #52\n"
        "ldm r12!, {r1, r2, r3, r4}\n"
        "add r1, lr\n"
        "1:\n"
        "ldr r5, [r1]\n"
        "add r1, r1, r2\n"
        "sxtb16 r6, r5\n"
        "sxtb16 r7, r5, ror #8\n"
        "sadd16 r6, r6, r6\n"
        "sadd16 r7, r7, r7\n"
        "stm r3!, {r6, r7}\n"
        "cmp r3, r4\n"
        "bne 1b\n"
        "ldm r12, {r1, r2, r3}\n"
        "ldr r8, [r12, #16]\n"
        "add r1, r1, lr, lsl #2\n"
        "ldm r1, {r4-r7}\n"
        "add r9, r0, #4\n"
        "lsls r4, r4, #1\n"
        "lsls r5, r5, #1\n"
        "lsls r6, r6, #1\n"
        "lsls r7, r7, #1\n"
        "stm r9, {r4-r7}\n"
        "add r2, r2, lr, lsl #2\n"
        "ldm r2, {r4-r7}\n"
        "ldr r11, [r3, lr]\n"
        "ldrd r1, r2, [r0, #88]\n"
        "ldr r3, [r0, #96]\n"
        "add r1, lr\n"
        "add r2, lr\n"
        "str r1, [r0]\n"
        "strd r2, r3, [r0, #-8]\n"
        "subs r0, r0, #64\n"
        FACTOR("r4", "0") FACTOR("r5", "8") FACTOR("r6", "16") FACTOR("r7", "24")
        "adds r0, r0, #16\n"
        "1:\n"
        "ldm r0, {r4-r12, lr}\n"
        "2:\n"
        "tst lr, #1\n"
        "bne 4f\n"
        "3:\n" TAP("")
        "4:\n" TAP(", r11")
        "add r4, r4, r11, lsl #1\n"
        "cmp r9, r10\n"
        "bne 3b\n"
        "ldr r0, [sp]\n"
        "subs lr, lr, #2\n"
        "ble 5f\n"
        "ldrd r1, r2, [r0, #40]\n"
        "ldr r3, [r0, #48]\n"
        "add r4, r4, r1\n"
        "add r9, r9, r2\n"
        "add r10, r9, r3\n"
        "b 2b\n"
        "5:\n"
        "sub r1, r0, #64\n" REQUANTIZE("r5", "r6") REQUANTIZE("r7", "r8")
        "ldm r1!, {r2, r3, r4, r9, r10}\n"
        "strb r5, [r4]\n"
        "strb r6, [r4, #1]\n"
        "strb r7, [r4, #2]\n"
        "strb r8, [r4, #3]\n"
        "add r4, r4, r2\n"
        "add r10, r10, r3\n"
        "subs r9, r9, #1\n"
        "stmdb r1, {r4, r9, r10}\n"
        "bne 1b\n"
        "ldr r0, [sp]\n"
        "ldrd r2, r1, [r0, #100]\n"
        "adds r1, r1, #4\n"
        "subs r3, r1, r2\n"
        "ble 9b\n"
        "mov r1, r2\n"
        "cmp r3, #4\n"
        "blt 9b\n"
        "pop {r0, r4-r11, pc}\n");
}

/* clang-format on */

/* All channels of an output, and of those to its right that have all taps inside as well. */
static uint32_t visit(void *context, const tg_taps *t) {
    four *f = context;
    const tg_conv *c = f->c;
    const uint32_t columns = t->right - t->left;
    const uint32_t early = columns % 2U * f->step;
    f->weights = f->expanded + (t->top * c->w.filter + t->left) * TAP_WORDS;
    f->end = f->weights + columns * TAP_WORDS;
    f->rows = 2U * (t->bottom - t->top) - columns % 2U;
    f->row_bytes = columns * TG_DEPTHWISE_TAP;
    f->row_skip = (uint32_t)c->h.dilation * c->w.input * c->in_c - columns * f->step - early;
    f->weights_skip = (c->w.filter - columns) * TG_DEPTHWISE_TAP;
    f->from = t->input - early;
    const uint32_t count = tg_taps_alike(&c->w, t);
    f->positions = count;
    fours_run(f);
    f->to += count * c->out_c;
    return count;
}

bool tg_depthwise_fours(const tg_run *run) {
    const tg_conv *c = run->params;
    if (c->requant.kind < TG_REQUANT_SATURATED) {
        return false;
    }
    four f;
    f.c = c;
    f.output_step = f.tap_step = c->out_c;
    f.last = c->out_c - 4U;
    f.taps = run->input2;
    f.expanded = run->scratch;
    f.expanded_end = f.expanded + (unsigned)c->h.filter * c->w.filter * TAP_WORDS;
    f.step = (uint32_t)c->w.dilation * c->in_c;
    f.base = tg_pair_of(c->input_offset);
    f.input_step = (uint32_t)c->w.stride * c->in_c;
    f.constant = 2 * c->requant.zero_point + 1;
    f.to = run->output;
    tg_factors_set(&f.factors, run->model, &c->requant, 0);
    tg_slide(&c->h, &c->w, c->in_c, run->input, visit, &f);
    return true;
}

#endif
