# What boards with a processor of their own share, relative to boards/.
set(common
    common/fault.c
    common/kept.c
    common/line.c
    common/mem.c
    common/memory.c
    common/queue.c
    common/sleep.c
)
set(TG_ARMV6M_SOURCES ${common} common/armv6m_fault.c common/armv6m_start.c)
set(TG_ARMV7M_SOURCES ${common} common/armv7m_fault.c common/armv7m_start.c)
