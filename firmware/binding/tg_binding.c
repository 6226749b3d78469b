#include "tg_binding.h"

#include <stddef.h>
#include <string.h>

#include "tg_err.h"
#include "tg_op.h"
#include "tg_ops.h"

int32_t tg_bind_version(void) {
    return TG_BINDING_VERSION;
}

uint32_t tg_bind_model_size(void) {
    return sizeof(tg_model);
}

uint32_t tg_bind_recognizer_size(void) {
    return sizeof(tg_recognizer);
}

const char *tg_bind_err_name(int32_t err) {
    return tg_err_name(err);
}

const char *tg_bind_err_text(int32_t err) {
    return tg_err_text(err);
}

const char *tg_bind_op_name(uint32_t index, uint32_t *opcode) {
    static const char *const NAMES[] = {
#define NAME(name, NAME) #NAME,
        TG_OPS(NAME)
#undef NAME
    };
    if (index >= sizeof NAMES / sizeof NAMES[0]) {
        return NULL;
    }
    *opcode = tg_ops_all[index]->opcode;
    return NAMES[index];
}

static int32_t report_fault(int err, const tg_fault *fault, int32_t *report) {
    report[0] = fault->op;
    report[1] = fault->opcode;
    report[2] = (int32_t)fault->arena_needed;
    return err;
}

int32_t tg_bind_model_open(tg_model *model, const uint8_t *data, uint32_t size, uint8_t *arena,
                           uint32_t arena_size, int32_t *report) {
    tg_fault fault;
    int err = tg_model_open(model, data, size, tg_ops_all, arena, arena_size, &fault);
    return report_fault(err, &fault, report);
}

static uint32_t *put_tensor(uint32_t *facts, const tg_tensor *tensor) {
    *facts++ = tensor->dims;
    for (unsigned i = 0; i < TG_MAX_DIMS; i++) {
        *facts++ = tensor->dim[i];
    }
    *facts++ = (uint32_t)(int32_t)tensor->zero_point;
    memcpy(facts++, &tensor->scale, sizeof tensor->scale);
    return facts;
}

void tg_bind_model_facts(const tg_model *model, uint32_t *facts) {
    *facts++ = (uint32_t)tg_model_arena_size(model);
    facts = put_tensor(facts, tg_model_input_tensor(model));
    put_tensor(facts, tg_model_output_tensor(model));
}

void tg_bind_model_invoke(const tg_model *model, const int8_t *inputs, int8_t *outputs, uint32_t count) {
    uint32_t input_size = tg_model_input_tensor(model)->size;
    uint32_t output_size = tg_model_output_tensor(model)->size;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(tg_model_input(model), inputs, input_size);
        tg_model_invoke(model);
        memcpy(outputs, tg_model_output(model), output_size);
        inputs += input_size;
        outputs += output_size;
    }
}

uint32_t tg_bind_stream_size(void) {
    return sizeof(tg_bind_stream);
}

uint32_t tg_bind_stream_model(void) {
    return offsetof(tg_bind_stream, model);
}

int32_t tg_bind_stream_open(tg_bind_stream *stream, const uint8_t *data, uint32_t size, uint8_t *arena,
                            uint32_t arena_size, int32_t *report, uint32_t window, uint32_t hop) {
    tg_fault fault;
    int err = tg_stream_open(&stream->stream, &stream->model, data, size, tg_ops_all, window, hop, arena,
                             arena_size, &fault);
    stream->window = window;
    stream->hop = hop;
    return report_fault(err, &fault, report);
}

void tg_bind_stream_facts(const tg_bind_stream *stream, int32_t *facts) {
    *facts++ = (int32_t)tg_model_arena_size(&stream->model);
    *facts++ = (int32_t)stream->stream.reason;
    *facts++ = stream->stream.op;
    *facts = (int32_t)tg_stream_kept(&stream->stream);
}

static uint32_t column_size(const tg_bind_stream *stream) {
    return tg_model_input_tensor(&stream->model)->size / stream->window;
}

