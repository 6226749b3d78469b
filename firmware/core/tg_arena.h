/* The arena: parameters grow from its start while the model is verified; the tensors are planned behind them.
 * Internal to the core.
 */
#ifndef TG_ARENA_H
#define TG_ARENA_H

#include <stdint.h>

#define TG_TENSOR_ALIGN 4U

typedef struct tg_arena {
    uint8_t *base; /* 8-byte aligned */
    uint32_t size;
    uint32_t used;   /* bytes taken from the start */
    uint32_t needed; /* bytes that were asked for, taken or not */
} tg_arena;

/* A block of memory needed from one step of the graph to another. */
typedef struct {
    uint32_t size;   /* 0: a view of another block, which takes no memory of its own */
    uint32_t offset; /* found by tg_plan() */
    uint16_t tensor; /* the tensor it holds, or TG_NO_TENSOR for scratch */
    uint8_t first;   /* steps (operators) during which it must keep its contents */
    uint8_t last;
    uint8_t root; /* index of the block that owns the memory: its own, or the one it views */
    uint8_t next; /* of tg_plan(): next smaller block, or TG_NO_NEXT */
} tg_block;

#define TG_NO_TENSOR 0xFFFFU
#define TG_NO_NEXT   0xFFU

/* Gives every block that has a size an offset so that no two that live at the same time overlap. Returns the
 * bytes needed in all. */
uint32_t tg_plan(tg_block *blocks, unsigned count);

#endif
