# Sources of the drivers, relative to firmware/drivers. Part of every board; the linker drops what is unused.
set(TG_DRIVER_SOURCES
    tg_accel.c
    tg_axes.c
    virtual/tg_virtual_accel.c
)
