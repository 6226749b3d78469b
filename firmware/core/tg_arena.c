#include "tg_arena.h"

#include <stdbool.h>
#include <stddef.h>

#include "tg_op.h"

void *tg_alloc(tg_arena *arena, uint32_t size, tg_ref *ref) {
    size = (size + 3U) & ~3U;
    arena->needed += size;
    if (size > arena->size - arena->used) {
        return NULL;
    }
    *ref = arena->used;
    arena->used += size;
    return arena->base + *ref;
}

/* Lowest offset at which block i collides with none of the placed blocks that live when it does. */
static uint32_t lowest_offset(const tg_block *blocks, unsigned count, unsigned i) {
    uint32_t offset = 0;
    for (unsigned k = 0; k < count; k++) {
        const tg_block *other = &blocks[k];
        bool together = other->first <= blocks[i].last && blocks[i].first <= other->last;
        if (other->offset != TG_NOT_PLACED && together && offset < other->offset + other->size &&
            other->offset < offset + blocks[i].size) {
            offset = other->offset + other->size;
            k = (unsigned)-1; /* the new place may collide with one seen before; offset only grows */
        }
    }
    return offset;
}

uint32_t tg_plan(tg_block *blocks, unsigned count) {
    uint32_t total = 0;
    for (unsigned i = 0; i < count; i++) {
        blocks[i].size = (blocks[i].size + TG_TENSOR_ALIGN - 1U) & ~(TG_TENSOR_ALIGN - 1U);
        blocks[i].offset = TG_NOT_PLACED;
    }
    for (;;) {
        /* Largest first: small blocks then fill the gaps. */
        unsigned largest = 0;
        uint32_t size = 0;
        for (unsigned i = 0; i < count; i++) {
            if (blocks[i].offset == TG_NOT_PLACED && blocks[i].size > size) {
                largest = i;
                size = blocks[i].size;
            }
        }
        if (size == 0) {
            return total;
        }
        blocks[largest].offset = lowest_offset(blocks, count, largest);
        if (blocks[largest].offset + size > total) {
            total = blocks[largest].offset + size;
        }
    }
}
