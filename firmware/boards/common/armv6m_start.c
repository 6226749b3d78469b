/* Reset of an ARMv6-M processor. */
#include "start.h"

int main(void);

_Noreturn void tg_reset(void) {
    tg_start_memory();
    tg_kept_start();
    (void)main();
    for (;;) { /* not reached: an application never ends */
    }
}
