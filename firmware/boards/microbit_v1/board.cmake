set(TG_BOARD_CPU cortex-m0)
set(TG_BOARD_SOURCES
    common/armv6m_fault.c
    common/armv6m_start.c
    common/kept.c
    common/mem.c
    common/memory.c
    common/queue.c
    common/sleep.c
    common/symbol.c
    microbit_v1/board.c
    nrf5x/board.c
    nrf5x/bus.c
    nrf5x/clock.c
    nrf5x/line.c
    nrf5x/matrix.c
    nrf5x/twi.c
)
