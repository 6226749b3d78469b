/* Board: the services that exist once on a board, resolved at link time.
 *
 * Nothing here is called from an interrupt, unless it says so.
 */
#ifndef TG_BOARD_H
#define TG_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "../drivers/tg_accel.h"
#include "../drivers/tg_axes.h"

/* Name of the board, as in `gesture build --board`. */
extern const char tg_board_name[];

/* How the accelerometer is soldered; a valid map. */
extern const tg_axis_map tg_board_axes;

/* Exit codes of tg_board_exit. */
typedef enum {
    TG_EXIT_DONE = 0,
    TG_EXIT_REFUSED = 1, /* the model does not fit the board; the reason was printed */
    TG_EXIT_SENSOR = 2,  /* the accelerometer failed; the reason was printed */
    TG_EXIT_FAULT = 3,   /* the processor faulted; the cause was printed */
} tg_exit;

/* Clocks, console and interrupts. First call of main(). */
void tg_board_init(void);

/* Microseconds since tg_board_init(). Never goes back. */
uint64_t tg_board_time_us(void);

/* Sleeps until an interrupt has happened since the last call; returns at once when one already has. */
void tg_board_sleep(void);

/* Microseconds spent in tg_board_sleep() so far. */
uint64_t tg_board_asleep_us(void);

/* Queues text for the console. Never waits. Returns how many bytes were taken: fewer than size when the
 * queue is full, and tg_board_sleep() returns when there is room again. */
size_t tg_board_write(const char *text, size_t size);

/* The accelerometer, or NULL when it does not answer. Filled in on the first call. */
const tg_accel *tg_board_accel(void);

/* 1 when the outputs of every hop are to be printed, otherwise 0. */
int tg_board_wants_outputs(void);

/* Deepest use of the stack so far, and the size of the stack, in bytes. */
size_t tg_board_stack_used(void);
size_t tg_board_stack_size(void);

/* Empties the console queue and ends: an emulated board its emulation, a real one by stopping. */
_Noreturn void tg_board_exit(tg_exit code);

#endif
