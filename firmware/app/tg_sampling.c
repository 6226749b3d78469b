#include <string.h>

#include "tg_app.h"

#define READ_AT_ONCE 16
#define TOGETHER_US  100000U /* samples are sent ten times a second */
#define MHZ_US       1000000000U
#define LONGEST_STEP UINT16_MAX

static uint32_t period_us(const tg_app *app) {
    return MHZ_US / app->rate_mhz;
}

void tg_sampling_flush(tg_app *app) {
    tg_batch *batch = &app->batch;
    if (batch->size > 0 && (app->streams & TG_STREAM_SAMPLES) != 0) {
        const tg_samples_message message = {
            .channels = app->recognizer.contract.channel_count,
            .seq = batch->seq,
            .t_us = batch->t_us,
            .records = {batch->records, batch->size},
        };
        tg_line_stream(&app->line, TG_MESSAGE_SAMPLES, &message);
    }
    batch->size = 0;
}

static void put_u16(uint8_t *at, unsigned value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void add_to_batch(tg_app *app, const int16_t *sample, uint64_t t_us) {
    tg_batch *batch = &app->batch;
    unsigned channels = app->recognizer.contract.channel_count;
    unsigned record = 2U + 2U * channels;
    if (batch->size > 0 && t_us - batch->last_us > LONGEST_STEP) {
        tg_sampling_flush(app);
    }
    if (batch->size == 0) {
        batch->seq = app->taken;
        batch->t_us = t_us;
        batch->last_us = t_us;
    }
    uint8_t *at = batch->records + batch->size;
    put_u16(at, (unsigned)(t_us - batch->last_us));
    for (unsigned i = 0; i < channels; i++) {
        put_u16(at + 2 + 2 * i, (uint16_t)sample[i]);
    }
    batch->last_us = t_us;
    batch->size = (uint8_t)(batch->size + record);
    if (batch->size + record > TG_RECORDS_MAX || t_us - batch->t_us + period_us(app) >= TOGETHER_US) {
        tg_sampling_flush(app);
    }
}

int tg_sampling_send(tg_app *app, tg_message_type type, tg_source source, const tg_event *event) {
    const tg_recognizer *r = &app->recognizer;
    uint32_t base = source == TG_SOURCE_SENSOR ? app->base : 0;
    if (type == TG_MESSAGE_OUTPUTS) {
        const tg_outputs_message message = {
            .source = (uint8_t)source,
            .end = base + r->samples,
            .outputs = {(const uint8_t *)tg_model_output(&r->model), r->contract.label_count},
        };
        return tg_line_send(&app->line, type, &message);
    }
    size_t size;
    const char *label = tg_contract_label(&r->contract, event->label, &size);
    const tg_event_message message = {
        .source = (uint8_t)source,
        .label = event->label,
        .score = event->score,
        .start = base + event->start,
        .end = base + event->end,
        .t_us = source == TG_SOURCE_SENSOR ? app->newest_us : 0,
        .text = {(const uint8_t *)label, (uint8_t)size},
    };
    return tg_line_send(&app->line, type, &message);
}

int tg_sampling_recognize(tg_app *app, const int16_t *sample, tg_event *event) {
    int pushed = tg_recognizer_push(&app->recognizer, sample, event);
    if ((pushed & TG_PUSH_HOP) != 0) {
        app->inferences++;
        tg_board_feed_watchdog();
        tg_board_settled();
    }
    return pushed;
}

void tg_sampling_restart(tg_app *app) {
    tg_recognizer_reset(&app->recognizer);
    app->base = app->taken;
}

static void stream(tg_app *app, uint8_t wanted, tg_message_type type, const tg_event *event) {
    if ((app->streams & wanted) != 0 && !tg_sampling_send(app, type, TG_SOURCE_SENSOR, event)) {
        tg_line_drop(&app->line);
    }
}

static void recognize(tg_app *app, const int16_t *sample) {
    tg_event event;
    int pushed = tg_sampling_recognize(app, sample, &event);
    if ((pushed & TG_PUSH_HOP) != 0) {
        stream(app, TG_STREAM_OUTPUTS, TG_MESSAGE_OUTPUTS, NULL);
    }
    if ((pushed & TG_PUSH_EVENT) != 0) {
        size_t size;
        const char *label = tg_contract_label(&app->recognizer.contract, event.label, &size);
        app->events++;
        app->label_events[event.label]++;
        tg_board_show_event(event.label, label, size);
        stream(app, TG_STREAM_EVENTS, TG_MESSAGE_EVENT, &event);
    }
}

static void take(tg_app *app, const int16_t chip[TG_ACCEL_AXES], uint64_t t_us) {
    int16_t frame[TG_ACCEL_AXES];
    int16_t sample[TG_MAX_CHANNELS];
    tg_axes_turn(&tg_board_axes, chip, frame);
    for (unsigned i = 0; i < app->recognizer.contract.channel_count; i++) {
        sample[i] = frame[app->order[i]];
    }
    if ((app->streams & TG_STREAM_SAMPLES) != 0) {
        add_to_batch(app, sample, t_us);
    }
    app->taken++;
    app->newest_us = t_us;
    if (!app->replay.active) {
        recognize(app, sample);
    }
}

static void gap(tg_app *app, uint32_t lost) {
    const tg_lost_message message = {.seq = app->taken, .samples = lost};
    tg_sampling_flush(app);
    app->taken += lost;
    app->lost += lost;
    app->overruns++;
    if (!app->replay.active) {
        tg_sampling_restart(app);
    }
    if (app->streams != 0) {
        tg_line_stream(&app->line, TG_MESSAGE_LOST, &message);
    }
}

int tg_sampling_step(tg_app *app) {
    int16_t samples[READ_AT_ONCE][TG_ACCEL_AXES];
    uint32_t lost;
    uint64_t newest_us;
    int count = app->accel->read(app->accel->ctx, samples, READ_AT_ONCE, &lost, &newest_us);
    if (count < 0) {
        tg_sampling_flush(app);
    }
    if (count <= 0) {
        return count;
    }
    /* Even steps from the newest sample of the last read to that of this one. */
    uint32_t step = period_us(app);
    if (app->newest_us != 0) {
        step = (uint32_t)(newest_us - app->newest_us) / (lost + (uint32_t)count);
    }
    if (lost > 0) {
        gap(app, lost);
    }
    for (int i = 0; i < count; i++) {
        take(app, samples[i], newest_us - (uint64_t)step * (uint32_t)(count - 1 - i));
    }
    return 1;
}
