/* TWI0 at 400 kHz, as the bus of the drivers. */
#ifndef TG_TWI_H
#define TG_TWI_H

#include "../../drivers/tg_bus.h"

/* transfer and recover of tg_bus; twi_recover() also sets the controller up the first time. */
int twi_transfer(void *ctx, uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                 size_t in_size);
void twi_recover(void *ctx);

#endif
