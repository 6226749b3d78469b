/* Four channels at a time for Armv6-M, with the accumulators in the high registers (see tg_gemm_v6m.c). One
 * index serves inputs and weights, as from one tap to the next both go on by as many values.
 */
#include "tg_depthwise.h"

#if defined(__ARM_ARCH_6M__)

#include "tg_v6m.h"

#pragma GCC diagnostic ignored                                                                               \
    "-Wunused-parameter" /* the function in assembly takes its own from a register */

#define CHANNELS TG_V6M_CHANNELS
#define MOST     (TG_DEPTHWISE_SUMS / (CHANNELS * sizeof(int32_t))) /* positions at a time */

/* Some taps of a row and four channels, at some positions. The function below knows this layout. */
typedef struct {
    const int8_t *input;   /* 0: at the first tap */
    const int8_t *weights; /* 4: of the first tap */
    int32_t offset;        /* 8: of the input */
    uint32_t step;         /* 12: from a tap to the next, less three */
    uint32_t end;          /* 16: of the taps' indices; at least one tap */
    uint32_t input_step;   /* 20: from a position to the next */
    uint32_t count;        /* 24: positions */
    const int32_t *start;  /* 28: what the products are added to: biases, or the sums of the rows above */
    uint32_t start_step;   /* 32: from a position's to the next one's: 0, or 16 bytes */
    int32_t *sums;         /* 36: where they go */
} line;

_Static_assert(offsetof(line, end) == 16 && offsetof(line, count) == 24 && offsetof(line, sums) == 36,
               "as the assembly below has it");

#define TAP(sum, step)                                                                                       \
    "ldrsb r5, [r1, r0]\n"                                                                                   \
    "ldrsb r6, [r2, r0]\n"                                                                                   \
    "adds r5, r5, r3\n"                                                                                      \
    "muls r5, r6\n"                                                                                          \
    "add " sum ", r5\n"                                                                                      \
    "adds r0, r0, " step "\n"

/* clang-format off */

static TG_NAKED void add_line(line *l) {
    __asm__ volatile(
        TG_V6M_ENTER
        "1:\n"
        "ldr r1, [r0, #28]\n"
        "ldr r2, [r0, #32]\n"
        "ldm r1!, {r4-r7}\n"
        "subs r1, #16\n"
        "adds r1, r1, r2\n"
        "str r1, [r0, #28]\n"
        TG_V6M_TO_HIGH
        "ldm r0!, {r1, r2, r3, r4, r7}\n"
        "movs r0, #0\n"
        "2:\n" TAP("r8", "#1") TAP("r9", "#1") TAP("r10", "#1") TAP("r11", "r4")
        "cmp r0, r7\n"
        "bne 2b\n"
        "ldr r0, [sp]\n"
        "ldr r1, [r0, #36]\n"
        TG_V6M_FROM_HIGH
        "stm r1!, {r4-r7}\n"
        "str r1, [r0, #36]\n"
        "ldr r1, [r0]\n"
        "ldr r2, [r0, #20]\n"
        "adds r1, r1, r2\n"
        "str r1, [r0]\n"
        "ldr r1, [r0, #24]\n"
        "subs r1, #1\n"
        "str r1, [r0, #24]\n"
        "bne 1b\n"
        TG_V6M_LEAVE);
}

/* clang-format on */

/* The first channel of the four behind those from `channel` on; out_c behind the last. */
static unsigned next_four(const tg_conv *c, unsigned channel) {
    unsigned next = channel + CHANNELS;
    return next < c->out_c && next + CHANNELS > c->out_c ? c->out_c - CHANNELS : next;
}

typedef struct {
    const tg_conv *c;
    const int8_t *weights;
    int32_t *sums;
    int8_t *output;
    tg_factors factors;
    line line;
} state;

/* All channels of an output, and of those to its right that have all taps inside as well. */
static uint32_t visit(void *context, const tg_taps *t) {
    state *s = context;
    const tg_conv *c = s->c;
    line *l = &s->line;
    l->end = (t->right - t->left) * c->out_c;
    uint32_t count = tg_taps_alike(&c->w, t);
    count = count < MOST ? count : MOST;
    for (unsigned channel = 0; channel < c->out_c; channel = next_four(c, channel)) {
        int32_t bias[CHANNELS];
        tg_factor factor[CHANNELS];
        tg_v6m_set(&s->factors, channel, bias, factor);
        const int8_t *input = t->input + channel;
        const int8_t *weights = s->weights + (t->top * c->w.filter + t->left) * c->out_c + channel;
        l->start = bias;
        l->start_step = 0;
        for (unsigned left = t->bottom - t->top;;) {
            l->input = input;
            l->weights = weights;
            l->sums = s->sums;
            l->count = count;
            add_line(l);
            if (--left == 0) {
                break;
            }
            l->start = s->sums;
            l->start_step = CHANNELS * sizeof *s->sums;
            input += (uint32_t)c->h.dilation * c->w.input * c->in_c;
            weights += (uint32_t)c->w.filter * c->out_c;
        }
        tg_v6m_store(s->sums, factor, s->output + channel, c->out_c, count, &c->requant);
    }
    s->output += count * c->out_c;
    return count;
}

bool tg_depthwise_fours(const tg_run *run) {
    const tg_conv *c = run->params;
    if (c->w.dilation != 1 || c->requant.kind == TG_REQUANT_ANY) {
        return false;
    }
    state s;
    s.c = c;
    s.weights = run->input2;
    s.sums = run->scratch;
    s.output = run->output;
    s.line.offset = c->input_offset;
    s.line.step = c->out_c - 3U;
    s.line.input_step = (uint32_t)c->w.stride * c->in_c;
    tg_factors_set(&s.factors, run->model, &c->requant, 0);
    tg_slide(&c->h, &c->w, c->in_c, run->input, visit, &s);
    return true;
}

#endif
