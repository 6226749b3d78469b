include(boards/common/sources.cmake)
include(boards/nrf5x/sources.cmake)
set(TG_BOARD_CPU cortex-m4f)
set(TG_BOARD_SOURCES
    ${TG_ARMV7M_SOURCES}
    ${TG_NRF5X_SOURCES}
    microbit_v2/board.c
)
