#include "sleep.h"

#include "../tg_board.h"
#include "cortex_m.h"

static volatile int awake;
static uint64_t asleep_us;

void sleep_wake(void) {
    awake = 1;
}

void tg_board_sleep(void) {
    uint64_t start = tg_board_time_us();
    tg_irq_mask(); /* nothing may happen between the look at `awake` and the wait */
    while (!awake) {
        tg_wait_for_interrupt();
        tg_irq_unmask(); /* the interrupt that ended the wait runs here */
        tg_irq_mask();
    }
    awake = 0;
    tg_irq_unmask();
    asleep_us += tg_board_time_us() - start;
}

uint64_t tg_board_asleep_us(void) {
    return asleep_us;
}
