/* Board: the services that exist once on a board, resolved at link time.
 *
 * Nothing here is called from an interrupt, unless it says so. Nothing here waits, except tg_board_sleep().
 */
#ifndef TG_BOARD_H
#define TG_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "../drivers/tg_accel.h"
#include "../drivers/tg_axes.h"
#include "tg_reset.h"

/* Name of the board, as in `gesture build --board`. */
extern const char tg_board_name[];

/* How the accelerometer is soldered; a valid map. */
extern const tg_axis_map tg_board_axes;

/* Exit codes of tg_board_exit. */
typedef enum {
    TG_EXIT_DONE = 0,
    TG_EXIT_REFUSED = 1, /* the model does not fit the board; the reason was sent */
    TG_EXIT_SENSOR = 2,  /* the accelerometer failed; the reason was sent */
    TG_EXIT_FAULT = 3,   /* the processor faulted or hung, and was reset; the cause was sent */
} tg_exit;

/* What an emulated board is told beforehand; a real one has no modes. */
#define TG_MODE_SAMPLES 1U /* send samples from the start, without being asked */
#define TG_MODE_OUTPUTS 2U /* send the outputs of every hop from the start */
#define TG_MODE_END     4U /* end when the sensor does, or the board would stop */

/* Clocks, line, watchdog and interrupts. First call of main(). */
void tg_board_init(void);

/* Microseconds since tg_board_init(). Never goes back. */
uint64_t tg_board_time_us(void);

/* Sleeps until an interrupt has happened since the last call; returns at once when one already has. A sample
 * that is ready, bytes received and room in the send queue all end it. A real board wakes twice a second in
 * any case. */
void tg_board_sleep(void);

/* Microseconds spent in tg_board_sleep() so far. */
uint64_t tg_board_asleep_us(void);

/* The line to the host: bytes go through two bounded queues that interrupts empty and fill.
 *
 * tg_board_write() queues all the bytes or, when there is no room for all, none: returns size or 0. It takes
 * TG_LINE_FRAME bytes whenever the queue is empty.
 * tg_board_read() takes the oldest bytes received, at most capacity; returns how many.
 * tg_board_read_lost() counts bytes that came while the receive queue was full, since the start. */
#define TG_LINE_FRAME    256U /* least room of an empty send queue */
#define TG_LINE_RECEIVED 512U /* least room of an empty receive queue */
size_t tg_board_write(const uint8_t *bytes, size_t size);
size_t tg_board_read(uint8_t *bytes, size_t capacity);
uint32_t tg_board_read_lost(void);

/* Holds off the watchdog for TG_WATCHDOG_MS at least; it resets a board whose application hangs. */
#define TG_WATCHDOG_MS 4000U
void tg_board_feed_watchdog(void);

/* Why the board started; the same answer at every call. */
tg_reset_cause tg_board_reset_cause(void);

/* The accelerometer, or NULL when it does not answer. Filled in on the first call. */
const tg_accel *tg_board_accel(void);

/* Shows an event, as far as the board can: label is an index into the contract's labels, text its UTF-8 name.
 * Returns at once; whatever lights up goes out by itself. */
void tg_board_show_event(unsigned label, const char *text, size_t size);

/* TG_MODE_ bits; 0 on a real board. */
unsigned tg_board_mode(void);

/* Deepest use of the stack so far, and the size of the stack, in bytes. */
size_t tg_board_stack_used(void);
size_t tg_board_stack_size(void);

/* Sends what is queued and ends the emulation. Called with TG_MODE_END only. */
_Noreturn void tg_board_exit(tg_exit code);

#endif
