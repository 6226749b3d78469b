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

/* Puts block i at the lowest offset at which it collides with none of those that live when it does. `lowest`
 * heads the list of the blocks that have a place, by offset. Returns the block's end. */
static uint32_t put(tg_block *blocks, uint8_t *lowest, unsigned i) {
    tg_block *block = &blocks[i];
    uint8_t *link = lowest; /* where it goes in the list: behind all that lie lower */
    uint32_t offset = 0;
    for (unsigned k = *lowest; k != TG_NO_NEXT; k = blocks[k].above) {
        tg_block *other = &blocks[k];
        if (other->u.offset >= offset + block->size) {
            break;
        }
        uint32_t end = other->u.offset + other->size;
        if (end > offset && other->first <= block->last && block->first <= other->last) {
            offset = end;
        }
        if (other->u.offset <= offset) {
            link = &other->above;
        }
    }
    block->u.offset = offset;
    block->above = *link;
    *link = (uint8_t)i;
    return offset + block->size;
}

uint32_t tg_plan(tg_block *blocks, unsigned count) {
    uint32_t total = 0;
    uint8_t largest = TG_NO_NEXT;
    uint8_t lowest = TG_NO_NEXT;
    /* Largest first: small blocks then fill the gaps. */
    for (unsigned i = 0; i < count; i++) {
        uint32_t size = (blocks[i].size + TG_TENSOR_ALIGN - 1U) & ~(TG_TENSOR_ALIGN - 1U);
        if (size == 0) {
            continue;
        }
        uint8_t *link = &largest;
        while (*link != TG_NO_NEXT && blocks[*link].size >= size) {
            link = &blocks[*link].smaller;
        }
        blocks[i].size = size;
        blocks[i].smaller = *link;
        *link = (uint8_t)i;
    }
    for (unsigned i = largest; i != TG_NO_NEXT; i = blocks[i].smaller) {
        uint32_t end = put(blocks, &lowest, i);
        total = end > total ? end : total;
    }
    return total;
}
