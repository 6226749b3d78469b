/* Four channels at a time with the DSP extension: an input word holds one tap of four channels, and the
 * 16-bit multiply-accumulates take either half of a register. The channels' weights are expanded once for all
 * positions.
 */
#include "tg_depthwise.h"

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

/* The functions in assembly take their parameters from registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define TAP_WORDS (TG_DEPTHWISE_TAP / sizeof(uint32_t)) /* weights of channels 0 and 2, then of 1 and 3 */

/* Four output channels ready for a run of positions. The functions below know this layout. */
typedef struct {
    tg_factor factor[4];      /* 0 */
    uint32_t output_step;     /* 48 */
    uint32_t input_step;      /* 52: from a position to the next */
    int8_t *output;           /* 56 */
    uint32_t count;           /* 60: positions */
    const int8_t *input;      /* 64: at the first tap; of an odd number of columns a tap before */
    int32_t bias[4];          /* 68 */
    const uint32_t *weights;  /* 84: of the first tap */
    const uint32_t *end;      /* 88: of the first row's weights */
    uint32_t step;            /* 92: from a tap of a row to the next */
    uint32_t base;            /* 96: the input offset, twice */
    uint32_t rows;            /* 100: of taps, times two; less 1 for an odd number of columns */
    uint32_t row_skip;        /* 104: from the end of a row of taps to the next row */
    uint32_t weights_skip;    /* 108 */
    uint32_t row_bytes;       /* 112: of a row's weights */
    int32_t sums[4];          /* 116 */
    const int8_t *row;        /* 132: weights of the next four channels' first tap */
    uint32_t row_step;        /* 136: to those of the next tap */
    uint32_t *expanded;       /* 140: all taps' weights, as pairs */
    uint32_t *expanded_end;   /* 144 */
    const int32_t *next_bias; /* 148: of the next four channels */
    const int32_t *mantissa;  /* 152 */
    const int8_t *shift;      /* 156 */
    int32_t constant;         /* 160: 2 x the zero point of the output + 1 */
    uint32_t early;           /* by which the input is a tap before */
    bool entries;             /* every channel has its bias and factor, none is TG_REQUANT_ANY */
} four;

_Static_assert(offsetof(four, output_step) == 48 && offsetof(four, input) == 64 &&
                   offsetof(four, bias) == 68 && offsetof(four, weights) == 84 &&
                   offsetof(four, rows) == 100 && offsetof(four, row_skip) == 104 &&
                   offsetof(four, sums) == 116 && offsetof(four, row) == 132 &&
                   offsetof(four, next_bias) == 148,
               "as the assembly below has it");

/* Requantisation of the next channel, whose shift is byte `n` of r8 and mantissa m, to r0. */
#define FACTOR(m, n)                                                                                         \
    "sxtb r9, r8, ror #" n "\n"                                                                              \
    "lsl r10, r2, r9\n"                                                                                      \
    "asr r10, r10, #1\n"                                                                                     \
    "str " m ", [r0], #4\n"                                                                                  \
    "stm r0!, {r9, r10}\n"

/* Expands the weights of the next four channels and sets bias and factor, which have entries for every
 * channel. */
static TG_NAKED void four_set(four *f) {
    __asm__ volatile("push {r4-r10, lr}\n"
                     "add r12, r0, #132\n"
                     "ldm r12, {r1, r2, r3, r4}\n"
                     "add r5, r1, #4\n"
                     "str r5, [r12], #16\n"
                     "1:\n"
                     "ldr r5, [r1]\n"
                     "add r1, r1, r2\n"
                     "sxtb16 r6, r5\n"
                     "sxtb16 r7, r5, ror #8\n"
                     "stm r3!, {r6, r7}\n"
                     "cmp r3, r4\n"
                     "bne 1b\n"
                     "ldm r12, {r1, r2, r3}\n"
                     "ldm r1!, {r4-r7}\n"
                     "add r9, r0, #68\n"
                     "stm r9, {r4-r7}\n"
                     "ldm r2!, {r4-r7}\n"
                     "ldr r8, [r3], #4\n"
                     "stm r12, {r1, r2, r3}\n"
                     "ldr r2, [r0, #160]\n" /* x 2^(right - 1) */
                     FACTOR("r4", "0") FACTOR("r5", "8") FACTOR("r6", "16")
                         FACTOR("r7", "24") "pop {r4-r10, pc}\n");
}

/* clang-format off */

#define TAP(at)                                                                                              \
    "ldr r0, [r4" at "]\n"                                                                                   \
    "ldm r9!, {r2, r3}\n"                                                                                    \
    "sxtab16 r1, r12, r0, ror #8\n"                                                                          \
    "sxtab16 r0, r12, r0\n"                                                                                  \
    "smlabb r5, r0, r2, r5\n"                                                                                \
    "smlabb r6, r1, r3, r6\n"                                                                                \
    "smlatt r7, r0, r2, r7\n"                                                                                \
    "smlatt r8, r1, r3, r8\n"

