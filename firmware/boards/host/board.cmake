# The host itself: a process that speaks the link on a pseudo-terminal or on TCP.
set(TG_BOARD_CPU native)
set(TG_BOARD_SOURCES
    common/queue.c
    host/board.c
    host/line.c
    host/reset.c
)
