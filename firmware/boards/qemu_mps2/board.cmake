set(TG_BOARD_CPU cortex-m4f)
set(TG_BOARD_SOURCES
    common/armv7m_fault.c
    common/armv7m_start.c
    common/kept.c
    common/line.c
    common/mem.c
    common/memory.c
    common/queue.c
    common/sleep.c
    qemu_mps2/board.c
    qemu_mps2/clock.c
    qemu_mps2/line.c
)
