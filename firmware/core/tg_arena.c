#include "tg_arena.h"

#include <stddef.h>

void *tg_alloc(tg_arena *arena, uint32_t size, tg_ref *ref) {
    size = (size + 3U) & ~3U;
    uint32_t at = arena->used;
    arena->used += size;
    if (size > arena->size - at) {
        return NULL;
    }
    *ref = at;
    return arena->base + at;
}

/* Memory is filled from both ends: along a chain of operators an input lies at one end and the output at the
 * other, which takes no more than the largest pair. A block goes to the end where less is in its way, above
 * all that lives when it does: blocks start one after the other, but for those that live always. While its
 * offset is `u.offset`, bit 0 tells the end. */
uint32_t tg_plan(tg_block *blocks, unsigned count) {
    const tg_block *end = blocks + count;
    const tg_block *alive = blocks; /* all before have ended when the block starts */
    uint32_t total = 0;
    for (tg_block *block = blocks; block != end; block++) {
        uint32_t low = 0;
        uint32_t high = 0;
        if (block->first == 0) {
            alive = blocks; /* lives always, or is among the first */
        }
        while (alive->last < block->first) {
            alive++;
        }
        for (const tg_block *other = alive; other != block; other++) {
            if (other->last >= block->first) {
                uint32_t top = other->u.offset + other->size;
                if ((top & 1U) == 0) {
                    low = top > low ? top : low;
                } else {
                    high = top > high ? top : high;
                }
            }
        }
        block->size = (block->size + TG_TENSOR_ALIGN - 1U) & ~(TG_TENSOR_ALIGN - 1U);
        block->u.offset = low <= high ? low : high | 1U;
        uint32_t all = low + (high & ~1U) + block->size;
        total = all > total ? all : total;
    }
    for (tg_block *block = blocks; block != end; block++) {
        if ((block->u.offset & 1U) != 0) {
            block->u.offset = total + 1U - block->u.offset - block->size;
        }
    }
    return total;
}
