/* Fuzz target: any bytes as a model: opened, run once, and fed with samples as a recognizer.
 *
 * What is accepted runs in an arena of exactly the size it said, twice, over different paint: the outputs may
 * depend on the input only.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "tg_flatbuffer.h"
#include "tg_model.h"
#include "tg_recognizer.h"
#include "tg_schema.h"

#define ARENA_SIZE (32U * 1024U)
#define MAX_COST   (1U << 21) /* more work than this is not run: it would only make the fuzzer slow */

static uint8_t *new_arena(size_t size, int paint) {
    uint8_t *arena = malloc(size == 0 ? 1 : size); /* exactly: the sanitizer sees the first byte beyond */
    REQUIRE(arena != NULL);
    memset(arena, paint, size);
    return arena;
}

static uint32_t elements(tg_reader *r, const tg_vector *tensors, uint32_t index) {
    if (index >= tensors->count) {
        return 1;
    }
    tg_table tensor = tg_read_item(r, tensors, index);
    tg_vector shape = tg_read_vector(r, &tensor, TENSOR_SHAPE, 4);
    uint32_t size = 1;
    for (uint32_t i = 0; i < shape.count; i++) {
        size *= tg_item32(&shape, i);
    }
    return size;
}

/* Upper bound of the steps of one inference of an accepted model: outputs x the larger input's elements. */
static uint64_t cost(const uint8_t *data, size_t size) {
    tg_reader r = {.data = data, .size = (uint32_t)size};
    tg_table root = tg_read_root(&r, TG_TFLITE_IDENTIFIER);
    tg_vector subgraphs = tg_read_vector(&r, &root, MODEL_SUBGRAPHS, 4);
    tg_table graph = tg_read_item(&r, &subgraphs, 0);
    tg_vector tensors = tg_read_vector(&r, &graph, SUBGRAPH_TENSORS, 4);
    tg_vector operators = tg_read_vector(&r, &graph, SUBGRAPH_OPERATORS, 4);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < operators.count; i++) {
        tg_table op = tg_read_item(&r, &operators, i);
        tg_vector inputs = tg_read_vector(&r, &op, OPERATOR_INPUTS, 4);
        tg_vector outputs = tg_read_vector(&r, &op, OPERATOR_OUTPUTS, 4);
        uint32_t most = 1;
        for (uint32_t k = 0; k < inputs.count; k++) {
            uint32_t n = elements(&r, &tensors, tg_item32(&inputs, k));
            most = n > most ? n : most;
        }
        sum += (uint64_t)elements(&r, &tensors, tg_item32(&outputs, 0)) * most;
    }
    return sum;
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
        REQUIRE(err >= TG_ERR_ARENA && err <= TG_ERR_ARGUMENT);
        REQUIRE(err != TG_ERR_ARENA || fault.arena_needed > ARENA_SIZE);
        REQUIRE(memcmp(&before, &model, sizeof model) == 0);
        return 0;
    }
    REQUIRE(used <= ARENA_SIZE);
    if (cost(data, size) > MAX_COST) {
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
