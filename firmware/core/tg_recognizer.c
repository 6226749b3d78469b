#include "tg_recognizer.h"

#include <string.h>

/* Whether the model fits its contract: window in, one score per label out, as a softmax gives them. */
static int check(const tg_contract *contract, const tg_model *model) {
    static const float SCALE_1_256 = 1.0F / 256.0F;
    const tg_tensor *output = tg_model_output_tensor(model);
    if (tg_model_input_tensor(model)->size != tg_window_size(contract) ||
        output->size != contract->label_count) {
        return TG_ERR_MISMATCH;
    }
    return output->zero_point == INT8_MIN && memcmp(&output->scale, &SCALE_1_256, sizeof SCALE_1_256) == 0
               ? 0
               : TG_ERR_QUANTIZATION;
}

int tg_recognizer_open(tg_recognizer *r, const uint8_t *data, size_t size, const tg_op *const *ops,
                       void *arena, size_t arena_size, tg_fault *fault) {
    tg_fault unused;
    if (fault == NULL) {
        fault = &unused;
    }
    *fault = (tg_fault){.op = -1, .opcode = -1};
    if (r == NULL) {
        return TG_ERR_ARGUMENT;
    }
    tg_contract contract;
    tg_model model;
    tg_stream stream;
    int err = tg_contract_of_model(&contract, data, size);
    if (err == 0) {
        err = tg_stream_open(&stream, &model, data, size, ops, contract.window, contract.hop, arena,
                             arena_size, fault);
    }
    if (err == 0) {
        err = check(&contract, &model);
    }
    if (err != 0) {
        return err;
    }
    r->contract = contract;
    r->model = model;
    r->stream = stream;
    tg_window_init(&r->window, &r->contract, tg_stream_columns(&r->stream));
    tg_recognizer_reset(r);
    return 0;
}

size_t tg_recognizer_arena_size(const tg_recognizer *r) {
    return tg_model_arena_size(&r->model);
}

void tg_recognizer_reset(tg_recognizer *r) {
    tg_stream_reset(&r->stream, &r->model);
    tg_window_reset(&r->window);
    tg_detector_init(&r->detector, &r->contract);
    r->samples = 0;
}

int tg_recognizer_push(tg_recognizer *r, const int16_t *sample, tg_event *event) {
    r->samples++;
    tg_window_state state = tg_window_push(&r->window, sample);
    if (state == TG_WINDOW_NONE) {
        return 0;
    }
    tg_stream_run(&r->stream, &r->model, state == TG_WINDOW_DUE);
    if (state == TG_WINDOW_HOP) {
        return 0;
    }
    int fired = tg_detector_push(&r->detector, tg_model_output(&r->model), r->samples, event);
    return TG_PUSH_HOP | (fired ? TG_PUSH_EVENT : 0);
}

/* Xorshift of 32 bits (Marsaglia, 2003), here as a step of the random walk: -256 .. 255. */
static int32_t next_step(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return (int32_t)(*state >> 23) - 256;
}

void tg_recognizer_self_test_case(tg_recognizer *r, uint32_t seed) {
    int32_t limit = r->contract.full_scale;
    int16_t sample[TG_MAX_CHANNELS] = {0};
    uint32_t state = seed;
    tg_event event;
    tg_recognizer_reset(r);
    for (unsigned i = 0; i < r->contract.window; i++) {
        for (unsigned k = 0; k < r->contract.channel_count; k++) {
            int32_t value = sample[k] + next_step(&state);
            sample[k] = (int16_t)(value > limit ? limit : value < -limit ? -limit : value);
        }
        (void)tg_recognizer_push(r, sample, &event);
    }
}

int tg_recognizer_self_test(tg_recognizer *r) {
    const uint8_t *expected = r->contract.self_test;
    int err = 0;
    for (unsigned i = 0; i < r->contract.self_test_count && err == 0; i++) {
        uint32_t seed = expected[0] | (uint32_t)expected[1] << 8 | (uint32_t)expected[2] << 16 |
                        (uint32_t)expected[3] << 24;
        tg_recognizer_self_test_case(r, seed);
        const int8_t *outputs = tg_model_output(&r->model);
        for (unsigned k = 0; k < r->contract.label_count; k++) {
            if (outputs[k] != (int8_t)expected[4 + k]) {
                err = TG_ERR_SELF_TEST;
            }
        }
        expected += 4U + r->contract.label_count;
    }
    tg_recognizer_reset(r);
    return err;
}