void tg_bind_stream_feed(const tg_bind_stream *stream, const int8_t *columns, int8_t *outputs,
                         uint32_t count) {
    uint32_t size = column_size(stream);
    uint32_t first = (stream->window - 1U) % stream->hop + 1U;
    uint32_t hop = first; /* columns of the next hop */
    int8_t *to = tg_stream_columns(&stream->stream) + (size_t)(stream->hop - first) * size;
    tg_stream_reset(&stream->stream, &stream->model);
    for (uint32_t end = first; end <= count; end += stream->hop) {
        memcpy(to, columns, (size_t)hop * size);
        columns += (size_t)hop * size;
        tg_stream_run(&stream->stream, &stream->model, end >= stream->window);
        if (end >= stream->window) {
            memcpy(outputs, tg_model_output(&stream->model), tg_model_output_tensor(&stream->model)->size);
            outputs += tg_model_output_tensor(&stream->model)->size;
        }
        hop = stream->hop;
        to = tg_stream_columns(&stream->stream);
    }
}

const char *tg_bind_stream_text(uint32_t reason) {
    return tg_stream_text((tg_stream_reason)reason);
}

int32_t tg_bind_contract_check(const uint8_t *bytes, uint32_t size) {
    tg_contract contract;
    return tg_contract_read(&contract, bytes, size);
}

static void put_event(uint32_t *at, const tg_event *event) {
    at[0] = event->label;
    at[1] = event->score;
    at[2] = event->start;
    at[3] = event->end;
}

int32_t tg_bind_detect(const uint8_t *contract, uint32_t size, const int8_t *outputs, const uint32_t *ends,
                       uint32_t count, uint32_t *events, uint32_t *found) {
    tg_contract c;
    tg_detector detector;
    tg_event event;
    int err = tg_contract_read(&c, contract, size);
    if (err != 0) {
        return err;
    }
    tg_detector_init(&detector, &c);
    *found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (tg_detector_push(&detector, outputs + (size_t)i * c.label_count, ends[i], &event) != 0) {
            put_event(events + 4U * (*found)++, &event);
        }
    }
    return 0;
}

int32_t tg_bind_columns(const uint8_t *contract, uint32_t size, const int16_t *samples, int8_t *columns,
                        uint32_t streams, uint32_t count) {
    tg_contract c;
    tg_level level;
    int err = tg_contract_read(&c, contract, size);
    for (uint32_t i = 0; i < streams && err == 0; i++) {
        tg_level_init(&level, c.level_shift);
        for (uint32_t k = 0; k < count; k++) {
            tg_window_preprocess(&c, &level, samples, columns);
            samples += c.channel_count;
            columns += c.channel_count;
        }
    }
    return err;
}

int32_t tg_bind_recognizer_open(tg_recognizer *recognizer, const uint8_t *data, uint32_t size, uint8_t *arena,
                                uint32_t arena_size, int32_t *report) {
    tg_fault fault;
    int err = tg_recognizer_open(recognizer, data, size, tg_ops_all, arena, arena_size, &fault);
    return report_fault(err, &fault, report);
}

uint32_t tg_bind_recognizer_arena_size(const tg_recognizer *recognizer) {
    return (uint32_t)tg_recognizer_arena_size(recognizer);
}

void tg_bind_recognizer_reset(tg_recognizer *recognizer) {
    tg_recognizer_reset(recognizer);
}

int32_t tg_bind_recognizer_self_test(tg_recognizer *recognizer) {
    return tg_recognizer_self_test(recognizer);
}

void tg_bind_self_test_outputs(tg_recognizer *recognizer, uint32_t seed, int8_t *outputs) {
    tg_recognizer_self_test_case(recognizer, seed);
    memcpy(outputs, tg_model_output(&recognizer->model), recognizer->contract.label_count);
    tg_recognizer_reset(recognizer);
}

void tg_bind_recognizer_push(tg_recognizer *recognizer, const int16_t *samples, uint32_t count,
                             int8_t *outputs, uint32_t *hop_ends, uint32_t *events, uint32_t *counts) {
    uint32_t labels = recognizer->contract.label_count;
    counts[0] = counts[1] = 0;
    for (uint32_t i = 0; i < count; i++) {
        tg_event event;
        int pushed = tg_recognizer_push(recognizer, samples, &event);
        samples += recognizer->contract.channel_count;
        if ((pushed & TG_PUSH_HOP) != 0) {
            memcpy(outputs + (size_t)counts[0] * labels, tg_model_output(&recognizer->model), labels);
            hop_ends[counts[0]++] = recognizer->samples;
        }
        if ((pushed & TG_PUSH_EVENT) != 0) {
            put_event(events + 4U * counts[1]++, &event);
        }
    }
}
