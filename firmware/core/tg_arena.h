/* The arena: parameters grow from its start while the model is verified; the tensors are planned behind them.
 * Internal to the core.
 */
#ifndef TG_ARENA_H
#define TG_ARENA_H

#include <stdint.h>

#include "tg_model.h"

#define TG_TENSOR_ALIGN 4U

typedef struct tg_arena {
    uint8_t *base; /* 8-byte aligned */
    uint32_t size;
    uint32_t used;   /* bytes taken from the start */
    uint32_t needed; /* bytes that were asked for, taken or not */
} tg_arena;

/* A block of memory needed from one step of the graph to another. */
typedef struct {
    uint32_t size; /* 0: a view of another block, which takes no memory of its own */
    union {
        uint32_t offset;      /* found by tg_plan() */
        struct {              /* before, while a stream is planned */
            uint16_t columns; /* of a window; 0: no time */
            uint16_t fresh;   /* new at a hop */
        } time;
    } u;
    uint16_t tensor; /* the tensor it holds, or TG_NO_TENSOR for scratch; planning a stream: columns kept */
    uint8_t first;   /* steps (operators) during which it must keep its contents */
    uint8_t last;
    uint8_t root;    /* index of the block that owns the memory: its own, or the one it views */
    uint8_t smaller; /* lists of tg_plan(), ended by TG_NO_NEXT */
    uint8_t above;
} tg_block;

#define TG_NO_TENSOR 0xFFFFU
#define TG_NO_NEXT   0xFFU
#define TG_NO_BLOCK  0xFFU
#define TG_ALWAYS    0xFFU /* `last` of a block that keeps its contents from run to run; `first` is 0 then */

/* Where a node's memory is, by blocks or TG_NO_BLOCK. */
typedef struct {
    uint8_t input;
    uint8_t input2;
    uint8_t output;
    uint8_t scratch;
} tg_places;

/* A verified graph whose tensors have no places yet. */
typedef struct {
    const tg_op *const *ops;
    struct tg_node *nodes; /* input and output: offsets within their blocks */
    tg_places *places;
    unsigned node_count;
    tg_block *blocks; /* the first is the model's input; room for one more for every node without scratch */
    unsigned block_count;
    unsigned output; /* block of the model's output */
} tg_layout;

/* Who plans a graph for other than whole windows. */
typedef struct tg_planner {
    /* May change operators' parameters, tensors' sizes and lifetimes, and offsets within blocks, and
     * allocate. Returns 0 or a negative tg_err. */
    int (*plan)(struct tg_planner *planner, tg_layout *layout, tg_arena *arena);
    /* Is told the places; tensors: offset of the first. */
    void (*placed)(struct tg_planner *planner, const tg_block *blocks, uint32_t tensors);
} tg_planner;

/* tg_model_open(), by a planner or NULL. */
int tg_model_open_planned(tg_model *model, const uint8_t *data, size_t size, const tg_op *const *ops,
                          void *arena, size_t arena_size, tg_fault *fault, tg_planner *planner);

/* Gives every block that has a size an offset so that no two that live at the same time overlap. Returns the
 * bytes needed in all. */
uint32_t tg_plan(tg_block *blocks, unsigned count);

#endif
