/* Operators: what the graph reader tells an operator kind, and what that leaves behind to be run.
 *
 * An operator kind is one constant tg_op in one file under kernels/. Its prepare() sees the operator with its
 * tensors, verifies everything about it, and fills the node's parameters; its run() relies on that.
 * Internal to the core.
 */
#ifndef TG_OP_H
#define TG_OP_H

#include <stdbool.h>

#include "tg_file.h"
#include "tg_quant.h"
#include "tg_schema.h"
#include "tg_stream.h"

/* A place in the file or in the arena, as an offset: the same size on every processor. */
typedef uint32_t tg_ref;
#define TG_REF_FILE 0x80000000U /* set: an offset into the file */
#define TG_REF_NONE 0U          /* what lies at the arena's start is nobody's input */

#define TG_NODE_REFS 4U

/* What is run: one operator with its memory. */
struct tg_node {
    union {
        struct {
            tg_ref input;
            tg_ref input2; /* of operators with two activations, or with weights */
            tg_ref output;
            tg_ref scratch; /* scratch_size bytes, 4-byte aligned */
        };
        tg_ref refs[TG_NODE_REFS];
    };
    tg_ref params; /* the operator kind's own */
    uint32_t op;   /* index into the model's list of operators */
};

/* The memory behind a reference. Only memory of the arena may be written. */
static inline void *tg_at(const tg_model *model, tg_ref ref) {
    return (ref & TG_REF_FILE) != 0 ? (void *)(uintptr_t)(model->data + (ref & ~TG_REF_FILE))
                                    : model->arena + ref;
}

static inline bool tg_is_constant(tg_ref ref) {
    return (ref & TG_REF_FILE) != 0;
}

/* A node as it is run, its references resolved; those to nothing must not be followed. */
typedef struct {
    const tg_model *model;
    const void *params;
    const int8_t *input;
    const int8_t *input2;
    int8_t *output;
    void *scratch;
} tg_run;

/* Parameters grow from the arena's start while the model is verified. */
typedef struct {
    uint8_t *base; /* 8-byte aligned */
    uint32_t size;
    uint32_t used; /* bytes taken from the start; after a failure: that would have to be taken */
} tg_arena;

#define TG_MAX_OPTIONS 7U

/* What an operator kind is told while the model is opened, and what it asks for. */
typedef struct {
    const uint8_t *file;
    uint32_t option[TG_MAX_OPTIONS]; /* in the order of tg_op.options */
    /* TG_MAX_OP_INPUTS; of an absent optional one only `has` and `data` are set, to nothing. */
    tg_view *input;
    tg_view output;
    tg_arena arena;        /* tg_alloc() */
    uint32_t room;         /* scratch that another operator's memory has to spare */
    uint32_t scratch_size; /* asked for by prepare(), of what is absorbed anew; 0 before */
    uint32_t steps;        /* of work for an output value, told by prepare(); 1 before */
    uint8_t opcode;        /* of the operator */
    int8_t low;            /* range of the fused activation, with TG_FUSED */
    int8_t high;
} tg_prepare;

/* Time as an operator meets it when its model runs every hop (tg_stream.h). Its input is columns, one behind
 * the other in memory; the operator answers for its output. */
typedef struct {
    const struct tg_node *node;
    uint32_t columns; /* in a window; of the output: 0 when it has no time */
    uint32_t fresh;   /* of them new at every hop */
    uint32_t size;    /* bytes of an input column */
    int32_t kept;     /* answer: input columns needed besides the new ones; below 0: new ones not needed */
    uint32_t scratch; /* answer: bytes, where prepare() asked for some */
    bool state;       /* answer: the scratch is kept from hop to hop, zeroed at a reset */
} tg_hop;

/* Checks that are made before prepare(), of the first input and the output. */
#define TG_SAME_SIZE         1U
#define TG_SAME_QUANTIZATION 2U
#define TG_FUSED             4U /* the first option is a fused activation */

/* Each kind exists twice: as tg_op_NAME, and as tg_hop_NAME with what running by hops takes besides. An
 * application lists, and links, the ones or the others. */
struct tg_op {
    uint8_t opcode;
    uint8_t params; /* bytes of parameters */
    uint8_t checks;
    uint8_t absorbs; /* an operator with scratch absorbs this kind; 0: none */
    /* What each input must have, or TG_OPTIONAL; 0: there is no such input. */
    uint8_t needs[TG_MAX_OP_INPUTS];
    const uint8_t *options; /* wanted fields */
    /* Verifies the operator and fills its parameters. Returns 0 or a negative tg_err. NULL: nothing to do.
     * For an operator of kind `absorbs` (p->opcode), which alone uses this one's output: takes it into the
     * parameters, its output becomes this one's; or returns an error with nothing changed. */
    int (*prepare)(tg_prepare *p, void *params);
    /* NULL: the output is the input's memory, nothing is run. */
    void (*run)(const tg_run *run);
    /* Of tg_hop_NAME: NULL, or narrows the parameters to the columns that a hop makes. Returns TG_STREAM_YES,
     * or with nothing changed why the operator needs the whole window. */
    tg_stream_reason (*stream)(void *params, tg_hop *hop);
};

enum { OPTION_ACTIVATION };

/* Defines both, from initialisers of all but `stream`. */
#define TG_OP(name, hook, ...)                                                                               \
    const tg_op tg_op_##name = {__VA_ARGS__};                                                                \
    const tg_op tg_hop_##name = {__VA_ARGS__, .stream = (hook)}

/* Uninitialised memory of the arena for parameters, 4-byte aligned, and its reference.
 * NULL when the arena is too small; return TG_ERR_ARENA then. */
void *tg_alloc(tg_arena *arena, uint32_t size, tg_ref *ref);

/* Runs the first `nodes` nodes of a model. */
void tg_model_run(const tg_model *model, unsigned nodes);

/* Reference of a constant's contents; TG_REF_NONE for no constant. */
static inline tg_ref tg_constant(const tg_prepare *p, const tg_view *view) {
    return view->data == NULL ? TG_REF_NONE : (tg_ref)(view->data - p->file) | TG_REF_FILE;
}

/* Whether a view has all of some TG_ bits (but TG_OPTIONAL). Returns 0, TG_ERR_TYPE or TG_ERR_QUANTIZATION.
 */
int tg_check_has(const tg_view *view, uint32_t bits);
/* Same scale and zero point. */
bool tg_same_quantization(const tg_view *a, const tg_view *b);

/* Range of an activation in a tensor's quantisation. Returns 0 or TG_ERR_OPTION. */
int tg_activation_range(uint32_t activation, const tg_view *view, int8_t *low, int8_t *high);

/* Bits of the one scale of a per-tensor quantised view. */
static inline uint32_t tg_scale_of(const tg_view *view) {
    return tg_item32(view->scales, 0);
}

#endif
