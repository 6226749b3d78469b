/* Bus: how drivers reach the registers of a sensor; a board fills in the functions.
 *
 * Everything here returns within a bounded time, whatever hangs on the bus, and is never called from an
 * interrupt. An operation that fails is tried again, after the bus was freed, TG_BUS_TRIES times in all.
 */
#ifndef TG_BUS_H
#define TG_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "tg_accel.h"

#define TG_BUS_TRIES 3U

typedef struct {
    void *ctx;

    /* Writes out_size bytes (one at least) to the device at a 7-bit address, then, when in_size is not 0,
     * reads in_size bytes after a repeated start; ends with a stop. Bounded: a few times as long as the bytes
     * take at the bus's clock. Returns 0, TG_ACCEL_ERR_ABSENT when the device does not acknowledge, or
     * TG_ACCEL_ERR_BUS. After a failure the bytes read are undefined. */
    int (*transfer)(void *ctx, uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                    size_t in_size);

    /* Frees a bus that a device holds in the middle of a byte (nine clocks and a stop) and sets the
     * controller up again. */
    void (*recover)(void *ctx);

    /* The board's time, microseconds: tells when samples were taken, and how many were lost. */
    uint64_t (*time_us)(void *ctx);

    /* From now on wake the processor at least this often: each time a driver is to be asked for samples. */
    void (*pace)(void *ctx, uint32_t period_us);
} tg_bus;

/* Reads consecutive registers from `first` on; `first` is sent as it is. Returns 0 or what transfer gave
 * last.
 */
int tg_bus_read(const tg_bus *bus, uint8_t address, uint8_t first, uint8_t *in, size_t size);

/* Writes one register. Returns 0 or what transfer gave last. */
int tg_bus_write(const tg_bus *bus, uint8_t address, uint8_t reg, uint8_t value);

/* Writes registers from pairs {register, value}, then reads each of them back.
 * Returns 0, an error of transfer, or TG_ACCEL_ERR_SETTING when one reads otherwise. */
int tg_bus_set_up(const tg_bus *bus, uint8_t address, const uint8_t (*pairs)[2], size_t count);

/* Reads an identity register and compares. Returns 0, an error of transfer, or TG_ACCEL_ERR_ID. */
int tg_bus_identify(const tg_bus *bus, uint8_t address, uint8_t reg, uint8_t expected);

#endif
