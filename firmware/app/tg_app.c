#include "tg_app.h"

#include <string.h>

/* An emulated board without a host: everything is sent that it was told to send, and then it ends. */
static void finish(tg_app *app) {
    tg_exit code = TG_EXIT_REFUSED;
    if (app->refused.what == TG_REFUSED_FAULTS) {
        code = TG_EXIT_FAULT;
    } else if (app->refused.what == TG_REFUSED_SENSOR) {
        code = app->refused.found == TG_ACCEL_END ? TG_EXIT_DONE : TG_EXIT_SENSOR;
    }
    app->end.code = (uint8_t)code;
    app->owed |= TG_OWE_STATS | TG_OWE_END;
}

int tg_app_step(tg_app *app) {
    tg_board_feed_watchdog();
    int busy = tg_host_listen(app);
    if (app->state == TG_STATE_RUNNING) {
        int taken = tg_sampling_step(app);
        if (taken < 0) {
            tg_ready_sensor_failed(app, taken);
        }
        busy |= taken != 0;
    } else if (app->state == TG_STATE_SENSOR && (tg_board_mode() & TG_MODE_END) == 0) {
        tg_ready_try_sensor(app);
    }
    if (app->state != TG_STATE_REFUSED) {
        busy |= tg_replay_step(app);
    }
    return tg_host_pay(app) | busy;
}

void tg_app_start(tg_app *app, const tg_app_model *model, void *arena, size_t arena_size) {
    memset(app, 0, sizeof *app);
    app->model = model;
    unsigned mode = tg_board_mode();
    tg_line_init(&app->line);
    tg_ready_check(app, arena, arena_size);
    app->booted = 1;
    app->owed = TG_OWE_HELLO | TG_OWE_FAULT | TG_OWE_REFUSED;
    app->streams = (uint8_t)(((mode & TG_MODE_SAMPLES) != 0 ? TG_STREAM_SAMPLES : 0U) |
                             ((mode & TG_MODE_OUTPUTS) != 0 ? TG_STREAM_OUTPUTS : 0U) |
                             ((mode & TG_MODE_END) != 0 ? TG_STREAM_EVENTS : 0U));
}

_Noreturn void tg_app_run(tg_app *app, const tg_app_model *model, void *arena, size_t arena_size) {
    int ending = 0;
    tg_app_start(app, model, arena, arena_size);
    for (;;) {
        int busy = tg_app_step(app);
        if (!ending && (tg_board_mode() & TG_MODE_END) != 0 && app->state != TG_STATE_RUNNING) {
            finish(app);
            ending = 1;
        }
        if (ending && app->owed == 0) {
            tg_board_exit((tg_exit)app->end.code);
        }
        if (!busy) {
            tg_board_sleep();
        }
    }
}
