# Sources of the drivers, relative to firmware/drivers. Part of every board; the linker drops what is unused.
set(TG_DRIVER_SOURCES
    lis3dh/tg_lis3dh.c
    mma8653/tg_mma8653.c
    tg_accel.c
    tg_axes.c
    tg_bus.c
    tg_sample_clock.c
    tg_setting.c
    virtual/tg_virtual_accel.c
)
