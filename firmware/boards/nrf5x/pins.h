/* What a board with an nRF5x says of itself: its pins. A pin is its number, plus 32 on port 1. */
#ifndef TG_NRF5X_PINS_H
#define TG_NRF5X_PINS_H

#include <stdint.h>

/* A light of the matrix: which row is driven high and which column low. */
typedef struct {
    uint8_t row;
    uint8_t column;
} nrf5x_light;

#define NRF5X_LIGHTS 25U /* five rows of five, from the top left */

typedef struct {
    uint8_t tx; /* to the host */
    uint8_t rx;
    uint8_t scl;
    uint8_t sda;
    uint8_t row_count;
    uint8_t column_count;
    const uint8_t *rows;       /* pins that light up high */
    const uint8_t *columns;    /* pins that light up low */
    const nrf5x_light *lights; /* NRF5X_LIGHTS of them */
} nrf5x_pins;

extern const nrf5x_pins tg_nrf5x_pins;

#endif
