/* Virtual accelerometer: plays a log that lies in memory, one sample per tick of the board's timer.
 *
 * Log image, little-endian:
 *     offset  size
 *          0     4  magic "TGLI"
 *          4     2  version, 1
 *          6     2  size of this header, 24: where the samples start
 *          8     4  flags: TG_IMAGE_ bits; an unknown one refuses the image
 *         12     4  sampling rate, millihertz, 1000 .. 1000000
 *         16     2  full scale, milli-g, 1 .. 32767
 *         18     2  values per sample, 3
 *         20     4  number of samples
 *         24     -  samples: 3 x int16 each, milli-g, x y z of the chip
 *
 * As in a real part, samples wait in a FIFO of TG_VIRTUAL_FIFO; when it overruns the oldest are lost, and
 * the next read says how many.
 */
#ifndef TG_VIRTUAL_ACCEL_H
#define TG_VIRTUAL_ACCEL_H

#include "../tg_accel.h"

#define TG_IMAGE_VERSION     1U
#define TG_IMAGE_HEADER_SIZE 24U
#define TG_IMAGE_MODE        7U /* handed on to the application: TG_MODE_ bits of boards/tg_board.h */
#define TG_IMAGE_REPEAT      8U /* after its end the log is played again, for ever */

#define TG_VIRTUAL_FIFO 32U

/* A checked log image; samples point into it. */
typedef struct {
    uint32_t flags;
    uint32_t rate_mhz;
    uint16_t full_scale_mg;
    uint32_t count;
    const int16_t (*samples)[TG_ACCEL_AXES];
} tg_log_image;

/* Reads an image of at most size bytes, 4-byte aligned. Returns 0 or TG_ACCEL_ERR_IMAGE. */
int tg_log_image_read(tg_log_image *image, const uint8_t *bytes, size_t size);

typedef struct {
    tg_log_image image;
    void (*pace)(uint32_t rate_mhz);  /* the board's: from now on call tg_virtual_accel_tick at this rate */
    volatile uint32_t ticks;          /* samples the sensor has taken; written by the interrupt only */
    uint64_t stamps[TG_VIRTUAL_FIFO]; /* when they were taken, sample n at n % TG_VIRTUAL_FIFO; likewise */
    uint32_t taken;                   /* samples read or lost; written by the reader only */
} tg_virtual_accel;

/* Makes *accel play the image. self stays owned by the caller and in place. */
void tg_virtual_accel_init(tg_virtual_accel *self, const tg_log_image *image, void (*pace)(uint32_t rate_mhz),
                           tg_accel *accel);

/* The next sample is ready, at this time of the board. Safe in an interrupt. */
void tg_virtual_accel_tick(tg_virtual_accel *self, uint64_t now_us);

#endif