/* Accumulators of one position in r5 to r8, two taps at a time. In and out: r0 leads to the four's input, as
 * does the top of the stack. */
#define SUMS                                                                                                 \
    "ldm r0, {r4-r12, lr}\n"                                                                                 \
    "2:\n"                                                                                                   \
    "tst lr, #1\n"                                                                                           \
    "bne 4f\n"                                                                                               \
    "3:\n" TAP("")                                                                                           \
    "4:\n" TAP(", r11")                                                                                      \
    "add r4, r4, r11, lsl #1\n"                                                                              \
    "cmp r9, r10\n"                                                                                          \
    "bne 3b\n"                                                                                               \
    "ldr r0, [sp]\n"                                                                                         \
    "subs lr, lr, #2\n"                                                                                      \
    "ble 5f\n"                                                                                               \
    "ldrd r1, r2, [r0, #40]\n"                                                                               \
    "ldr r3, [r0, #48]\n"                                                                                    \
    "add r4, r4, r1\n"                                                                                       \
    "add r9, r9, r2\n"                                                                                       \
    "add r10, r9, r3\n"                                                                                      \
    "b 2b\n"                                                                                                 \
    "5:\n"

#define FACTORS "ldm r1!, {r2, r3, r9, r10, r11, r12}\n"

/* tg_requantize() of two registers by the next two factors at r1. */
#define REQUANTIZE(r, s) FACTORS ONE(r, "r2", "r3", "r9") ONE(s, "r10", "r11", "r12")

#define ONE(r, mantissa, shift, constant)                                                                    \
    "lsl " r ", " r ", #1\n"                                                                                 \
    "smmlar " r ", " r ", " mantissa ", " constant "\n"                                                      \
    "asr " r ", " r ", " shift "\n"                                                                          \
    "ssat " r ", #8, " r "\n"

/* The same for TG_REQUANT_SHIFTED and outputs that are only saturated. */
#define REQUANTIZE_SIGNED(r, s) FACTORS ONE_SIGNED(r, "r2", "r3", "r9") ONE_SIGNED(s, "r10", "r11", "r12")

#define ONE_SIGNED(r, mantissa, shift, constant)                                                             \
    "lsl " r ", " r ", #1\n"                                                                                 \
    "smmulr " r ", " r ", " mantissa "\n"                                                                    \
    "add " constant ", " constant ", " r ", asr #31\n"                                                       \
    "add " r ", " r ", " constant "\n"                                                                       \
    "asr " r ", " r ", " shift "\n"                                                                          \
    "ssat " r ", #8, " r "\n"

#define RUN(requantize)                                                                                      \
    "add r0, r0, #64\n"                                                                                      \
    "push {r0, r4-r11, lr}\n"                                                                                \
    "1:\n" SUMS                                                                                              \
    "sub r1, r0, #64\n" requantize("r5", "r6") requantize("r7", "r8")                                        \
    "ldm r1!, {r2, r3, r9, r10, r11}\n"                                                                      \
    "strb r5, [r9]\n"                                                                                        \
    "strb r6, [r9, #1]\n"                                                                                    \
    "strb r7, [r9, #2]\n"                                                                                    \
    "strb r8, [r9, #3]\n"                                                                                    \
    "add r9, r9, r2\n"                                                                                       \
    "add r11, r11, r3\n"                                                                                     \
    "subs r10, r10, #1\n"                                                                                    \
    "stmdb r1, {r9, r10, r11}\n"                                                                             \
    "bne 1b\n"                                                                                               \
    "pop {r0, r4-r11, pc}\n"

/* clang-format on */

/* Makes the outputs of all positions, requantised as TG_REQUANT_RELU. */
static TG_NAKED void four_run(four *f) {
    __asm__ volatile(RUN(REQUANTIZE));
}

/* The same, requantised as TG_REQUANT_SHIFTED. */
static TG_NAKED void four_run_signed(four *f) {
    __asm__ volatile(RUN(REQUANTIZE_SIGNED));
}

/* Stores the accumulators of one position. */
static TG_NAKED void four_sums(four *f) {
    __asm__ volatile("add r0, r0, #64\n"
                     "push {r0, r4-r11, lr}\n" SUMS "add r0, r0, #52\n"
                     "stm r0, {r5-r8}\n"
                     "pop {r0, r4-r11, pc}\n");
}

