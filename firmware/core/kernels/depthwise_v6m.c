/* Four channels at a time for Armv6-M, with the accumulators in the high registers (see tg_gemm_v6m.c). One index
 * serves inputs and weights, as from one tap to the next both go on by as many values.
 */
#include "tg_depthwise.h"

#if defined(__ARM_ARCH_6M__)

#include "tg_v6m.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* the function in assembly takes its own from a register */

#define CHANNELS TG_V6M_CHANNELS

/* Some taps of a row and four channels. The function below knows this layout. */
typedef struct {
    int32_t sums[CHANNELS]; /* 0: added to */
    const int8_t *input;    /* 16: at the first tap */
    const int8_t *weights;  /* 20: of the first tap */
    int32_t offset;         /* 24: of the input */
    uint32_t step;          /* 28: from a tap to the next, less three */
    uint32_t end;           /* 32: of the taps' indices; at least one tap */
} taps_of_row;

_Static_assert(offsetof(taps_of_row, input) == 16 && offsetof(taps_of_row, end) == 32,
               "as the assembly below has it");

#define TAP(sum, step)                                                                                            \
    "ldrsb r5, [r1, r0]\n"                                                                                        \
    "ldrsb r6, [r2, r0]\n"                                                                                        \
    "adds r5, r5, r3\n"                                                                                           \
    "muls r5, r6\n"                                                                                               \
    "add " sum ", r5\n"                                                                                           \
    "adds r0, r0, " step "\n"

static TG_NAKED void add_row(taps_of_row *row) {
    __asm__ volatile(".syntax unified\n"
                     "push {r4-r7, lr}\n"
                     "mov r4, r8\n"
                     "mov r5, r9\n"
                     "mov r6, r10\n"
                     "mov r7, r11\n"
                     "push {r0, r4-r7}\n"
                     "ldm r0!, {r4-r7}\n"
                     "mov r8, r4\n"
                     "mov r9, r5\n"
                     "mov r10, r6\n"
                     "mov r11, r7\n"
                     "ldm r0!, {r1, r2, r3, r4, r7}\n"
                     "movs r0, #0\n"
                     "1:\n" TAP("r8", "#1") TAP("r9", "#1") TAP("r10", "#1") TAP("r11", "r4") "cmp r0, r7\n"
                     "bne 1b\n"
                     "pop {r0}\n"
                     "mov r4, r8\n"
                     "mov r5, r9\n"
                     "mov r6, r10\n"
                     "mov r7, r11\n"
                     "stm r0!, {r4-r7}\n"
                     "pop {r4-r7}\n"
                     "mov r8, r4\n"
                     "mov r9, r5\n"
                     "mov r10, r6\n"
                     "mov r11, r7\n"
                     "pop {r4-r7, pc}\n");
}

void tg_depthwise_four(const tg_depthwise *d, unsigned channel) {
    const tg_conv *c = d->c;
    if (c->w.dilation != 1) {
        for (unsigned i = 0; i < CHANNELS; i++) {
            tg_depthwise_one(d, channel + i);
        }
        return;
    }
    int8_t *output = d->output + channel;
    int32_t bias[CHANNELS];
    tg_factor factor[CHANNELS];
    for (unsigned i = 0; i < CHANNELS; i++) {
        bias[i] = tg_bias_of(&d->factors, channel + i);
        factor[i] = tg_factor_of(&d->factors, channel + i);
    }
    taps_of_row row = {.offset = c->input_offset, .step = c->out_c - 3U};
    int32_t last = c->w.input - c->w.filter; /* the last first tap with all taps inside */
    for (unsigned y = 0; y < c->h.output; y++) {
        tg_taps taps = {0};
        int32_t at = -(int32_t)c->w.pad;
        bool inside = false;
        for (unsigned x = c->w.output; x > 0; x--, at += c->w.stride, output += c->out_c) {
            if (inside && at <= last) {
                taps.input += (uint32_t)c->w.stride * c->in_c;
            } else {
                taps = tg_depthwise_taps(d, y, c->w.output - x);
                inside = at >= 0;
            }
            memcpy(row.sums, bias, sizeof bias);
            row.input = taps.input + channel;
            row.weights = d->weights + taps.first * c->out_c + channel;
            row.end = taps.columns * c->out_c;
            for (unsigned k = row.end > 0 ? taps.rows : 0; k > 0; k--) {
                add_row(&row);
                row.input += (uint32_t)c->h.dilation * c->w.input * c->in_c;
                row.weights += (uint32_t)c->w.filter * c->out_c;
            }
            tg_v6m_store(d->factors.how, row.sums, factor, output, 0, 1, CHANNELS);
        }
    }
}

#endif
