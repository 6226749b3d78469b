/* Operators: what the graph reader tells an operator kind, and what that leaves behind to be run.
 *
 * An operator kind is one constant tg_op in one file under kernels/. Its prepare() sees the operator with its
 * tensors, verifies everything about it, and fills the node's parameters; its run() relies on that.
 * Internal to the core.
 */
#ifndef TG_OP_H
#define TG_OP_H

#include <stdbool.h>

#include "tg_flatbuffer.h"
#include "tg_model.h"
#include "tg_quant.h"
#include "tg_schema.h"

#define TG_MAX_OP_INPUTS 4U

/* A tensor as the file describes it. Shapes are padded with leading ones to four dimensions (N, H, W, C). */
typedef struct {
    const uint8_t *data;   /* constant contents, or NULL for an activation */
    const uint8_t *scales; /* scale_count float bit patterns */
    uint32_t size;         /* elements, at least 1 */
    uint32_t scale_count;  /* 0: not quantised */
    uint16_t dim[TG_MAX_DIMS];
    uint8_t dims;      /* dimensions in the file */
    uint8_t type;      /* tg_type */
    uint8_t scale_dim; /* of the four: the dimension that per-channel scales run along */
    int8_t zero_point;
} tg_view;

enum { DIM_N, DIM_H, DIM_W, DIM_C };

struct tg_node {
    void (*run)(const struct tg_node *node);
    const int8_t *input;
    const int8_t *input2; /* of operators with two activations, else NULL */
    int8_t *output;
    const void *params; /* the operator kind's own */
    int8_t *scratch;    /* scratch_size bytes, 4-byte aligned */
};

/* What an operator kind is told while the model is opened, and what it asks for. */
typedef struct {
    tg_table options;
    uint8_t input_count; /* an absent optional input has type 0 */
    tg_view input[TG_MAX_OP_INPUTS];
    tg_view output;
    struct tg_arena *arena; /* parameters are allocated here: tg_alloc() */
    uint32_t scratch_size;  /* asked for by prepare() */
} tg_prepare;

struct tg_op {
    uint8_t opcode;
    bool is_view; /* the output is the input's memory: nothing is run */
    /* Verifies the operator and sets node->run and node->params. Returns 0 or a negative tg_err. */
    int (*prepare)(tg_prepare *p, struct tg_node *node);
};

/* Zero-initialised? No: uninitialised memory of the arena for parameters, 4-byte (pointer-) aligned.
 * NULL when the arena is too small; return TG_ERR_ARENA then. */
void *tg_alloc(struct tg_arena *arena, uint32_t size);

/* Checks common to many kinds. Each returns 0 or a negative tg_err. */

/* An int8 activation or constant with one valid scale. */
int tg_check_int8(const tg_view *view);
/* Same element type, scale and zero point. */
bool tg_same_quantization(const tg_view *a, const tg_view *b);
bool tg_same_shape(const tg_view *a, const tg_view *b);

/* Range of a fused activation in the output's quantisation. Returns 0 or TG_ERR_OPTION. */
int tg_activation_range(uint32_t activation, const tg_view *output, int8_t *low, int8_t *high);

/* Bits of the one scale of a per-tensor quantised view. */
static inline uint32_t tg_scale_of(const tg_view *view) {
    return tg_load32(view->scales);
}

#endif
