set(TG_BOARD_CPU cortex-m4f)
set(TG_BOARD_SOURCES
    common/armv7m_fault.c
    common/armv7m_start.c
    common/kept.c
    common/mem.c
    common/memory.c
    common/queue.c
    common/sleep.c
    common/symbol.c
    microbit_v2/board.c
    nrf5x/board.c
    nrf5x/bus.c
    nrf5x/clock.c
    nrf5x/line.c
    nrf5x/matrix.c
    nrf5x/twi.c
)
