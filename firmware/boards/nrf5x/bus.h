/* The bus of the sensors of these boards. */
#ifndef TG_NRF5X_BUS_H
#define TG_NRF5X_BUS_H

#include "../../drivers/tg_bus.h"

extern const tg_bus nrf5x_bus;

#endif
