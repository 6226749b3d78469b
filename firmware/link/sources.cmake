# Sources of the link, relative to firmware/link.
set(TG_LINK_SOURCES
    tg_crc32.c
    tg_frame.c
    tg_message.c
)
