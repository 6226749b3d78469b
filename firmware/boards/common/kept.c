/* Memory that no start clears: the last bytes of the RAM, set aside by the linker script. */
#include <string.h>

#include "cortex_m.h"
#include "start.h"

#define KEPT_ON    0x5447004FU /* the board has started since the power came */
#define KEPT_FAULT 0x54470046U /* ... and then met a fault */

typedef struct {
    uint32_t state;
    tg_fault_record fault;
    uint32_t check; /* of the record: memory without power holds anything */
} kept_memory;

extern kept_memory tg_kept;

static tg_fault_record last;
static int was_on;
static int had_fault;

static uint32_t check_of(const tg_fault_record *r) {
    return ~(r->cause + 3U * r->exception + 5U * r->pc + 7U * r->status + 11U * r->address +
             13U * r->in_a_row);
}

void tg_kept_start(void) {
    had_fault = tg_kept.state == KEPT_FAULT && tg_kept.check == check_of(&tg_kept.fault);
    was_on = had_fault || tg_kept.state == KEPT_ON;
    if (had_fault) {
        last = tg_kept.fault;
    } else {
        tg_kept.fault.in_a_row = 0;
    }
    tg_kept.state = KEPT_ON;
}

int tg_kept_was_on(void) {
    return was_on;
}

const tg_fault_record *tg_board_fault(void) {
    return had_fault ? &last : NULL;
}

void tg_board_settled(void) {
    tg_kept.fault.in_a_row = 0;
}

_Noreturn void tg_kept_fault(const tg_fault_record *record) {
    uint32_t before = tg_kept.fault.in_a_row;
    tg_kept.fault = *record;
    tg_kept.fault.in_a_row = before + 1;
    tg_kept.check = check_of(&tg_kept.fault);
    tg_kept.state = KEPT_FAULT;
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = AIRCR_RESET;
    for (;;) {
    }
}
