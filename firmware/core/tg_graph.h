/* The graph: verifies a file's operators one by one, and makes of them nodes with parameters and blocks of
 * memory, which are then placed. Internal to the core.
 */
#ifndef TG_GRAPH_H
#define TG_GRAPH_H

#include "tg_arena.h"
#include "tg_file.h"

/* What lies at an arena's start: the model's ends, and the nodes in order. */
typedef struct {
    tg_tensor input;
    tg_tensor output;
    struct tg_node nodes[];
} tg_head;

typedef struct {
    struct tg_node *node; /* behind the last */
    uint8_t block_count;
    uint8_t step;      /* number of the operator that is being read */
    uint8_t output;    /* the block of the model's output */
    uint8_t absorbing; /* TG_MAY, TG_HAD or TG_MUST_NOT, below */
    /* Planning tables: at the arena's end, where tensors may lie later. */
    tg_block *blocks;  /* the first is the model's input */
    uint8_t *block_of; /* by tensor: the block that holds it at this point of the graph, or TG_NO_BLOCK */
    uint32_t made;     /* the tensor that the step before made, which p.output describes */
    uint32_t latest;   /* bytes of the latest node: tensors and scratch */
    uint32_t most;     /* the same of the most demanding one before */
    uint32_t work;     /* steps of an inference so far */
    const tg_op *const *ops;
    const tg_op *producer; /* the last step's operator, when it may absorb this one's; or NULL */
    uint32_t tables_size;
    tg_fault *fault;
    tg_file file;
    tg_prepare p;
} tg_graph;

#define TG_NO_BLOCK 0xFFU

/* Whether operators are absorbed. */
enum {
    TG_MAY,      /* so far none whose input others use */
    TG_HAD,      /* one was that must not be: the graph is read once more */
    TG_MUST_NOT, /* none is */
};

static inline tg_head *tg_head_of(const tg_graph *graph) {
    return (tg_head *)(void *)graph->p.arena.base;
}

/* Until tg_graph_place() a node refers to memory by a block, and an offset of 23 bits within it. */
static inline tg_ref tg_ref_in(unsigned block, int32_t offset) {
    return ((uint32_t)offset << 8 & ~TG_REF_FILE) | block;
}

static inline int32_t tg_offset_of(tg_ref ref) {
    return (int32_t)(ref << 1) >> 9;
}

/* The block of such a reference; TG_NO_BLOCK for a constant and for nothing. */
static inline unsigned tg_block_of(tg_ref ref) {
    return tg_is_constant(ref) ? TG_NO_BLOCK : ref & 0xFFU;
}

#define TG_REF_NOTHING TG_REF_FILE /* the file's start: nobody's input, nor memory */

/* What tg_model_open() was called with. unused: where a fault is told when the caller has no place. */
static inline void tg_graph_init(tg_graph *graph, const tg_op *const *ops, void *arena, size_t arena_size,
                                 tg_fault *fault, tg_fault *unused) {
    graph->ops = ops;
    graph->p.arena.base = arena;
    graph->p.arena.size = arena_size > UINT32_MAX ? UINT32_MAX : (uint32_t)arena_size;
    graph->fault = fault == NULL ? unused : fault;
    *graph->fault = (tg_fault){.op = -1, .opcode = -1};
}

/* Reads and verifies the file. Returns 0 or a negative tg_err. */
int tg_graph_read(tg_graph *graph, const uint8_t *data, size_t size);

/* Unless there was an error before, finds places for the blocks and fills the model. Returns 0 or a negative
 * tg_err. */
int tg_graph_place(tg_graph *graph, int err, tg_model *model);

#endif
