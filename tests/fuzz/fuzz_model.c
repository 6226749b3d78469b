/* Fuzz target: any bytes as a model: opened, run once, and fed with samples as a recognizer.
 *
 * What is accepted runs in an arena of exactly the size it said, twice, over different paint: the outputs may
 * depend on the input only.
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
        try_recognizer(data, size);
    }
    return 0;
}
