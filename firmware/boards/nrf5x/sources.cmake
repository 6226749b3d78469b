# What the boards with an nRF5x share, relative to boards/.
set(TG_NRF5X_SOURCES
    common/symbol.c
    nrf5x/board.c
    nrf5x/bus.c
    nrf5x/clock.c
    nrf5x/line.c
    nrf5x/matrix.c
    nrf5x/twi.c
)
