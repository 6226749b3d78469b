# Sources of the application, relative to firmware/app.
set(TG_APP_SOURCES
    main.c
    tg_app.c
    tg_text.c
)
