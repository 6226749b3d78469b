/* Fuzz target: the whole application against any host. Its board is here: queues, a sensor and a clock that
 * the input drives. Whatever a host says, the application goes on, answers a greeting, and its watchdog is
 * fed.
 *
 * The input is a list of: type, size, body of a message in a good frame. Sizes above TG_BODY_MAX mean
 * something else: raw bytes, time that passes, a line that takes nothing.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/app/tg_app.h"
#include "tg_ops.h"

#define MODEL     "app_model.tflite" /* run.sh works in its folder */
#define ARENA     65536
#define SENT_SIZE 2048

const char tg_board_name[] = "fuzz";
const tg_axis_map tg_board_axes = {.axis = {0, 1, 2}, .sign = {1, 1, 1}};

static _Alignas(8) uint8_t arena[ARENA];
static uint8_t *model;
static size_t model_size;
static const uint8_t ids[TG_MODEL_ID_SIZE] = {1};
static uint8_t received[TG_LINE_RECEIVED];
static size_t received_size;
static size_t room; /* of the send queue */
static uint64_t now_us;
static uint32_t taken;
static unsigned fed;
static tg_receiver host;
static unsigned hellos;
static tg_accel_setting setting;

void tg_board_init(void) {
}
uint64_t tg_board_time_us(void) {
    return now_us;
}
void tg_board_sleep(void) {
}
uint64_t tg_board_asleep_us(void) {
    return now_us / 2;
}
size_t tg_board_write(const uint8_t *bytes, size_t size) {
    if (size > room) {
        return 0;
    }
    room -= size;
    for (size_t i = 0; i < size; i++) {
        tg_packet packet;
        if (tg_receiver_push(&host, bytes[i], &packet)) {
            hellos += packet.type == TG_MESSAGE_HELLO;
        }
    }
    return size;
}
size_t tg_board_read(uint8_t *bytes, size_t capacity) {
    size_t count = received_size < capacity ? received_size : capacity;
    memcpy(bytes, received, count);
    memmove(received, received + count, received_size - count);
    received_size -= count;
    return count;
}
uint32_t tg_board_read_lost(void) {
    return 0;
}
void tg_board_feed_watchdog(void) {
    fed++;
}
tg_reset_cause tg_board_reset_cause(void) {
    return TG_RESET_POWER;
}
const tg_fault_record *tg_board_fault(void) {
    return NULL;
}
void tg_board_settled(void) {
}
void tg_board_show_event(unsigned label, const char *text, size_t size) {
    REQUIRE(label < TG_MAX_LABELS && text != NULL && size <= TG_MAX_LABEL_BYTES);
}
unsigned tg_board_mode(void) {
    return 0;
}
size_t tg_board_stack_used(void) {
    return 1;
}
size_t tg_board_stack_size(void) {
    return 2;
}
_Noreturn void tg_board_exit(tg_exit code) {
    (void)code;
    abort();
}

static int start(void *ctx, const tg_accel_setting *wanted, tg_accel_setting *actual) {
    (void)ctx;
    *actual = setting = *wanted;
    return 0;
}

/* One sample a period, or many at once with some lost when time has jumped. */
static int read(void *ctx, int16_t (*samples)[TG_ACCEL_AXES], size_t capacity, uint32_t *lost,
                uint64_t *newest_us) {
    (void)ctx;
    uint64_t period = 1000000000U / setting.rate_mhz;
    uint32_t due = (uint32_t)(now_us / period) - taken;
    *lost = due > 32 ? due - 32 : 0;
    due -= *lost;
    size_t count = due < capacity ? due : capacity;
    for (size_t i = 0; i < count; i++) {
        for (int axis = 0; axis < TG_ACCEL_AXES; axis++) {
            samples[i][axis] = (int16_t)((taken + i) * 7919U * (unsigned)(axis + 1));
        }
    }
    taken += *lost + (uint32_t)count;
    *newest_us = taken * period;
    return (int)count;
}

const tg_accel *tg_board_accel(void) {
    static const tg_accel ACCEL = {.name = "fuzz", .start = start, .read = read};
    return &ACCEL;
}

static void hear(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size && received_size < sizeof received; i++) {
        received[received_size++] = bytes[i];
    }
}

static void run(tg_app *app, unsigned turns) {
    for (unsigned i = 0; i < turns; i++) {
        unsigned before = fed;
        (void)tg_app_step(app);
        REQUIRE(fed > before);
    }
}

static void say(tg_app *app, uint8_t type, uint16_t *sequence, const uint8_t *body, size_t size) {
    uint8_t frame[TG_FRAME_MAX];
    hear(frame, tg_frame_write(frame, type, (*sequence)++, body, size));
    run(app, 8);
}

static void read_model(void) {
    FILE *file = fopen(MODEL, "rb");
    REQUIRE(file != NULL);
    model = aligned_alloc(16, 65536);
    model_size = fread(model, 1, 65536, file);
    (void)fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t GREETING[] = {1, 1};
    static tg_app app;
    uint16_t sequence = 0;
    if (model == NULL) {
        read_model();
    }
    const tg_app_model compiled = {model, model_size, tg_ops_all, ids, ids};
    received_size = hellos = taken = fed = 0;
    now_us = 1000;
    room = SENT_SIZE;
    tg_receiver_init(&host);
    tg_app_start(&app, &compiled, arena, sizeof arena);
    REQUIRE(app.state == TG_STATE_RUNNING);
    run(&app, 2);
    REQUIRE(hellos == 1);
    while (size >= 2) {
        size_t body = data[1] <= TG_BODY_MAX ? data[1] : 8;
        body = body <= size - 2 ? body : size - 2;
        if (data[1] <= TG_BODY_MAX) {
            say(&app, data[0], &sequence, data + 2, body);
        } else if (data[1] & 1) {
            hear(data + 2, body);
        } else {
            now_us += data[0] * 10000U;
        }
        room = (data[0] & 0x40) != 0 ? 100 : SENT_SIZE;
        run(&app, 4);
        size -= 2 + body;
        data += 2 + body;
    }
    /* Whatever has been, a greeting is answered, at the latest when a replay has been given up. */
    hellos = 0;
    for (int i = 0; i < 40 && hellos == 0; i++) {
        static const uint8_t ZERO = 0;
        room = SENT_SIZE;
        now_us += 100000;
        hear(&ZERO, 1);
        say(&app, TG_MESSAGE_ASK_HELLO, &sequence, GREETING, sizeof GREETING);
        run(&app, 40);
    }
    REQUIRE(hellos > 0 && app.streams == 0 && !app.replay.active);
    return 0;
}
