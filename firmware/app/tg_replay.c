#include <string.h>

#include "tg_app.h"

#define GIVE_UP_US   2000000U
#define FRAME_AROUND 24U /* bytes of a REPLAY_DATA frame that are no samples, and some to spare */

/* Two messages under way fit the receive queue. */
uint16_t tg_replay_room(const tg_app *app) {
    unsigned sample = 2U * app->recognizer.contract.channel_count;
    if (sample == 0) {
        return 0;
    }
    return (uint16_t)(2U * ((TG_LINE_RECEIVED / 2U - FRAME_AROUND) / sample));
}

void tg_replay_stop(tg_app *app) {
    if (app->replay.active) {
        tg_sampling_restart(app);
    }
    memset(&app->replay, 0, sizeof app->replay);
    app->owed &= ~(TG_OWE_TAKEN | TG_OWE_DONE);
}

void tg_replay_begin(tg_app *app, const tg_replay_begin_message *begin) {
    tg_replay_stop(app);
    app->replay.active = true;
    app->replay.streams = begin->streams;
    app->replay.moved_us = tg_board_time_us();
    app->owed |= TG_OWE_TAKEN;
    tg_recognizer_reset(&app->recognizer);
}

void tg_replay_data(tg_app *app, const tg_replay_data_message *data) {
    tg_replay *replay = &app->replay;
    if (!replay->active) {
        tg_host_complain(app, TG_REASON_STATE, TG_MESSAGE_REPLAY_DATA, app->state);
    } else if (data->first != replay->taken) {
        tg_host_complain(app, TG_REASON_ORDER, TG_MESSAGE_REPLAY_DATA, replay->taken);
    } else if (data->samples.size % (2U * app->recognizer.contract.channel_count) != 0) {
        tg_host_complain(app, TG_REASON_BODY, TG_MESSAGE_REPLAY_DATA, data->samples.size);
    } else {
        replay->rest = data->samples;
        replay->moved_us = tg_board_time_us();
    }
}

void tg_replay_end(tg_app *app, const tg_replay_end_message *end) {
    tg_replay *replay = &app->replay;
    if (!replay->active && (app->done.samples != end->samples || end->samples == 0)) {
        tg_host_complain(app, TG_REASON_STATE, TG_MESSAGE_REPLAY_END, app->state);
        return;
    }
    if (replay->active && end->samples != replay->taken) {
        tg_host_complain(app, TG_REASON_ORDER, TG_MESSAGE_REPLAY_END, replay->taken);
        return;
    }
    if (replay->active) {
        app->done = (tg_replay_done_message){replay->taken, replay->inferences, replay->events};
        tg_replay_stop(app);
    }
    app->owed |= TG_OWE_DONE;
}

/* Sends the results of the last sample. Returns 1 when none is left. */
static int return_results(tg_app *app) {
    tg_replay *replay = &app->replay;
    if ((replay->owed & TG_STREAM_OUTPUTS) != 0 &&
        tg_sampling_send(app, TG_MESSAGE_OUTPUTS, TG_SOURCE_REPLAY, NULL)) {
        replay->owed &= (uint8_t)~TG_STREAM_OUTPUTS;
    }
    if (replay->owed == TG_STREAM_EVENTS &&
        tg_sampling_send(app, TG_MESSAGE_EVENT, TG_SOURCE_REPLAY, &replay->event)) {
        replay->owed = 0;
    }
    return replay->owed == 0;
}

static void take_sample(tg_app *app) {
    tg_replay *replay = &app->replay;
    unsigned channels = app->recognizer.contract.channel_count;
    int16_t sample[TG_MAX_CHANNELS];
    const uint8_t *at = replay->rest.bytes;
    for (unsigned i = 0; i < channels; i++) {
        sample[i] = (int16_t)(uint16_t)(at[2 * i] | at[2 * i + 1] << 8);
    }
    replay->rest.bytes += 2 * channels;
    replay->rest.size = (uint8_t)(replay->rest.size - 2 * channels);
    replay->taken++;
    int pushed = tg_sampling_recognize(app, sample, &replay->event);
    unsigned owed = 0;
    if ((pushed & TG_PUSH_HOP) != 0) {
        replay->inferences++;
        owed |= TG_STREAM_OUTPUTS;
    }
    if ((pushed & TG_PUSH_EVENT) != 0) {
        replay->events++;
        owed |= TG_STREAM_EVENTS;
    }
    replay->owed = (uint8_t)(owed & replay->streams);
}

int tg_replay_step(tg_app *app) {
    tg_replay *replay = &app->replay;
    uint64_t now = tg_board_time_us();
    if (!replay->active) {
        return 0;
    }
    if (return_results(app) && replay->rest.size > 0) {
        replay->moved_us = now;
        take_sample(app);
        if (replay->rest.size == 0) {
            app->owed |= TG_OWE_TAKEN;
        }
        return 1;
    }
    if (now - replay->moved_us > GIVE_UP_US) {
        tg_replay_stop(app);
        tg_host_complain(app, TG_REASON_TIMEOUT, TG_MESSAGE_REPLAY_DATA, 0);
        return 1;
    }
    return 0;
}
