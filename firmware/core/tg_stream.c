#include "tg_stream.h"

#include "tg_arena.h"
#include "tg_op.h"

/* Memory that moves back after a hop: `size` bytes to offset `to` of the arena from `by` bytes behind it. */
struct tg_kept {
    uint32_t to;
    uint32_t by;
    uint32_t size;
};

typedef struct {
    tg_planner planner;
    tg_stream *stream;
    unsigned window;
    unsigned hop;
    tg_arena *arena;
    struct tg_kept *kept; /* `to`: a block, until it has a place */
    uint32_t columns;     /* offset of the new columns in the input's block */
} planning;

static tg_block *time_of(const tg_layout *layout, unsigned block) {
    return block != TG_NO_BLOCK && layout->blocks[block].u.time.columns != 0 ? &layout->blocks[block] : NULL;
}

static uint32_t column_size(const tg_block *block) {
    return block->size / block->u.time.columns;
}

/* Asks an operator how it takes its input's time. */
static tg_stream_reason narrow(const planning *p, const tg_layout *layout, unsigned i, tg_hop *hop) {
    const struct tg_node *node = &layout->nodes[i];
    const tg_places *where = &layout->places[i];
    const tg_block *a = time_of(layout, where->input);
    const tg_block *b = time_of(layout, where->input2);
    const tg_op *op = layout->ops[node->op];
    const tg_block *in = &layout->blocks[a != NULL ? where->input : where->input2];
    *hop = (tg_hop){node, in->u.time.columns, in->u.time.fresh, column_size(in), 0, 0, false};
    if (where->output == layout->output) {
        return TG_STREAM_ENDS; /* the model's output is whole */
    }
    if (where->input != TG_NO_BLOCK && where->input2 != TG_NO_BLOCK &&
        (a == NULL || b == NULL || a->u.time.columns != b->u.time.columns ||
         a->u.time.fresh != b->u.time.fresh)) {
        return TG_STREAM_BRANCH;
    }
    return op->stream == NULL ? TG_STREAM_OPERATOR : op->stream(p->arena->base + node->params, hop);
}

/* Has an operator's input kept for it; the offset at which it reads is left as `kept` columns from the new.
 */
static void keep(tg_block *block, tg_ref *offset, int32_t kept) {
    if (block != NULL) {
        if (kept > (int32_t)block->tensor) {
            block->tensor = (uint16_t)kept;
        }
        *offset = (tg_ref)kept;
    }
}

static void set_scratch(tg_stream *stream, tg_layout *layout, tg_places *where, const tg_hop *hop) {
    if (hop->scratch != 0 && where->scratch == TG_NO_BLOCK) {
        unsigned i = layout->block_count++;
        layout->blocks[i] = (tg_block){.tensor = TG_NO_TENSOR, .root = (uint8_t)i};
        where->scratch = (uint8_t)i;
    }
    if (where->scratch != TG_NO_BLOCK) {
        tg_block *scratch = &layout->blocks[where->scratch];
        scratch->size = hop->scratch;
        if (hop->state) {
            scratch->first = 0;
            scratch->last = TG_ALWAYS;
            stream->kept_size += hop->scratch;
        }
    }
}

/* Follows time through the graph. */
static void follow(planning *p, tg_layout *layout) {
    for (unsigned i = 0; i < layout->node_count; i++) {
        struct tg_node *node = &layout->nodes[i];
        tg_places *where = &layout->places[i];
        tg_block *a = time_of(layout, where->input);
        tg_block *b = time_of(layout, where->input2);
        if (a == NULL && b == NULL) {
            continue;
        }
        tg_hop hop;
        tg_stream_reason reason = narrow(p, layout, i, &hop);
        tg_block *output = &layout->blocks[where->output];
        if (reason == TG_STREAM_YES) {
            p->stream->always = (uint16_t)(i + 1U);
            output->u.time.columns = (uint16_t)hop.columns;
            output->u.time.fresh = (uint16_t)hop.fresh;
            set_scratch(p->stream, layout, where, &hop);
        } else if (reason != TG_STREAM_ENDS && p->stream->reason == TG_STREAM_YES) {
            p->stream->reason = reason;
            p->stream->op = output->first;
        }
        bool whole = reason != TG_STREAM_YES;
        keep(a, &node->input, whole && a != NULL ? a->u.time.columns - a->u.time.fresh : hop.kept);
        keep(b, &node->input2, whole && b != NULL ? b->u.time.columns - b->u.time.fresh : hop.kept);
    }
}

/* From columns to bytes. */
static uint32_t offset_of(const tg_block *block, tg_ref kept) {
    return (uint32_t)((int32_t)block->tensor - (int32_t)kept) * column_size(block);
}

