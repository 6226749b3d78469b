/* Model: opens an int8 .tflite file in place, verifies it once and completely, and runs it.
 *
 * The file is never copied: weights are read where they lie (flash). Everything that changes lies in
 * one arena that the caller owns; its layout is the same on every processor, so its size is too. After
 * tg_model_open() has returned 0, tg_model_invoke() cannot fail, allocate, or touch memory outside the arena.
 * Arithmetic equals TensorFlow Lite Micro bit for bit.
 */
#ifndef TG_MODEL_H
#define TG_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "tg_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An operator kind; the list given to tg_model_open() decides which kernels are linked. */
typedef struct tg_op tg_op;
struct tg_node;

/* Every operator of this core, ended by NULL. A generated gesture_model.c lists only what its model needs. */
extern const tg_op *const tg_ops_all[];

#define TG_MAX_DIMS 4
#define TG_MAX_OPS  64
#define TG_MAX_WORK                                                                                          \
    (1U << 25) /* steps of an inference: multiply-accumulates, and 32 for every value made                   \
                */

typedef struct {
    uint8_t dims;
    uint16_t dim[TG_MAX_DIMS];
    uint32_t size; /* elements; int8, so bytes */
    float scale;
    int8_t zero_point;
} tg_tensor;

/* Where and why a model was refused; every field that does not apply is -1 (arena_needed: 0). */
typedef struct {
    int16_t op;            /* index of the operator in the graph */
    int16_t opcode;        /* its TensorFlow Lite builtin code */
    uint32_t arena_needed; /* with TG_ERR_ARENA: bytes to offer next time */
} tg_fault;

/* An open model. Fields are private; ask with the functions below. */
typedef struct {
    const uint8_t *data;
    uint8_t *arena;
    const tg_op *const *ops;
    uint32_t node_count;
    uint32_t arena_used;
    uint32_t work; /* steps of an inference, at most TG_MAX_WORK */
    int8_t *input;
    int8_t *output;
} tg_model;

/* Verifies the file and plans it into the arena.
 *
 * data   the file, 4-byte aligned; stays owned by the caller and in place while the model is used
 * ops    operators that may be used, ended by NULL
 * arena  8-byte aligned memory; stays owned by the caller. Its size comes from the generated header, or
 *        from fault->arena_needed after a call that returned TG_ERR_ARENA (repeat until it does not)
 * fault  filled on failure; may be NULL
 *
 * Returns 0 or a negative tg_err. Bounded time and stack for any bytes. */
int tg_model_open(tg_model *model, const uint8_t *data, size_t size, const tg_op *const *ops, void *arena,
                  size_t arena_size, tg_fault *fault);

/* Bytes of the arena that the open model uses. */
size_t tg_model_arena_size(const tg_model *model);

/* The input tensor's memory in the arena: write input_tensor.size values before each tg_model_invoke(),
 * which may overwrite them. The output's memory is valid until the next write to the input. */
int8_t *tg_model_input(const tg_model *model);
const int8_t *tg_model_output(const tg_model *model);
const tg_tensor *tg_model_input_tensor(const tg_model *model);
const tg_tensor *tg_model_output_tensor(const tg_model *model);

/* Runs the model once. */
void tg_model_invoke(const tg_model *model);

#ifdef __cplusplus
}
#endif

#endif
