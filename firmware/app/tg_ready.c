#include "tg_app.h"

#define PERMILLE   1000U
#define FAULTS_MAX 3U      /* at the start, in a row: then better only talk */
#define AGAIN_US   750000U /* a sensor that failed is started again at the first wake so much later */

static int refuse(tg_app *app, tg_refused what, uint32_t expected, uint32_t found) {
    app->state = what == TG_REFUSED_SENSOR ? TG_STATE_SENSOR : TG_STATE_REFUSED;
    app->refused =
        (tg_refused_message){.what = (uint8_t)what, .expected = (int32_t)expected, .found = (int32_t)found};
    app->owed |= TG_OWE_REFUSED;
    return 0;
}

void tg_ready_sensor_failed(tg_app *app, int err) {
    (void)refuse(app, TG_REFUSED_SENSOR, 0, (uint32_t)err);
    app->failed_us = tg_board_time_us();
}

static int open_model(tg_app *app, void *arena, size_t arena_size) {
    const tg_app_model *model = app->model;
    tg_fault fault = {.op = -1, .opcode = -1, .arena_needed = 0};
    int err =
        tg_recognizer_open(&app->recognizer, model->data, model->size, model->ops, arena, arena_size, &fault);
    if (err == 0) {
        err = tg_recognizer_self_test(&app->recognizer);
    }
    if (err == 0) {
        return 1;
    }
    (void)refuse(app, TG_REFUSED_MODEL, 0, (uint32_t)err);
    app->refused.detail = fault.op;
    app->refused.more = err == TG_ERR_ARENA ? (int32_t)fault.arena_needed : fault.opcode;
    return 0;
}

/* Which axis of the frame each channel is; anything else this board does not measure. */
static int order_channels(tg_app *app) {
    const tg_contract *contract = &app->recognizer.contract;
    if (contract->frame != TG_FRAME_FACE) {
        return refuse(app, TG_REFUSED_FRAME, contract->frame, TG_FRAME_FACE);
    }
    for (unsigned i = 0; i < contract->channel_count; i++) {
        if (contract->channels[i] < TG_ACCELERATION_X || contract->channels[i] > TG_ACCELERATION_Z) {
            return refuse(app, TG_REFUSED_CHANNEL, contract->channels[i], 0);
        }
        app->order[i] = (uint8_t)(contract->channels[i] - TG_ACCELERATION_X);
    }
    return 1;
}

static void start_sensor(tg_app *app) {
    const tg_contract *contract = &app->recognizer.contract;
    const tg_accel_setting wanted = {.rate_mhz = contract->rate_mhz, .full_scale_mg = contract->full_scale};
    tg_accel_setting actual;
    app->accel = tg_board_accel();
    if (app->accel == NULL || !tg_axes_valid(&tg_board_axes)) {
        tg_ready_sensor_failed(app, 0);
        return;
    }
    int err = app->accel->start(app->accel->ctx, &wanted, &actual);
    if (err < 0) {
        tg_ready_sensor_failed(app, err);
        return;
    }
    uint32_t off = actual.rate_mhz > wanted.rate_mhz ? actual.rate_mhz - wanted.rate_mhz
                                                     : wanted.rate_mhz - actual.rate_mhz;
    app->rate_mhz = actual.rate_mhz;
    if ((uint64_t)off * PERMILLE > (uint64_t)wanted.rate_mhz * contract->rate_tolerance_permille) {
        (void)refuse(app, TG_REFUSED_RATE, wanted.rate_mhz, actual.rate_mhz);
        app->refused.detail = contract->rate_tolerance_permille;
    } else if (actual.full_scale_mg != wanted.full_scale_mg) {
        (void)refuse(app, TG_REFUSED_FULL_SCALE, wanted.full_scale_mg, actual.full_scale_mg);
    }
}

void tg_ready_check(tg_app *app, void *arena, size_t arena_size) {
    const tg_fault_record *fault = tg_board_fault();
    unsigned allowed = (tg_board_mode() & TG_MODE_END) != 0 ? 1 : FAULTS_MAX;
    app->state = TG_STATE_RUNNING;
    if (fault != NULL && fault->in_a_row >= allowed) {
        (void)refuse(app, TG_REFUSED_FAULTS, 0, fault->cause);
    } else if (open_model(app, arena, arena_size) && order_channels(app)) {
        start_sensor(app);
    }
}

void tg_ready_try_sensor(tg_app *app) {
    if (app->owed != 0 || tg_board_time_us() - app->failed_us < AGAIN_US) {
        return;
    }
    const int32_t told = app->refused.found;
    app->state = TG_STATE_RUNNING;
    start_sensor(app);
    if (app->state == TG_STATE_RUNNING) {
        app->newest_us = 0;
        app->booted = 0;
        if (!app->replay.active) {
            tg_sampling_restart(app);
        }
        app->owed |= TG_OWE_HELLO;
    } else if (app->state == TG_STATE_SENSOR && app->refused.found == told) {
        app->owed &= ~TG_OWE_REFUSED; /* it was said before */
    }
}