static void set_offsets(planning *p, tg_layout *layout) {
    for (unsigned i = 0; i < layout->node_count; i++) {
        struct tg_node *node = &layout->nodes[i];
        const tg_places *where = &layout->places[i];
        const tg_block *a = time_of(layout, where->input);
        const tg_block *b = time_of(layout, where->input2);
        const tg_block *output = time_of(layout, where->output);
        node->input = a != NULL ? offset_of(a, node->input) : node->input;
        node->input2 = b != NULL ? offset_of(b, node->input2) : node->input2;
        node->output = output != NULL ? offset_of(output, 0) : node->output;
    }
    p->columns = offset_of(&layout->blocks[0], 0);
}

/* Has what is kept moved back after every hop. */
static int set_kept(planning *p, tg_layout *layout) {
    unsigned count = 0;
    for (unsigned i = 0; i < layout->block_count; i++) {
        count += time_of(layout, i) != NULL && layout->blocks[i].tensor > 0;
    }
    tg_ref ref = 0;
    struct tg_kept *kept = tg_alloc(p->arena, count * (uint32_t)sizeof *kept, &ref);
    if (kept == NULL) {
        return TG_ERR_ARENA;
    }
    p->kept = kept;
    p->stream->kept = kept;
    p->stream->kept_count = (uint16_t)count;
    for (unsigned i = 0; i < layout->block_count; i++) {
        tg_block *block = time_of(layout, i);
        if (block == NULL) {
            continue;
        }
        uint32_t size = column_size(block);
        block->size = (block->tensor + (uint32_t)block->u.time.fresh) * size;
        if (block->tensor > 0) {
            *kept++ = (struct tg_kept){i, block->u.time.fresh * size, block->tensor * size};
            p->stream->kept_size += block->tensor * size;
        }
        if (block->tensor > 0 || i == 0) { /* the input is filled from run to run */
            block->first = 0;
            block->last = TG_ALWAYS;
        }
    }
    return 0;
}

static int plan(tg_planner *planner, tg_layout *layout, tg_arena *arena) {
    planning *p = (planning *)(void *)planner;
    tg_block *input = &layout->blocks[0];
    if (layout->output == 0 || input->size % p->window != 0) {
        return layout->output == 0 ? TG_ERR_GRAPH : TG_ERR_MISMATCH;
    }
    p->arena = arena;
    for (unsigned i = 0; i < layout->block_count; i++) {
        layout->blocks[i].u.offset = 0;
        layout->blocks[i].tensor = 0;
    }
    input->u.time.columns = (uint16_t)p->window;
    input->u.time.fresh = (uint16_t)p->hop;
    follow(p, layout);
    set_offsets(p, layout);
    return set_kept(p, layout);
}

static void placed(tg_planner *planner, const tg_block *blocks, uint32_t tensors) {
    const planning *p = (planning *)(void *)planner;
    for (unsigned i = 0; i < p->stream->kept_count; i++) {
        p->kept[i].to = tensors + blocks[p->kept[i].to].u.offset;
    }
    p->stream->state = tensors;
    p->stream->columns = (int8_t *)p->arena->base + tensors + blocks[0].u.offset + p->columns;
}

int tg_stream_open(tg_stream *stream, tg_model *model, const uint8_t *data, size_t size,
                   const tg_op *const *ops, unsigned window, unsigned hop, void *arena, size_t arena_size,
                   tg_fault *fault) {
    if (stream == NULL || hop == 0 || hop > window || window > UINT16_MAX) {
        return TG_ERR_ARGUMENT;
    }
    tg_stream opened = {.op = -1};
    planning p = {.planner = {plan, placed}, .stream = &opened, .window = window, .hop = hop};
    int err = tg_model_open_planned(model, data, size, ops, arena, arena_size, fault, &p.planner);
    if (err == 0) {
        *stream = opened;
        tg_stream_reset(stream, model);
    }
    return err;
}

int8_t *tg_stream_columns(const tg_stream *stream) {
    return stream->columns;
}

uint32_t tg_stream_kept(const tg_stream *stream) {
    return stream->kept_size;
}

void tg_stream_run(const tg_stream *stream, const tg_model *model, bool full) {
    tg_model_run(model, full ? model->node_count : stream->always);
    for (unsigned i = 0; i < stream->kept_count; i++) {
        const struct tg_kept *kept = &stream->kept[i];
        uint8_t *to = model->arena + kept->to;
        memmove(to, to + kept->by, kept->size);
    }
}

void tg_stream_reset(const tg_stream *stream, const tg_model *model) {
    memset(model->arena + stream->state, 0, model->arena_used - stream->state);
}

const char *tg_stream_text(tg_stream_reason reason) {
    static const char *const TEXTS[] = {
#define TG_STREAM_ENTRY(name, text) text,
        TG_STREAM_LIST(TG_STREAM_ENTRY)
#undef TG_STREAM_ENTRY
    };
    return (unsigned)reason < sizeof TEXTS / sizeof TEXTS[0] ? TEXTS[reason] : "?";
}
