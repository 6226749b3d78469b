#include "matrix.h"

#include "clock.h"
#include "nrf5x.h"
#include "pins.h"

#define ROW_US  3000U
#define SHOW_US 700000U

static uint32_t shown;
static volatile uint32_t rows_left;
static unsigned row;

void matrix_init(void) {
    const nrf5x_pins *pins = &tg_nrf5x_pins;
    for (unsigned i = 0; i < pins->row_count; i++) {
        GPIO_OUTCLR(pins->rows[i]) = GPIO_BIT(pins->rows[i]);
        GPIO_CNF(pins->rows[i]) = CNF_OUTPUT;
    }
    for (unsigned i = 0; i < pins->column_count; i++) {
        GPIO_OUTSET(pins->columns[i]) = GPIO_BIT(pins->columns[i]);
        GPIO_CNF(pins->columns[i]) = CNF_OUTPUT;
    }
}

void matrix_show(uint32_t symbol) {
    shown = symbol;
    rows_left = SHOW_US / ROW_US;
    clock_every(CLOCK_LIGHTS, ROW_US);
}

void matrix_interrupt(void) {
    const nrf5x_pins *pins = &tg_nrf5x_pins;
    GPIO_OUTCLR(pins->rows[row]) = GPIO_BIT(pins->rows[row]);
    for (unsigned i = 0; i < pins->column_count; i++) {
        GPIO_OUTSET(pins->columns[i]) = GPIO_BIT(pins->columns[i]);
    }
    if (rows_left == 0) {
        clock_every(CLOCK_LIGHTS, 0);
        return;
    }
    rows_left--;
    row = (row + 1) % pins->row_count;
    for (unsigned i = 0; i < NRF5X_LIGHTS; i++) {
        if (pins->lights[i].row == row && (shown >> i & 1U)) {
            unsigned column = pins->columns[pins->lights[i].column];
            GPIO_OUTCLR(column) = GPIO_BIT(column);
        }
    }
    GPIO_OUTSET(pins->rows[row]) = GPIO_BIT(pins->rows[row]);
}
