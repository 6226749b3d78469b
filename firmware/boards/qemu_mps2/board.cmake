include(boards/common/sources.cmake)
set(TG_BOARD_CPU cortex-m4f)
set(TG_BOARD_SOURCES
    ${TG_ARMV7M_SOURCES}
    qemu_mps2/board.c
    qemu_mps2/clock.c
    qemu_mps2/line.c
)
