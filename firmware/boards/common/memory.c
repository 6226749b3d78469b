/* Memory at the start, and how much of the stack is used. */
#include "start.h"

#include "../tg_board.h"

#define STACK_PAINT 0x5AFEC0DEU
#define PAINT_GAP   16 /* words below the frame of tg_start_memory that are left alone */

extern const uint32_t tg_data_load[];
extern uint32_t tg_data_start[];
extern uint32_t tg_data_end[];
extern uint32_t tg_bss_start[];
extern uint32_t tg_bss_end[];

void tg_start_memory(void) {
    const uint32_t *from = tg_data_load;
    for (uint32_t *to = tg_data_start; to != tg_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = tg_bss_start; to != tg_bss_end;) {
        *to++ = 0;
    }
    uint32_t *frame = __builtin_frame_address(0);
    for (uint32_t *to = tg_stack_limit; to < frame - PAINT_GAP;) {
        *to++ = STACK_PAINT;
    }
}

size_t tg_board_stack_size(void) {
    return tg_span(tg_stack_limit, tg_stack_top) - TG_STACK_GUARD;
}

size_t tg_board_stack_used(void) {
    const uint32_t *lowest = tg_stack_limit;
    while (lowest != tg_stack_top && *lowest == STACK_PAINT) {
        lowest++;
    }
    return tg_span(lowest, tg_stack_top);
}
