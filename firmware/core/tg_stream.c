#include "tg_stream.h"

#include "tg_graph.h"

/* Memory that moves back after a hop: `size` bytes to offset `to` of the arena from `by` bytes behind it. */
struct tg_kept {
    uint32_t to;
    uint32_t by;
    uint32_t size;
};

/* The block of a reference, if it has time. */
static tg_block *time_of(const tg_graph *g, tg_ref ref) {
    unsigned block = tg_block_of(ref);
    return block != TG_NO_BLOCK && g->blocks[block].u.time.columns != 0 ? &g->blocks[block] : NULL;
}

static uint32_t column_size(const tg_block *block) {
    return block->size / block->u.time.columns;
}

/* Asks an operator how it takes its input's time. */
static tg_stream_reason narrow(const tg_graph *g, tg_ref output, const struct tg_node *node,
                               const tg_block *in, tg_hop *hop) {
    const tg_block *a = time_of(g, node->input);
    const tg_block *b = time_of(g, node->input2);
    const tg_op *op = g->ops[node->op];
    *hop = (tg_hop){node, in->u.time.columns, in->u.time.fresh, column_size(in), 0, 0, false};
    if (node->output == output) {
        return TG_STREAM_ENDS; /* the model's output is whole */
    }
    if (!tg_is_constant(node->input) && !tg_is_constant(node->input2) &&
        (a == NULL || b == NULL || a->u.time.columns != b->u.time.columns ||
         a->u.time.fresh != b->u.time.fresh)) {
        return TG_STREAM_BRANCH;
    }
    return op->stream == NULL ? TG_STREAM_OPERATOR : op->stream(g->p.arena.base + node->params, hop);
}

/* Has an operator's input kept for it; the offset at which it reads is left as `kept` columns from the new.
 */
static void keep(tg_block *block, tg_ref *ref, int32_t kept) {
    if (block != NULL) {
        if (kept > (int32_t)block->kept) {
            block->kept = (uint16_t)kept;
        }
        *ref = tg_ref_in(*ref, kept);
    }
}

static void set_scratch(tg_stream *stream, tg_graph *g, const struct tg_node *node, const tg_hop *hop) {
    if (!tg_is_constant(node->scratch)) {
        tg_block *scratch = &g->blocks[node->scratch];
        scratch->size = hop->scratch;
        if (hop->state) {
            scratch->first = 0;
            scratch->last = TG_ALWAYS;
            stream->kept_size += hop->scratch;
        }
    }
}

/* Follows time through the graph. */
static void follow(tg_stream *stream, tg_graph *g) {
    tg_ref last = g->output;
    for (struct tg_node *node = tg_head_of(g)->nodes; node < g->node; node++) {
        tg_block *a = time_of(g, node->input);
        tg_block *b = time_of(g, node->input2);
        const tg_block *in = a != NULL ? a : b;
        if (in == NULL) {
            continue;
        }
        tg_hop hop;
        tg_stream_reason reason = narrow(g, last, node, in, &hop);
        tg_block *output = &g->blocks[node->output];
        if (reason == TG_STREAM_YES) {
            stream->always = (uint16_t)(node - tg_head_of(g)->nodes + 1);
            output->u.time.columns = (uint16_t)hop.columns;
            output->u.time.fresh = (uint16_t)hop.fresh;
            set_scratch(stream, g, node, &hop);
        } else if (reason != TG_STREAM_ENDS && stream->reason == TG_STREAM_YES) {
            stream->reason = reason;
            stream->op = output->first;
        }
        bool whole = reason != TG_STREAM_YES;
        keep(a, &node->input, whole && a != NULL ? a->u.time.columns - a->u.time.fresh : hop.kept);
        keep(b, &node->input2, whole && b != NULL ? b->u.time.columns - b->u.time.fresh : hop.kept);
    }
}

/* From columns to bytes. */
static void set_offset(const tg_graph *g, tg_ref *ref) {
    const tg_block *block = time_of(g, *ref);
    if (block != NULL) {
        int32_t columns = (int32_t)block->kept - tg_offset_of(*ref);
        *ref = tg_ref_in(tg_block_of(*ref), columns * (int32_t)column_size(block));
    }
}

/* Has what is kept moved back after every hop. */
static int set_kept(tg_stream *stream, tg_graph *g) {
    struct tg_kept *kept = NULL;
    tg_ref ref = 0;
    for (unsigned i = 0; i < g->block_count; i++) {
        tg_block *block = time_of(g, i);
        if (block == NULL) {
            continue;
        }
        uint32_t size = column_size(block);
        block->size = (block->kept + (uint32_t)block->u.time.fresh) * size;
        if (block->kept > 0) {
            struct tg_kept *next = tg_alloc(&g->p.arena, sizeof *next, &ref);
            if (next == NULL) {
                return TG_ERR_ARENA;
            }
            *next = (struct tg_kept){i, block->u.time.fresh * size, block->kept * size};
            kept = kept == NULL ? next : kept; /* the first */
            stream->kept_count++;
            stream->kept_size += next->size;
        }
        if (block->kept > 0 || i == 0) { /* the input is filled from run to run */
            block->first = 0;
            block->last = TG_ALWAYS;
        }
    }
    stream->kept = kept;
    return 0;
}

/* Plans a graph for hops; *columns: where in the input's block the new columns are. */
static int plan(tg_stream *stream, tg_graph *g, unsigned window, unsigned hop, tg_ref *columns) {
    tg_block *input = &g->blocks[0];
    for (tg_block *block = input; block < input + g->block_count; block++) {
        block->u.time.columns = block->kept = 0;
    }
    if (g->output == 0) {
        return TG_ERR_GRAPH;
    }
    if (input->size % window != 0) {
        return TG_ERR_MISMATCH;
    }
    input->u.time.columns = (uint16_t)window;
    input->u.time.fresh = (uint16_t)hop;
    follow(stream, g);
    for (struct tg_node *node = tg_head_of(g)->nodes; node < g->node; node++) {
        set_offset(g, &node->input);
        set_offset(g, &node->input2);
        set_offset(g, &node->output);
    }
    set_offset(g, columns);
    return set_kept(stream, g);
}

int tg_stream_open(tg_stream *stream, tg_model *model, const uint8_t *data, size_t size,
                   const tg_op *const *ops, unsigned window, unsigned hop, void *arena, size_t arena_size,
                   tg_fault *fault) {
    tg_fault unused;
    tg_graph graph;
    tg_graph_init(&graph, ops, arena, arena_size, fault, &unused);
    if (stream == NULL || model == NULL || hop == 0 || hop > window || window > UINT16_MAX) {
        return TG_ERR_ARGUMENT;
    }
    tg_stream opened = {.op = -1};
    tg_ref columns = 0;
    int err = tg_graph_read(&graph, data, size);
    if (err == 0) {
        err = plan(&opened, &graph, window, hop, &columns);
    }
    err = tg_graph_place(&graph, err, model);
    if (err != 0) {
        return err;
    }
    for (unsigned i = 0; i < opened.kept_count; i++) {
        opened.kept[i].to = graph.p.arena.used + graph.blocks[opened.kept[i].to].u.offset;
    }
    opened.state = graph.p.arena.used;
    opened.columns = model->input + tg_offset_of(columns);
    *stream = opened;
    tg_stream_reset(stream, model);
    return 0;
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
