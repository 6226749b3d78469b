/* Binding: the functions a host calls, with nothing in their signatures but pointers and 32-bit integers.
 *
 * Python calls them in the host library, and in a cross-compiled image inside an instruction-set emulator, in
 * the same way: memory is allocated by the caller, structures are opaque and their sizes asked for. Not part
 * of a firmware.
 */
#ifndef TG_BINDING_H
#define TG_BINDING_H

#include <stdint.h>

#include "tg_recognizer.h"

/* Bumped when a function here changes its meaning; Python refuses another number. */
#define TG_BINDING_VERSION 3

#if defined(_WIN32)
#define TG_EXPORT __declspec(dllexport)
#else
#define TG_EXPORT __attribute__((visibility("default"), used))
#endif

TG_EXPORT int32_t tg_bind_version(void);

/* Bytes of the opaque structures below. */
TG_EXPORT uint32_t tg_bind_model_size(void);
TG_EXPORT uint32_t tg_bind_recognizer_size(void);

TG_EXPORT const char *tg_bind_err_name(int32_t err);
TG_EXPORT const char *tg_bind_err_text(int32_t err);

/* Name of the operator kind `index`, or NULL past the last one; its TensorFlow Lite code in *opcode. */
TG_EXPORT const char *tg_bind_op_name(uint32_t index, uint32_t *opcode);

/* tg_model_open() with every operator. report[0..2]: op, opcode, arena_needed of the fault. */
TG_EXPORT int32_t tg_bind_model_open(tg_model *model, const uint8_t *data, uint32_t size, uint8_t *arena,
                                     uint32_t arena_size, int32_t *report);

/* Facts of an open model: arena bytes, then for input and output each: dims, 4 dimensions, zero point, scale
 * bits. */
TG_EXPORT void tg_bind_model_facts(const tg_model *model, uint32_t *facts);

/* Runs `count` inputs, one after the other, and stores their outputs. */
TG_EXPORT void tg_bind_model_invoke(const tg_model *model, const int8_t *inputs, int8_t *outputs,
                                    uint32_t count);

/* A model run every hop, without a contract. */
typedef struct {
    tg_stream stream;
    tg_model model;
    uint32_t window;
    uint32_t hop;
} tg_bind_stream;

TG_EXPORT uint32_t tg_bind_stream_size(void);

/* Where in it the model is, behind the tg_stream. */
TG_EXPORT uint32_t tg_bind_stream_model(void);

/* tg_stream_open() with every operator; report as above. */
TG_EXPORT int32_t tg_bind_stream_open(tg_bind_stream *stream, const uint8_t *data, uint32_t size,
                                      uint8_t *arena, uint32_t arena_size, int32_t *report, uint32_t window,
                                      uint32_t hop);

/* Facts of an open stream: arena bytes, reason, operator (-1: none), bytes kept from hop to hop. */
TG_EXPORT void tg_bind_stream_facts(const tg_bind_stream *stream, int32_t *facts);

/* Resets and feeds `count` columns; stores the outputs of every full window. Columns behind the last one are
 * not used. */
TG_EXPORT void tg_bind_stream_feed(const tg_bind_stream *stream, const int8_t *columns, int8_t *outputs,
                                   uint32_t count);

TG_EXPORT const char *tg_bind_stream_text(uint32_t reason);

/* Reads and checks a contract's bytes. */
TG_EXPORT int32_t tg_bind_contract_check(const uint8_t *bytes, uint32_t size);

/* Plays `count` hops to a detector under a contract's bytes: outputs (labels each) and ends, the sample
 * number one past each window. Stores events as tg_bind_recognizer_push() does (room for `count`) and their
 * number in *found. */
TG_EXPORT int32_t tg_bind_detect(const uint8_t *contract, uint32_t size, const int8_t *outputs,
                                 const uint32_t *ends, uint32_t count, uint32_t *events, uint32_t *found);

/* Preprocesses `streams` streams of `count` samples each (interleaved channels) under a contract's bytes into
 * columns, each from the initial state. */
TG_EXPORT int32_t tg_bind_columns(const uint8_t *contract, uint32_t size, const int16_t *samples,
                                  int8_t *columns, uint32_t streams, uint32_t count);

/* tg_recognizer_open() with every operator; report as above. */
TG_EXPORT int32_t tg_bind_recognizer_open(tg_recognizer *recognizer, const uint8_t *data, uint32_t size,
                                          uint8_t *arena, uint32_t arena_size, int32_t *report);
TG_EXPORT uint32_t tg_bind_recognizer_arena_size(const tg_recognizer *recognizer);
TG_EXPORT void tg_bind_recognizer_reset(tg_recognizer *recognizer);
TG_EXPORT int32_t tg_bind_recognizer_self_test(tg_recognizer *recognizer);

/* Outputs of one self-test case: as many as the contract has labels. */
TG_EXPORT void tg_bind_self_test_outputs(tg_recognizer *recognizer, uint32_t seed, int8_t *outputs);

/* Pushes `count` samples. Every hop's outputs go to `outputs`, its end to `hop_ends`; events go to `events`
 * as (label, score, start, end). counts[0], counts[1]: hops and events stored. Room needed: count / hop + 1
 * of each. */
TG_EXPORT void tg_bind_recognizer_push(tg_recognizer *recognizer, const int16_t *samples, uint32_t count,
                                       int8_t *outputs, uint32_t *hop_ends, uint32_t *events,
                                       uint32_t *counts);

#endif
