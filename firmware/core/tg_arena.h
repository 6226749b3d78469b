/* The arena: parameters grow from its start while the model is verified; the tensors are planned behind them.
 * Internal to the core.
 */
#ifndef TG_ARENA_H
#define TG_ARENA_H

#include <stdint.h>

#include "tg_op.h"

#define TG_TENSOR_ALIGN 4U

/* A block of memory needed from one step of the graph to another. */
typedef struct {
    uint32_t size;
    union {
        uint32_t offset;      /* found by tg_plan() */
        struct {              /* before, while a stream is planned */
            uint16_t columns; /* of a window; 0: no time */
            uint16_t fresh;   /* new at a hop */
        } time;
    } u;
    uint16_t kept; /* of a stream: columns besides the new ones */
    uint8_t first; /* steps (operators) during which it must keep its contents */
    uint8_t last;
} tg_block;

#define TG_ALWAYS 0xFFU /* `last` of a block that keeps its contents from run to run; `first` is 0 then */

/* Gives every block an offset so that no two that live at the same time overlap. Returns the bytes needed in
 * all. */
uint32_t tg_plan(tg_block *blocks, unsigned count);

#endif
