include(boards/common/sources.cmake)
set(TG_BOARD_CPU cortex-m0plus)
set(TG_BOARD_SOURCES
    ${TG_ARMV6M_SOURCES}
    pico/board.c
    pico/boot2.c
    pico/clock.c
    pico/i2c.c
    pico/line.c
)
