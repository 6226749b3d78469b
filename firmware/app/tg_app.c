#include "tg_app.h"

#include <string.h>

#define BATCH       16      /* samples read at a time */
#define SAY_WAIT_US 100000U /* how long a line may wait for room on the console */
#define PERMILLE    1000U

static void say(tg_app *app) {
    tg_text_end(&app->line);
    uint64_t start = tg_board_time_us();
    while (tg_board_write((const uint8_t *)app->line.bytes, app->line.size) == 0) {
        if (tg_board_time_us() - start > SAY_WAIT_US) {
            app->unsaid++;
            return;
        }
        tg_board_sleep();
    }
}

static void begin(tg_app *app, const char *word) {
    tg_text_start(&app->line);
    tg_text_add(&app->line, word);
}

static void add_number(tg_app *app, const char *key, int64_t value) {
    tg_text_add(&app->line, key);
    tg_text_number(&app->line, value);
}

static void begin_refusal(tg_app *app, const char *field, int64_t expected, int64_t found) {
    begin(app, "refused field=");
    tg_text_add(&app->line, field);
    add_number(app, " expected=", expected);
    add_number(app, " found=", found);
}

static tg_exit refuse(tg_app *app, const char *field, int64_t expected, int64_t found) {
    begin_refusal(app, field, expected, found);
    say(app);
    return TG_EXIT_REFUSED;
}

static tg_exit refuse_model(tg_app *app, int err, const tg_fault *fault) {
    begin(app, "refused field=model expected=OK found=");
    tg_text_add(&app->line, tg_err_name(err));
    add_number(app, " op=", fault->op);
    add_number(app, " opcode=", fault->opcode);
    add_number(app, " arena_needed=", fault->arena_needed);
    tg_text_add(&app->line, " text=");
    tg_text_add(&app->line, tg_err_text(err));
    say(app);
    return TG_EXIT_REFUSED;
}

static tg_exit sensor_failed(tg_app *app, const char *name, const char *text) {
    begin(app, "sensor error=");
    tg_text_add(&app->line, name);
    tg_text_add(&app->line, " text=");
    tg_text_add(&app->line, text);
    say(app);
    return TG_EXIT_SENSOR;
}

static void banner(tg_app *app, const tg_app_model *model) {
    begin(app, "tinygesture board=");
    tg_text_add(&app->line, tg_board_name);
    tg_text_add(&app->line, " interface=");
    tg_text_hex(&app->line, model->interface_id, TG_INTERFACE_ID_SIZE);
    tg_text_add(&app->line, " model=");
    tg_text_hex(&app->line, model->model_id, TG_MODEL_ID_SIZE);
    say(app);
}

static tg_exit open_model(tg_app *app, const tg_app_model *model, void *arena, size_t arena_size) {
    tg_fault fault = {.op = -1, .opcode = -1, .arena_needed = 0};
    int err =
        tg_recognizer_open(&app->recognizer, model->data, model->size, model->ops, arena, arena_size, &fault);
    if (err == 0) {
        err = tg_recognizer_self_test(&app->recognizer);
    }
    return err == 0 ? TG_EXIT_DONE : refuse_model(app, err, &fault);
}

/* Which axis of the frame each channel is; anything else this board does not measure. */
static tg_exit order_channels(tg_app *app) {
    const tg_contract *contract = &app->recognizer.contract;
    if (contract->frame != TG_FRAME_FACE) {
        return refuse(app, "frame", contract->frame, TG_FRAME_FACE);
    }
    for (unsigned i = 0; i < contract->channel_count; i++) {
        if (contract->channels[i] < TG_ACCELERATION_X || contract->channels[i] > TG_ACCELERATION_Z) {
            return refuse(app, "channel", contract->channels[i], 0);
        }
        app->order[i] = (uint8_t)(contract->channels[i] - TG_ACCELERATION_X);
    }
    return TG_EXIT_DONE;
}

static tg_exit start_sensor(tg_app *app, const tg_accel *accel) {
    const tg_contract *contract = &app->recognizer.contract;
    const tg_accel_setting wanted = {.rate_mhz = contract->rate_mhz, .full_scale_mg = contract->full_scale};
    tg_accel_setting actual;
    int err = accel->start(accel->ctx, &wanted, &actual);
    if (err < 0) {
        return sensor_failed(app, tg_accel_err_name(err), tg_accel_err_text(err));
    }
    uint32_t off = actual.rate_mhz > wanted.rate_mhz ? actual.rate_mhz - wanted.rate_mhz
                                                     : wanted.rate_mhz - actual.rate_mhz;
    if ((uint64_t)off * PERMILLE > (uint64_t)wanted.rate_mhz * contract->rate_tolerance_permille) {
        begin_refusal(app, "rate_mhz", wanted.rate_mhz, actual.rate_mhz);
        add_number(app, " tolerance_permille=", contract->rate_tolerance_permille);
        say(app);
        return TG_EXIT_REFUSED;
    }
    if (actual.full_scale_mg != wanted.full_scale_mg) {
        return refuse(app, "full_scale_mg", wanted.full_scale_mg, actual.full_scale_mg);
    }
    begin(app, "ready");
    add_number(app, " rate_mhz=", actual.rate_mhz);
    add_number(app, " full_scale_mg=", actual.full_scale_mg);
    add_number(app, " window=", contract->window);
    add_number(app, " hop=", contract->hop);
    add_number(app, " labels=", contract->label_count);
    add_number(app, " self_tests=", contract->self_test_count);
    add_number(app, " arena=", (int64_t)tg_recognizer_arena_size(&app->recognizer));
    say(app);
    return TG_EXIT_DONE;
}

