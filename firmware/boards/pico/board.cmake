set(TG_BOARD_CPU cortex-m0plus)
set(TG_BOARD_SOURCES
    common/armv6m_fault.c
    common/armv6m_start.c
    common/kept.c
    common/line.c
    common/mem.c
    common/memory.c
    common/queue.c
    common/sleep.c
    pico/board.c
    pico/boot2.c
    pico/clock.c
    pico/i2c.c
    pico/line.c
)
