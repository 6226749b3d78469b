/* NXP MMA8653FC accelerometer. It has no FIFO: each sample is taken before the next one comes.
 *
 * Registers and bits have the names of its data sheet (NXP, MMA8653FC). Rates: 6.25, 12.5, 50, 100, 200, 400
 * and 800 Hz. Full scales: 2, 4 and 8 g. Resolution: 10 bits.
 */
#ifndef TG_MMA8653_H
#define TG_MMA8653_H

#include "../tg_bus.h"
#include "../tg_sample_clock.h"

#define TG_MMA8653_ADDRESS 0x1DU

typedef struct {
    const tg_bus *bus;
    uint8_t range;  /* index of the full scale */
    uint8_t unsure; /* 1 when a failed transfer may have taken a sample */
    tg_sample_clock clock;
} tg_mma8653;

/* Makes *accel the part; touches nothing yet. self and bus stay in place. */
void tg_mma8653_init(tg_mma8653 *self, const tg_bus *bus, tg_accel *accel);

/* Looks whether the part answers. Returns 0, TG_ACCEL_ERR_ABSENT, _ERR_ID or _ERR_BUS. */
int tg_mma8653_probe(const tg_bus *bus);

#endif