static void gap(tg_app *app, uint32_t lost) {
    app->base += app->recognizer.samples + lost;
    app->lost += lost;
    tg_recognizer_reset(&app->recognizer);
    begin(app, "lost");
    add_number(app, " samples=", lost);
    add_number(app, " at=", app->base - lost);
    say(app);
}

static void say_outputs(tg_app *app) {
    const tg_model *model = &app->recognizer.model;
    begin(app, "hop");
    add_number(app, " end=", app->base + app->recognizer.samples);
    tg_text_add(&app->line, " outputs=");
    tg_text_hex(&app->line, (const uint8_t *)tg_model_output(model), tg_model_output_tensor(model)->size);
    say(app);
}

static void say_event(tg_app *app, const tg_event *event) {
    size_t size;
    const char *label = tg_contract_label(&app->recognizer.contract, event->label, &size);
    begin(app, "event score=");
    tg_text_score(&app->line, event->score);
    add_number(app, " start=", app->base + event->start);
    add_number(app, " end=", app->base + event->end);
    tg_text_add(&app->line, " label=");
    tg_text_bytes(&app->line, label, size);
    say(app);
}

static void take(tg_app *app, const int16_t chip[TG_ACCEL_AXES]) {
    int16_t frame[TG_ACCEL_AXES];
    int16_t sample[TG_MAX_CHANNELS];
    tg_event event;
    tg_axes_turn(&tg_board_axes, chip, frame);
    for (unsigned i = 0; i < app->recognizer.contract.channel_count; i++) {
        sample[i] = frame[app->order[i]];
    }
    int pushed = tg_recognizer_push(&app->recognizer, sample, &event);
    if (pushed & TG_PUSH_HOP) {
        app->hops++;
        if (tg_board_mode() & TG_MODE_OUTPUTS) {
            say_outputs(app);
        }
    }
    if (pushed & TG_PUSH_EVENT) {
        app->events++;
        say_event(app, &event);
    }
}

static int sample_until_end(tg_app *app, const tg_accel *accel) {
    int16_t batch[BATCH][TG_ACCEL_AXES];
    for (;;) {
        uint32_t lost;
        uint64_t newest_us;
        tg_board_feed_watchdog();
        int count = accel->read(accel->ctx, batch, BATCH, &lost, &newest_us);
        if (count < 0) {
            return count;
        }
        if (count == 0) {
            tg_board_sleep();
            continue;
        }
        if (lost > 0) {
            gap(app, lost);
        }
        for (int i = 0; i < count; i++) {
            take(app, batch[i]);
        }
    }
}

static void say_end(tg_app *app, uint64_t time_us, uint64_t asleep_us) {
    begin(app, "end");
    add_number(app, " samples=", app->base + app->recognizer.samples);
    add_number(app, " hops=", app->hops);
    add_number(app, " events=", app->events);
    add_number(app, " lost=", app->lost);
    add_number(app, " unsaid=", app->unsaid);
    add_number(app, " asleep_permille=", time_us > 0 ? (int64_t)(asleep_us * PERMILLE / time_us) : 0);
    add_number(app, " stack=", (int64_t)tg_board_stack_used());
    add_number(app, " stack_size=", (int64_t)tg_board_stack_size());
    say(app);
}

tg_exit tg_app_run(tg_app *app, const tg_app_model *model, void *arena, size_t arena_size) {
    memset(app, 0, sizeof *app);
    banner(app, model);
    const tg_fault_record *fault = tg_board_fault();
    if (fault != NULL) {
        begin(app, "fault exception=");
        tg_text_number(&app->line, fault->exception);
        add_number(app, " pc=", fault->pc);
        add_number(app, " cfsr=", fault->status);
        add_number(app, " cause=", fault->cause);
        say(app);
        return TG_EXIT_FAULT;
    }
    tg_exit refused = open_model(app, model, arena, arena_size);
    if (refused == TG_EXIT_DONE) {
        refused = order_channels(app);
    }
    if (refused != TG_EXIT_DONE) {
        return refused;
    }
    const tg_accel *accel = tg_board_accel();
    if (accel == NULL || !tg_axes_valid(&tg_board_axes)) {
        return sensor_failed(app, "ABSENT", "the accelerometer does not answer");
    }
    refused = start_sensor(app, accel);
    if (refused != TG_EXIT_DONE) {
        return refused;
    }
    uint64_t start = tg_board_time_us();
    uint64_t asleep = tg_board_asleep_us();
    int err = sample_until_end(app, accel);
    say_end(app, tg_board_time_us() - start, tg_board_asleep_us() - asleep);
    return err == TG_ACCEL_END ? TG_EXIT_DONE
                               : sensor_failed(app, tg_accel_err_name(err), tg_accel_err_text(err));
}
