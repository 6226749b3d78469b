include(boards/common/sources.cmake)
include(boards/nrf5x/sources.cmake)
set(TG_BOARD_CPU cortex-m0)
set(TG_BOARD_SOURCES
    ${TG_ARMV6M_SOURCES}
    ${TG_NRF5X_SOURCES}
    microbit_v1/board.c
)
