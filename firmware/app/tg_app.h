/* Application: opens the compiled-in model, checks its contract against the board, recognises gestures, and
 * talks to a host in frames (docs/protocol.md).
 *
 *     tg_ready     model and sensor: fit, or are refused with the reason
 *     tg_sampling  the sensor's samples: stamped, streamed, recognised
 *     tg_replay    a host's samples, recognised in their place
 *     tg_host      the host's questions and their answers
 *     tg_line      messages over the board's bytes
 *
 * One loop, no interrupts of its own, and nothing in it waits: what the line has no room for is dropped and
 * counted (streams), or owed and sent later (answers).
 */
#ifndef TG_APP_H
#define TG_APP_H

#include "tg_recognizer.h"

#include "../boards/tg_board.h"
#include "tg_line.h"

#define TG_MODEL_ID_SIZE     32
#define TG_INTERFACE_ID_SIZE 8

/* The model compiled in, as the generated gesture_model.h declares it. */
typedef struct {
    const uint8_t *data;
    size_t size;
    const tg_op *const *ops;
    const uint8_t *model_id;     /* TG_MODEL_ID_SIZE bytes */
    const uint8_t *interface_id; /* TG_INTERFACE_ID_SIZE bytes */
} tg_app_model;

/* Samples that wait to be sent together: a SAMPLES message in the making. */
#define TG_RECORDS_MAX 226U /* bytes: what its other fields leave of a body */
typedef struct {
    uint32_t seq;  /* of the first */
    uint64_t t_us; /* of the first */
    uint64_t last_us;
    uint8_t size; /* bytes of records */
    uint8_t records[TG_RECORDS_MAX];
} tg_batch;

typedef struct {
    bool active;
    uint8_t streams;     /* what the host wants back */
    uint8_t owed;        /* TG_STREAM_ bits: results of the last sample, not yet sent */
    uint32_t taken;      /* samples */
    uint32_t inferences; /* of this replay */
    uint32_t events;
    uint64_t moved_us; /* when something last came or went */
    tg_event event;
    tg_blob rest; /* of the last REPLAY_DATA, inside the receiver: no byte is received before it is used up */
} tg_replay;

/* Answers not sent yet. */
#define TG_OWE_HELLO   (1U << 0)
#define TG_OWE_FAULT   (1U << 1)
#define TG_OWE_REFUSED (1U << 2)
#define TG_OWE_ERROR   (1U << 3)
#define TG_OWE_STREAMS (1U << 4)
#define TG_OWE_LABEL   (1U << 5)
#define TG_OWE_STATS   (1U << 6)
#define TG_OWE_TAKEN   (1U << 7)
#define TG_OWE_DONE    (1U << 8)
#define TG_OWE_END     (1U << 9)

typedef struct {
    const tg_app_model *model;
    const tg_accel *accel;
    tg_recognizer recognizer;
    tg_line line;
    tg_batch batch;
    tg_replay replay;

    uint8_t state;                  /* tg_state */
    uint8_t order[TG_MAX_CHANNELS]; /* frame axis of each of the contract's channels */
    uint32_t rate_mhz;              /* of the sensor, as it is */
    tg_refused_message refused;     /* when the state is not running */
    uint64_t failed_us;             /* when the sensor last failed */

    uint8_t streams; /* TG_STREAM_ bits */
    uint32_t owed;   /* TG_OWE_ bits */
    uint8_t booted;  /* of the HELLO owed */
    uint8_t label;   /* of the LABEL owed */
    uint8_t token;   /* of the STATS owed */
    tg_error_message error;
    tg_replay_done_message done;
    tg_end_message end;

    uint64_t newest_us; /* time of the newest sample, 0 before the first */
    uint32_t taken;     /* samples the sensor took, lost ones included */
    uint32_t base;      /* sample number at which the recognizer was last reset */
    uint32_t lost;
    uint32_t overruns;
    uint32_t inferences;
    uint32_t events;
    uint32_t label_events[TG_MAX_LABELS];
} tg_app;

/* Runs for ever, or, with TG_MODE_END, until the sensor ends; the board is initialised. The arena is 8-byte
 * aligned. */
_Noreturn void tg_app_run(tg_app *app, const tg_app_model *model, void *arena, size_t arena_size);

/* The same in pieces: start, then step for ever. A step feeds the watchdog and returns 0 when it had nothing
 * to do: time to sleep. */
void tg_app_start(tg_app *app, const tg_app_model *model, void *arena, size_t arena_size);
int tg_app_step(tg_app *app);

/* tg_ready: opens the model, checks board and contract, starts the sensor. Sets state, and refused when it is
 * not running. */
void tg_ready_check(tg_app *app, void *arena, size_t arena_size);
void tg_ready_sensor_failed(tg_app *app, int err);
/* Starts a sensor that failed again, once a second; the host is told by a HELLO, or by another REFUSED. */
void tg_ready_try_sensor(tg_app *app);

/* tg_sampling: takes what the sensor has; returns 1 when that was something, or the sensor's error. */
int tg_sampling_step(tg_app *app);
void tg_sampling_flush(tg_app *app);
/* Recognises a sample (the contract's channels in order). Returns TG_PUSH_ bits. */
int tg_sampling_recognize(tg_app *app, const int16_t *sample, tg_event *event);
/* Sends an EVENT, or the last OUTPUTS (event is not used). Returns 1, or 0 without room. */
int tg_sampling_send(tg_app *app, tg_message_type type, tg_source source, const tg_event *event);
/* Starts live recognition anew. */
void tg_sampling_restart(tg_app *app);

/* tg_replay: the host's messages, and the work between them; step returns 1 when it did something. */
void tg_replay_begin(tg_app *app, const tg_replay_begin_message *begin);
void tg_replay_data(tg_app *app, const tg_replay_data_message *data);
void tg_replay_end(tg_app *app, const tg_replay_end_message *end);
void tg_replay_stop(tg_app *app);
int tg_replay_step(tg_app *app);
uint16_t tg_replay_room(const tg_app *app);

/* tg_host: takes the host's next message, sends what is owed; each returns 1 when it did something. */
int tg_host_listen(tg_app *app);
int tg_host_pay(tg_app *app);
void tg_host_complain(tg_app *app, tg_reason reason, uint8_t message, uint32_t detail);

#endif
