#include <string.h>

#include "tg_app.h"
#include "tg_version.h"

#define HOST_TYPES 0x80U /* types from here on are a board's: an echo of our own */

void tg_host_complain(tg_app *app, tg_reason reason, uint8_t message, uint32_t detail) {
    app->error = (tg_error_message){.reason = (uint8_t)reason, .message = message, .detail = detail};
    app->owed |= TG_OWE_ERROR;
}

static void asked_hello(tg_app *app, const tg_ask_hello_message *ask) {
    tg_replay_stop(app);
    app->streams = 0;
    app->batch.size = 0;
    app->booted = 0;
    app->owed = TG_OWE_HELLO | (app->owed & TG_OWE_END);
    if (ask->lowest > TG_PROTOCOL_HIGHEST || ask->highest < TG_PROTOCOL_LOWEST) {
        tg_host_complain(app, TG_REASON_VERSION, TG_MESSAGE_ASK_HELLO,
                         TG_PROTOCOL_LOWEST << 8 | TG_PROTOCOL_HIGHEST);
    } else {
        app->owed |= TG_OWE_FAULT | TG_OWE_REFUSED;
    }
}

static void asked_streams(tg_app *app, const tg_ask_streams_message *ask) {
    if ((ask->streams & ~TG_STREAM_ALL) != 0) {
        tg_host_complain(app, TG_REASON_BODY, TG_MESSAGE_ASK_STREAMS, ask->streams);
    } else if (ask->streams != 0 && app->state != TG_STATE_RUNNING) {
        tg_host_complain(app, TG_REASON_STATE, TG_MESSAGE_ASK_STREAMS, app->state);
    } else {
        tg_sampling_flush(app);
        app->streams = ask->streams;
        app->owed |= TG_OWE_STREAMS;
    }
}

static void asked_label(tg_app *app, const tg_ask_label_message *ask) {
    if (ask->label >= app->recognizer.contract.label_count) {
        tg_host_complain(app, TG_REASON_BODY, TG_MESSAGE_ASK_LABEL, ask->label);
    } else {
        app->label = ask->label;
        app->owed |= TG_OWE_LABEL;
    }
}

static void asked_replay(tg_app *app, const tg_replay_begin_message *begin) {
    if (app->state == TG_STATE_REFUSED) {
        tg_host_complain(app, TG_REASON_STATE, TG_MESSAGE_REPLAY_BEGIN, app->state);
    } else {
        tg_replay_begin(app, begin);
    }
}

static void handle(tg_app *app, const tg_packet *packet) {
    union {
        tg_ask_hello_message hello;
        tg_ask_streams_message streams;
        tg_ask_label_message label;
        tg_ask_stats_message stats;
        tg_replay_begin_message begin;
        tg_replay_data_message data;
        tg_replay_end_message end;
    } m;
    size_t fields;
    if (packet->type >= HOST_TYPES) {
        return;
    }
    if (tg_message_fields(packet->type, &fields) == NULL) {
        tg_host_complain(app, TG_REASON_TYPE, packet->type, 0);
        return;
    }
    if (tg_message_read(packet->type, packet->body, packet->size, &m) != 0) {
        tg_host_complain(app, TG_REASON_BODY, packet->type, packet->size);
        return;
    }
    switch (packet->type) {
    case TG_MESSAGE_ASK_HELLO:
        asked_hello(app, &m.hello);
        break;
    case TG_MESSAGE_ASK_STREAMS:
        asked_streams(app, &m.streams);
        break;
    case TG_MESSAGE_ASK_LABEL:
        asked_label(app, &m.label);
        break;
    case TG_MESSAGE_ASK_STATS:
        app->token = m.stats.token;
        app->owed |= TG_OWE_STATS;
        break;
    case TG_MESSAGE_REPLAY_BEGIN:
        asked_replay(app, &m.begin);
        break;
    case TG_MESSAGE_REPLAY_DATA:
        tg_replay_data(app, &m.data);
        break;
    default: /* TG_MESSAGE_REPLAY_END */
        tg_replay_end(app, &m.end);
        break;
    }
}

int tg_host_listen(tg_app *app) {
    tg_packet packet;
    /* A message that is still needed, or an answer that would be overwritten, holds up the next. */
    if (app->replay.rest.size > 0 || (app->owed & ~TG_OWE_TAKEN) != 0) {
        return 0;
    }
    if (!tg_line_receive(&app->line, &packet)) {
        return 0;
    }
    handle(app, &packet);
    return 1;
}

static tg_blob text_blob(const char *text) {
    return (tg_blob){(const uint8_t *)text, (uint8_t)strlen(text)};
}

