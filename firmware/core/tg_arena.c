#include "tg_arena.h"

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

/* Lowest offset at which block i collides with none of those before it in the list that live when it does. */
static uint32_t lowest_offset(const tg_block *blocks, unsigned first, unsigned i) {
    const tg_block *block = &blocks[i];
    uint32_t offset = 0;
    for (unsigned k = first; k != i;) {
        const tg_block *other = &blocks[k];
        k = other->next;
        if (offset < other->u.offset + other->size && other->u.offset < offset + block->size &&
            other->first <= block->last && block->first <= other->last) {
            offset = other->u.offset + other->size;
            k = first; /* the new place may collide with one seen before; offset only grows */
        }
    }
    return offset;
}

uint32_t tg_plan(tg_block *blocks, unsigned count) {
    uint32_t total = 0;
    uint8_t first = TG_NO_NEXT;
    /* Largest first: small blocks then fill the gaps. */
    for (unsigned i = 0; i < count; i++) {
        blocks[i].size = (blocks[i].size + TG_TENSOR_ALIGN - 1U) & ~(TG_TENSOR_ALIGN - 1U);
        uint8_t *link = &first;
        while (*link != TG_NO_NEXT && blocks[*link].size >= blocks[i].size) {
            link = &blocks[*link].next;
        }
        blocks[i].next = *link;
        *link = (uint8_t)i;
    }
    for (unsigned i = first; i != TG_NO_NEXT && blocks[i].size > 0; i = blocks[i].next) {
        blocks[i].u.offset = lowest_offset(blocks, first, i);
        uint32_t end = blocks[i].u.offset + blocks[i].size;
        total = end > total ? end : total;
    }
    return total;
}
