#include "tg_running.h"

#include <stdbool.h>

#include "tg_rows.h"

/* Whether a hop is one row: a block is one value. */
static bool is_value(const tg_running *r) {
    return r->ended + r->rest == 1;
}

uint32_t tg_running_size(const tg_running *r) {
    size_t each = sizeof(int32_t) + r->slots * (is_value(r) ? sizeof(int8_t) : sizeof(int16_t));
    return (uint32_t)(sizeof(tg_running_state) + r->sums * each);
}

/* What a hop meets. The function in assembly below knows this layout. */
typedef struct {
    const int8_t *rows; /* 0 */
    uint32_t width;     /* 4: sums */
    int32_t *sums;      /* 8 */
    int16_t *ended;     /* 12: the block that ends */
    int16_t *started;   /* 16: the oldest, whose place the next one takes */
    uint32_t rest;      /* 20: rows that start it */
    uint32_t end;       /* 24: rows that end the other */
} hop;

#if defined(__ARM_FEATURE_DSP)

#include "tg_dsp.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

_Static_assert(offsetof(hop, started) == 16 && offsetof(hop, end) == 24, "as the assembly below has it");

/* Rows added to two pairs of sums, those of values 0 and 2 and of 1 and 3. */
#define ADD_ROWS(even, odd)                                                                                  \
    "1:\n"                                                                                                   \
    "ldr r12, [r10]\n"                                                                                       \
    "add r10, r2\n"                                                                                          \
    "sxtab16 " even ", " even ", r12\n"                                                                      \
    "sxtab16 " odd ", " odd ", r12, ror #8\n"                                                                \
    "subs r11, #1\n"                                                                                         \
    "bne 1b\n"

/* clang-format off */

/* All whole fours of sums, equal to one at a time but for the order of the blocks. */
static TG_NAKED void add_fours(const hop *h) {
    __asm__ volatile(
        "push {r4-r11, lr}\n"
        "ldm r0!, {r1-r5}\n"
        "lsr lr, r2, #2\n"
        "4:\n"
        "mov r10, r1\n"
        "ldr r11, [r0, #4]\n"
        "movs r6, #0\n"
        "movs r7, #0\n"
        ADD_ROWS("r6", "r7")
        "mov r8, #0\n"
        "mov r9, #0\n"
        "ldr r11, [r0]\n"
        "cmp r11, #0\n"
        "beq 2f\n"
        ADD_ROWS("r8", "r9")
        "2:\n"
        "ldr r10, [r4]\n"
        "ldr r11, [r4, #4]\n"
        "sadd16 r10, r10, r6\n"
        "sadd16 r11, r11, r7\n"
        "str r10, [r4], #4\n"
        "str r11, [r4], #4\n"
        "ldr r10, [r5]\n"
        "ldr r11, [r5, #4]\n"
        "str r8, [r5], #4\n"
        "str r9, [r5], #4\n"
        "sadd16 r6, r6, r8\n"
        "sadd16 r7, r7, r9\n"
        "ssub16 r6, r6, r10\n"
        "ssub16 r7, r7, r11\n"
        "ldm r3, {r8-r11}\n"
        "sxtah r8, r8, r6\n"
        "sxtah r9, r9, r7\n"
        "add r10, r10, r6, asr #16\n"
        "add r11, r11, r7, asr #16\n"
        "stm r3!, {r8-r11}\n"
        "adds r1, #4\n"
        "subs lr, #1\n"
        "bne 4b\n"
        "pop {r4-r11, pc}\n");
}

/* clang-format on */
#endif

/* Sums from `i` on, one at a time. */
static void add_each(const hop *h, uint32_t i) {
    for (; i < h->width; i++) {
        const int8_t *rows = h->rows + i;
        int32_t end = tg_row_sum(rows, h->end, h->width);
        int32_t start = tg_row_sum(rows + h->end * h->width, h->rest, h->width);
        h->sums[i] += end + start - h->started[i];
        h->started[i] = (int16_t)start;
        h->ended[i] = (int16_t)(h->ended[i] + end);
    }
}

/* The same of one row, whose values are the blocks: one takes the place of the oldest. */
static void add_values(const int8_t *row, uint32_t width, int32_t *sums, int8_t *oldest) {
    for (; width > 0; width--) {
        *sums++ += *row - *oldest;
        *oldest++ = *row++;
    }
}

const int32_t *tg_running_add(const tg_running *r, tg_running_state *state, const int8_t *rows) {
    const uint32_t width = r->sums;
    int32_t *sums = (int32_t *)(void *)(state + 1);
    int16_t *blocks = (int16_t *)(void *)(sums + width);
    const uint32_t slot = state->slot;
    const uint32_t next = slot + 1U == r->slots ? 0 : slot + 1U;
    state->slot = next;
    if (is_value(r)) {
        add_values(rows, width, sums, (int8_t *)(void *)blocks + slot * width);
        return sums;
    }
    const hop h = {rows, width, sums, blocks + slot * width, blocks + next * width, r->rest, r->ended};
    uint32_t added = 0;
#if defined(__ARM_FEATURE_DSP)
    added = width & ~3U;
    if (added > 0) {
        add_fours(&h);
    }
#endif
    add_each(&h, added);
    return sums;
}
