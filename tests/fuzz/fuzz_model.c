/* Fuzz target: any bytes as a model: opened, run once, and fed with samples as a recognizer.
 *
 * What is accepted runs in an arena of exactly the size it said, twice, over different paint: the outputs may
 * depend on the input only. Then it runs by hops, against the outputs for each whole window.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "tg_model.h"
#include "tg_recognizer.h"

#define ARENA_SIZE (32U * 1024U)
#define MOST_WORK  (1U << 19) /* steps; more than this is not run: it would only make the fuzzer slow */

static uint8_t *new_arena(size_t size, int paint) {
    uint8_t *arena = malloc(size == 0 ? 1 : size); /* exactly: the sanitizer sees the first byte beyond */
    REQUIRE(arena != NULL);
    memset(arena, paint, size);
    return arena;
}

/* Opens in an arena of exactly `size` bytes, runs input bytes grown from the file, returns the output. */
static uint8_t *run_once(const uint8_t *data, size_t size, size_t arena_size, int paint, uint32_t *count) {
    uint8_t *arena = new_arena(arena_size, paint);
    tg_model model;
    REQUIRE(tg_model_open(&model, data, size, tg_ops_all, arena, arena_size, NULL) == 0);
    REQUIRE(tg_model_arena_size(&model) == arena_size);
    uint32_t inputs = tg_model_input_tensor(&model)->size;
    for (uint32_t i = 0; i < inputs; i++) {
        tg_model_input(&model)[i] = (int8_t)(data[i % size] + i);
    }
    tg_model_invoke(&model);
    *count = tg_model_output_tensor(&model)->size;
    uint8_t *output = malloc(*count);
    REQUIRE(output != NULL);
    memcpy(output, tg_model_output(&model), *count);
    free(arena);
    return output;
}

/* Returns whether the file is an accepted model of bounded work. */
static int try_model(const uint8_t *data, size_t size) {
    uint8_t *arena = new_arena(ARENA_SIZE, 0);
    tg_model model;
    tg_model before;
    tg_fault fault;
    memset(&model, 0x5A, sizeof model);
    memcpy(&before, &model, sizeof model);
    int err = tg_model_open(&model, data, size, tg_ops_all, arena, ARENA_SIZE, &fault);
    size_t used = err == 0 ? tg_model_arena_size(&model) : 0;
    free(arena);
    if (err != 0) {
        REQUIRE((err >= TG_ERR_ARENA && err <= TG_ERR_ARGUMENT) || err == TG_ERR_WORK);
        REQUIRE(err != TG_ERR_ARENA || fault.arena_needed > ARENA_SIZE);
        REQUIRE(memcmp(&before, &model, sizeof model) == 0);
        return 0;
    }
    REQUIRE(used <= ARENA_SIZE);
    if (model.work > MOST_WORK) {
        return 0;
    }
    uint32_t count;
    uint32_t again;
    uint8_t *output = run_once(data, size, used, 0x00, &count);
    uint8_t *repeated = run_once(data, size, used, 0xA5, &again);
    REQUIRE(count == again && memcmp(output, repeated, count) == 0);
    free(output);
    free(repeated);
    return 1;
}

/* Columns of the input and of a hop that a file stands for. */
static unsigned window_of(const tg_model *model, const uint8_t *data, size_t size, unsigned *hop) {
    const tg_tensor *input = tg_model_input_tensor(model);
    unsigned window = 1;
    for (unsigned i = 0; i < input->dims && window == 1U; i++) {
        window = input->dim[i];
    }
    *hop = 1U + (data[size / 2U] * 256U + data[size / 3U]) % window;
    return window;
}

/* Runs an accepted model by hops over different paint: the outputs are those of each whole window. */
static void try_stream(const uint8_t *data, size_t size) {
    uint8_t *arena = new_arena(ARENA_SIZE, 0x5A);
    tg_model model;
    tg_model whole;
    tg_stream stream;
    unsigned hop;
    REQUIRE(tg_model_open(&whole, data, size, tg_ops_all, arena, ARENA_SIZE, NULL) == 0);
    unsigned window = window_of(&whole, data, size, &hop);
    uint8_t *hops = new_arena(2U * ARENA_SIZE, 0xA5);
    int err =
        tg_stream_open(&stream, &model, data, size, tg_ops_all, window, hop, hops, 2U * ARENA_SIZE, NULL);
    size_t used = err == 0 ? tg_model_arena_size(&model) : 0;
    free(hops);
    if (err != 0) {
        REQUIRE(err == TG_ERR_ARENA || err == TG_ERR_GRAPH);
        free(arena);
        return;
    }
    hops = new_arena(used, 0xA5);
    REQUIRE(tg_stream_open(&stream, &model, data, size, tg_ops_all, window, hop, hops, used, NULL) == 0);
    uint32_t column = tg_model_input_tensor(&whole)->size / window;
    uint32_t outputs = tg_model_output_tensor(&whole)->size;
    uint32_t first = (window - 1U) % hop + 1U;
    for (uint32_t end = first; end <= window + 2U * hop; end += hop) {
        uint32_t fresh = end == first ? first : hop;
        int8_t *to = tg_stream_columns(&stream) + (size_t)(hop - fresh) * column;
        for (uint32_t i = 0; i < fresh * column; i++) {
            to[i] = (int8_t)(data[((end - fresh) * column + i) % size] + i);
        }
        tg_stream_run(&stream, &model, end >= window);
        if (end < window) {
            continue;
        }
        for (uint32_t i = 0, at = (end - window) * column; i < window * column; i++, at++) {
            uint32_t in_hop = at < first * column ? at : (at - first * column) % (hop * column);
            tg_model_input(&whole)[i] = (int8_t)(data[at % size] + in_hop);
        }
        tg_model_invoke(&whole);
        REQUIRE(memcmp(tg_model_output(&model), tg_model_output(&whole), outputs) == 0);
    }
    free(hops);
    free(arena);
}

static void try_recognizer(const uint8_t *data, size_t size) {
    uint8_t *arena = new_arena(ARENA_SIZE, 0xA5);
    tg_recognizer r;
    int err = tg_recognizer_open(&r, data, size, tg_ops_all, arena, ARENA_SIZE, NULL);
    size_t used = err == 0 ? tg_recognizer_arena_size(&r) : 0;
    free(arena);
    if (err != 0) {
        return;
    }
    arena = new_arena(used, 0xA5);
    REQUIRE(tg_recognizer_open(&r, data, size, tg_ops_all, arena, used, NULL) == 0);
    for (uint32_t n = 1; n <= r.contract.window + 2U * r.contract.hop; n++) {
        int16_t sample[TG_MAX_CHANNELS];
        for (unsigned i = 0; i < TG_MAX_CHANNELS; i++) {
            sample[i] = (int16_t)(data[(n * 7U + i) % size] << 8 | data[(n + i) % size]);
        }
        tg_event event;
        int pushed = tg_recognizer_push(&r, sample, &event);
        REQUIRE((pushed & TG_PUSH_EVENT) == 0 || (event.label < r.contract.label_count && event.end == n));
    }
    if (r.contract.self_test_count < 4) {
        err = tg_recognizer_self_test(&r);
        REQUIRE(err == 0 || err == TG_ERR_SELF_TEST);
    }
    free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (try_model(data, size)) {
        try_stream(data, size);
        try_recognizer(data, size);
    }
    return 0;
}
