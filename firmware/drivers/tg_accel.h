/* Accelerometer: the one header where drivers and boards meet.
 *
 * A driver fills a tg_accel with its functions and its own context; a board hands it to the application.
 * Every function returns within a bounded time. None may be called from an interrupt.
 */
#ifndef TG_ACCEL_H
#define TG_ACCEL_H

#include <stddef.h>
#include <stdint.h>

#define TG_ACCEL_AXES 3

/* X(name, value, text). The values lie apart from those of core/tg_err.h, so that an int tells which it is.
 */
#define TG_ACCEL_ERR_LIST(X)                                                                                 \
    X(ERR_RATE, -64, "the sensor cannot be sampled at such a rate")                                          \
    X(ERR_IMAGE, -65, "the log image in memory is malformed")                                                \
    X(END, -66, "the sensor has no more samples to give")                                                    \
    X(ERR_ABSENT, -67, "no sensor answers at its address")                                                   \
    X(ERR_ID, -68, "another chip answers at the sensor's address")                                           \
    X(ERR_BUS, -69, "the bus is stuck: a line stays low or a transfer does not end")                         \
    X(ERR_SETTING, -70, "the sensor does not keep what is written to it")                                    \
    X(ERR_SILENT, -71, "the sensor gives no samples any more")

typedef enum {
#define TG_ACCEL_ENUM(name, value, text) TG_ACCEL_##name = (value),
    TG_ACCEL_ERR_LIST(TG_ACCEL_ENUM)
#undef TG_ACCEL_ENUM
} tg_accel_err;

/* What a sensor is asked for, and what it then really does. */
typedef struct {
    uint32_t rate_mhz;      /* samples per second, in millihertz */
    uint16_t full_scale_mg; /* largest magnitude it can report, milli-g */
} tg_accel_setting;

typedef struct {
    void *ctx;
    const char *name; /* of the part, such as "lis3dh" */

    /* Starts sampling at the rate and range nearest to those wanted. Fills *actual with what they really
     * are: whether that is near enough is the caller's to judge. Returns 0 or a negative tg_accel_err. */
    int (*start)(void *ctx, const tg_accel_setting *wanted, tg_accel_setting *actual);

    /* Takes the oldest samples not yet taken, at most capacity, in milli-g along the chip's own axes
     * (tg_axes.h turns them into the frame). They are consecutive; *lost receives how many samples were
     * lost between the last one taken before and the first one taken now, *newest_us when the last of those
     * given was taken: the board's time, as its interrupt for that sample stamped it (where one interrupt
     * announces several samples: its stamp, less the sensor's own period for each sample that came later).
     * Returns how many were taken, 0 when none is ready yet, or a negative tg_accel_err. */
    int (*read)(void *ctx, int16_t (*samples)[TG_ACCEL_AXES], size_t capacity, uint32_t *lost,
                uint64_t *newest_us);
} tg_accel;

/* One line about a tg_accel_err, or "?" for an unknown value. A static string. */
const char *tg_accel_err_text(int err);

#endif