static int say_hello(tg_app *app) {
    const tg_recognizer *r = &app->recognizer;
    const tg_contract *contract = &r->contract; /* all zero when the model was refused */
    int opened = contract->label_count > 0;
    const tg_hello_message message = {
        .lowest = TG_PROTOCOL_LOWEST,
        .highest = TG_PROTOCOL_HIGHEST,
        .booted = app->booted,
        .state = app->state,
        .capabilities = (app->state == TG_STATE_RUNNING ? TG_CAN_SAMPLES : 0U) |
                        (app->state != TG_STATE_REFUSED ? TG_CAN_REPLAY : 0U),
        .rate_mhz = app->rate_mhz,
        .contract_rate_mhz = contract->rate_mhz,
        .rate_tolerance_permille = contract->rate_tolerance_permille,
        .full_scale_mg = contract->full_scale,
        .frame = contract->frame,
        .window = contract->window,
        .hop = contract->hop,
        .labels = contract->label_count,
        .background = contract->background,
        .replay_room = tg_replay_room(app),
        .arena = opened ? (uint32_t)tg_recognizer_arena_size(r) : 0U,
        .channels = {contract->channels, contract->channel_count},
        .interface_id = {app->model->interface_id, TG_INTERFACE_ID_SIZE},
        .model_id = {app->model->model_id, TG_MODEL_ID_SIZE},
        .board = text_blob(tg_board_name),
        .firmware = text_blob(TG_VERSION),
        .sensor = text_blob(app->accel != NULL ? app->accel->name : ""),
    };
    return tg_line_send(&app->line, TG_MESSAGE_HELLO, &message);
}

static int say_fault(tg_app *app) {
    const tg_fault_record *record = tg_board_fault();
    if (record == NULL) {
        return 1;
    }
    const tg_fault_message message = {
        .cause = (uint8_t)record->cause,
        .exception = record->exception,
        .pc = record->pc,
        .status = record->status,
        .address = record->address,
    };
    return tg_line_send(&app->line, TG_MESSAGE_FAULT, &message);
}

static int say_label(tg_app *app) {
    size_t size;
    const char *label = tg_contract_label(&app->recognizer.contract, app->label, &size);
    const tg_label_message message = {.label = app->label, .text = {(const uint8_t *)label, (uint8_t)size}};
    return tg_line_send(&app->line, TG_MESSAGE_LABEL, &message);
}

static int say_stats(tg_app *app) {
    const tg_receiver *receiver = &app->line.receiver;
    uint8_t counts[4U * TG_MAX_LABELS];
    unsigned labels = app->recognizer.contract.label_count;
    for (unsigned i = 0; i < 4U * labels; i++) {
        counts[i] = (uint8_t)(app->label_events[i / 4U] >> 8U * (i % 4U));
    }
    const tg_stats_message message = {
        .token = app->token,
        .uptime_us = tg_board_time_us(),
        .asleep_us = tg_board_asleep_us(),
        .reset_cause = (uint8_t)tg_board_reset_cause(),
        .samples = app->taken,
        .lost = app->lost,
        .overruns = app->overruns,
        .inferences = app->inferences,
        .events = app->events,
        .sent = app->line.sent,
        .dropped = app->line.dropped,
        .received = receiver->frames,
        .damaged = receiver->damaged,
        .missing = receiver->missing,
        .repeated = receiver->repeated,
        .bytes_lost = tg_board_read_lost(),
        .stack = (uint32_t)tg_board_stack_used(),
        .stack_size = (uint32_t)tg_board_stack_size(),
        .label_events = {counts, (uint8_t)(4U * labels)},
    };
    return tg_line_send(&app->line, TG_MESSAGE_STATS, &message);
}

static int say(tg_app *app, unsigned what) {
    const tg_streams_message streams = {app->streams};
    const tg_replay_taken_message taken = {app->replay.taken};
    switch (what) {
    case TG_OWE_HELLO:
        return say_hello(app);
    case TG_OWE_FAULT:
        return say_fault(app);
    case TG_OWE_REFUSED:
        return app->state == TG_STATE_RUNNING || tg_line_send(&app->line, TG_MESSAGE_REFUSED, &app->refused);
    case TG_OWE_ERROR:
        return tg_line_send(&app->line, TG_MESSAGE_ERROR, &app->error);
    case TG_OWE_STREAMS:
        return tg_line_send(&app->line, TG_MESSAGE_STREAMS, &streams);
    case TG_OWE_LABEL:
        return say_label(app);
    case TG_OWE_STATS:
        return say_stats(app);
    case TG_OWE_TAKEN:
        return tg_line_send(&app->line, TG_MESSAGE_REPLAY_TAKEN, &taken);
    case TG_OWE_DONE:
        return tg_line_send(&app->line, TG_MESSAGE_REPLAY_DONE, &app->done);
    default: /* TG_OWE_END */
        return tg_line_send(&app->line, TG_MESSAGE_END, &app->end);
    }
}

int tg_host_pay(tg_app *app) {
    int paid = 0;
    for (unsigned what = 1; what <= app->owed; what <<= 1) {
        if ((app->owed & what) != 0) {
            if (!say(app, what)) {
                break;
            }
            app->owed &= ~what;
            paid = 1;
        }
    }
    return paid;
}