/* four_set() for the channels from `channel` on, whatever their factors. */
static void set_channels(const tg_depthwise *d, four *f, unsigned channel) {
    const tg_factors *factors = &d->factors;
    if (channel == 0 || channel % 4U != 0 || !f->entries) { /* others follow those before */
        f->row = d->weights + channel;
        f->next_bias = factors->bias + channel;
        f->mantissa = factors->mantissa + channel;
        f->shift = factors->shift + channel;
    }
    if (f->entries) {
        four_set(f);
        return;
    }
    for (uint32_t *to = f->expanded; to != f->expanded_end; f->row += f->row_step) {
        uint32_t bytes = tg_load4(f->row);
        *to++ = tg_even(bytes);
        *to++ = tg_odd(bytes);
    }
    for (unsigned i = 0; i < 4U; i++) {
        f->bias[i] = factors->bias[channel + i];
        f->factor[i] = tg_factor_of(factors, channel + i);
    }
}

/* Sets the taps of the positions from (y, x) on; `input` is left at channel 0. */
static void set_taps(const tg_depthwise *d, four *f, unsigned y, unsigned x) {
    const tg_conv *c = d->c;
    tg_taps taps = tg_depthwise_taps(d, y, x);
    const uint32_t odd = taps.columns % 2U;
    f->early = odd * f->step;
    f->input = taps.input - f->early;
    f->weights = d->scratch + taps.first * TAP_WORDS;
    f->rows = taps.columns > 0 && taps.rows > 0 ? 2U * taps.rows - odd : 0;
    f->row_bytes = taps.columns * TG_DEPTHWISE_TAP;
    f->end = f->weights + taps.columns * TAP_WORDS;
    f->row_skip = (uint32_t)c->h.dilation * c->w.input * c->in_c - taps.columns * f->step - f->early;
    f->weights_skip = (c->w.filter - taps.columns) * TG_DEPTHWISE_TAP;
}

/* The outputs of `count` positions with the same taps. */
static void run(const tg_requant *how, four *f, unsigned count) {
    f->count = count;
    if (f->rows > 0 && how->kind == TG_REQUANT_RELU) {
        four_run(f);
        return;
    }
    if (f->rows > 0 && how->kind == TG_REQUANT_SATURATED) {
        four_run_signed(f);
        return;
    }
    for (; count > 0; count--, f->input += f->input_step, f->output += f->output_step) {
        const int32_t *sums = f->bias;
        if (f->rows > 0) {
            four_sums(f);
            sums = f->sums;
        }
        for (unsigned i = 0; i < 4U; i++) {
            f->output[i] = (int8_t)tg_requantize(how, &f->factor[i], sums[i]);
        }
    }
}

/* All positions where some reach into padding. */
static void run_padded(const tg_depthwise *d, four *f, unsigned channel) {
    const tg_conv *c = d->c;
    int32_t last =
        c->w.input - (c->w.filter - 1) * c->w.dilation; /* from here on a first tap has some outside */
    for (unsigned y = 0; y < c->h.output; y++) {
        int32_t at = -(int32_t)c->w.pad;
        unsigned count;
        for (unsigned x = 0; x < c->w.output; x += count) {
            count = 1; /* in one go: all positions without padding */
            if (at >= 0) {
                for (int32_t next = at + c->w.stride; next < last && x + count < c->w.output;
                     next += c->w.stride) {
                    count++;
                }
            }
            set_taps(d, f, y, x);
            f->input += channel;
            run(d->factors.how, f, count);
            at += (int32_t)(count * c->w.stride);
        }
    }
}

/* Whether no position of an axis reaches into padding. */
static bool is_inside(const tg_axis *axis) {
    return axis->pad == 0 &&
           (axis->output - 1U) * axis->stride + (axis->filter - 1U) * axis->dilation < axis->input;
}

void tg_depthwise_fours(const tg_depthwise *d) {
    const tg_conv *c = d->c;
    four f;
    f.row_step = c->out_c;
    f.expanded = d->scratch;
    f.expanded_end = d->scratch + (unsigned)c->h.filter * c->w.filter * TAP_WORDS;
    f.step = (uint32_t)c->w.dilation * c->in_c;
    f.base = tg_pair_of(c->input_offset);
    f.output_step = c->out_c;
    f.input_step = (uint32_t)c->w.stride * c->in_c;
    const tg_factors *factors = &d->factors;
    f.constant = 2 * factors->how->zero_point + 1;
    f.entries = factors->how->kind != TG_REQUANT_ANY;
    bool inside = is_inside(&c->h) && is_inside(&c->w);
    if (inside) {
        set_taps(d, &f, 0, 0); /* the same for all */
    }
    for (unsigned channel = 0; channel < c->out_c; channel = tg_depthwise_next(c, channel)) {
        set_channels(d, &f, channel);
        f.output = d->output + channel;
        if (!inside) {
            run_padded(d, &f, channel);
            continue;
        }
        for (unsigned y = 0; y < c->h.output; y++) {
            f.input = d->input + (size_t)y * c->h.stride * c->w.input * c->in_c + channel - f.early;
            run(d->factors.how, &f, c->w.output);
        }
    }
}

#endif
