/* I2C0 at 400 kHz, as the bus of the drivers. */
#ifndef TG_I2C_H
#define TG_I2C_H

#include "../../drivers/tg_bus.h"

/* Sets the pins and the controller up. */
void i2c_init(void);

/* transfer and recover of tg_bus. */
int i2c_transfer(void *ctx, uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                 size_t in_size);
void i2c_recover(void *ctx);

#endif
