# Sources of the application, relative to firmware/app.
set(TG_APP_SOURCES
    main.c
    tg_app.c
    tg_host.c
    tg_line.c
    tg_ready.c
    tg_replay.c
    tg_sampling.c
)
