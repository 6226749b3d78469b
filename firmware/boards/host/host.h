/* The host as a board: a process, single-threaded, on POSIX.
 *
 * A board has no command line. What it is told, it finds in its environment (`gesture emulate --serve` sets
 * it):
 *
 *     TINYGESTURE_LOG      file of the log image that its accelerometer plays
 *     TINYGESTURE_TCP      TCP port on the loopback address, 0 for any; not set: a pseudo-terminal
 *     TINYGESTURE_SPEED    times faster than life, 1 .. 1000; time and sensor alike
 *     TINYGESTURE_PROGRAM  its own file, which a reset runs anew
 *
 * It prints one line, the port's address, and goes on until it is killed. SIGUSR1 is its reset button.
 */
#ifndef TG_HOST_BOARD_H
#define TG_HOST_BOARD_H

#include <stdint.h>

#include "../tg_reset.h"

/* What a reset keeps: open files, and what happened. */
typedef struct {
    uint32_t cause; /* tg_reset_cause */
    tg_fault_record fault;
    int listener; /* waits for TCP clients, or -1 */
    int master;   /* of the pseudo-terminal, or -1 */
    int client;   /* or -1 */
} host_kept;

/* Says why on standard error and ends the process with exit code 2. */
_Noreturn void host_fail(const char *what);

/* reset.c: finds or makes what resets keep, and starts the watchdog and the reset button. */
void reset_init(void);
host_kept *reset_kept(void);

/* line.c: opens the line, or takes up that of before a reset; prints its address. */
void line_init(void);

/* Moves bytes between queues and the line; waits for something to move at most wait_us. */
void line_pump(uint64_t wait_us);

#endif
