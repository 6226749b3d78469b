#include "line.h"

#include "../tg_board.h"
#include "cortex_m.h"

volatile uint32_t line_overruns;

size_t tg_board_write(const uint8_t *bytes, size_t size) {
    size_t taken = tg_queue_put(&line_to_send, bytes, size);
    tg_irq_mask();
    line_send();
    tg_irq_unmask();
    return taken;
}

size_t tg_board_read(uint8_t *bytes, size_t capacity) {
    return tg_queue_get(&line_received, bytes, capacity);
}

uint32_t tg_board_read_lost(void) {
    return line_received.lost + line_overruns;
}
