#include "tg_graph.h"

#include "tg_quant.h"

/* In block_of: the tensor went into the operator that made it. */
#define ABSORBED 0xFEU

_Static_assert(2U * TG_MAX_OPS + 1U <= ABSORBED && ABSORBED < TG_NO_BLOCK, "all are told apart");

/* Steps of work that an output value takes besides those that its operator counts. */
#define STEPS_OF_A_VALUE 32U

/* A new block, first needed in this step. */
static TG_NOINLINE tg_ref add_block(tg_graph *g, uint32_t size) {
    tg_block *block = &g->blocks[g->block_count];
    block->size = size;
    block->first = block->last = g->step;
    return g->block_count++;
}

/* The block of a tensor that is used in this step, or TG_NO_BLOCK. */
static TG_NOINLINE unsigned used_block(tg_graph *g, uint32_t tensor) {
    unsigned block = g->block_of[tensor];
    if (block == TG_NO_BLOCK) {
        return block;
    }
    if (block == ABSORBED) { /* is never stored: the graph is read again */
        g->absorbing = TG_HAD;
        block = 0;
    }
    g->blocks[block].last = g->step;
    return block;
}

/* Reads tensor `index`; *ref: where it is, in a block or in the file. */
static int read_input(tg_graph *g, uint32_t index, tg_view *view, tg_ref *ref) {
    if (index == g->made) {
        *view = g->p.output;
    } else {
        int err = tg_file_tensor(&g->file, index, view == g->p.input ? TG_TENSOR : TG_SECOND, view);
        if (err != 0) {
            return err;
        }
        if (view->data != NULL) {
            *ref = tg_constant(&g->p, view);
            return 0;
        }
    }
    *ref = used_block(g, index);
    return *ref == TG_NO_BLOCK ? TG_ERR_GRAPH : 0; /* used before it is produced */
}

/* Reads the inputs of an operator, and notes in its node where they are. */
static TG_NOINLINE int read_inputs(tg_graph *g, const tg_op *op, tg_vector inputs) {
    uint32_t left = tg_count(inputs);
    const uint8_t *item = tg_items(inputs);
    const uint8_t *needs = op->needs;
    tg_ref *ref = g->node->refs;
    for (tg_view *view = g->p.input; view < g->p.input + TG_MAX_OP_INPUTS; view++, ref++, item += 4) {
        uint32_t need = *needs++;
        view->has = 0;
        view->data = NULL;
        *ref = TG_REF_NOTHING;
        uint32_t index = UINT32_MAX;
        if (left > 0) {
            left--;
            index = tg_load32(item);
        }
        if (index == UINT32_MAX && (need == 0 || (need & TG_OPTIONAL) != 0)) {
            continue;
        }
        if (index == UINT32_MAX || need == 0) {
            return TG_ERR_GRAPH; /* an input missing, or one too many */
        }
        int err = read_input(g, index, view, ref);
        if (err == 0) {
            err = tg_check_has(view, need);
        }
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

/* Reads a tensor that is made: by an operator, or before the first one. */
static int read_made(tg_graph *g, uint32_t index) {
    tg_view *view = &g->p.output;
    g->made = index;
    int err = tg_file_tensor(&g->file, index, TG_TENSOR, view);
    if (err != 0) {
        return err;
    }
    if (view->data != NULL || g->block_of[index] != TG_NO_BLOCK) {
        return TG_ERR_GRAPH; /* a constant, or produced twice */
    }
    return tg_check_has(view, TG_ACTIVATION);
}

/* The checks that kinds of operators share. */
static int check(const tg_op *op, tg_prepare *p) {
    const tg_view *input = &p->input[0];
    const tg_view *output = &p->output;
    unsigned checks = op->checks;
    if ((checks & TG_SAME_SIZE) != 0 && input->size != output->size) {
        return TG_ERR_SHAPE;
    }
    if ((checks & TG_SAME_QUANTIZATION) != 0 && !tg_same_quantization(input, output)) {
        return TG_ERR_QUANTIZATION;
    }
    return (checks & TG_FUSED) == 0
               ? 0
               : tg_activation_range(p->option[OPTION_ACTIVATION], output, &p->low, &p->high);
}

/* Lets the node of the step before, which made `input`, take this operator in. */
static bool absorbed(tg_graph *g, const tg_op *op, const tg_op *producer, uint32_t input) {
    tg_prepare *p = &g->p;
    const struct tg_node *last = g->node - 1;
    if (producer->absorbs != op->opcode || g->absorbing == TG_MUST_NOT ||
        producer->prepare(p, g->p.arena.base + last->params) != 0) {
        return false;
    }
    g->block_of[input] = ABSORBED;
    tg_block *output = &g->blocks[last->output];
    tg_block *scratch = output + 1; /* who absorbs has some */
    g->latest += p->output.size - output->size + p->scratch_size - scratch->size;
    output->size = p->output.size; /* its own output is never stored */
    output->last = g->step;
    scratch->size = p->scratch_size;
    return true;
}

/* Has a new node prepared. */
static int add_node(tg_graph *g, const tg_op *op) {
    tg_prepare *p = &g->p;
    struct tg_node *node = g->node;
    uint32_t own = p->input[0].size + p->output.size;
    g->most = g->latest > g->most ? g->latest : g->most;
    p->room = g->most > own ? g->most - own : 0;
    p->scratch_size = 0;
    p->steps = 1;
    void *params = tg_alloc(&g->p.arena, op->params, &node->params);
    if (params == NULL) {
        return TG_ERR_ARENA;
    }
    int err = op->prepare(p, params);
    if (err != 0) {
        return err;
    }
    uint32_t steps = p->steps + STEPS_OF_A_VALUE;
    if (p->output.size > (TG_MAX_WORK - g->work) / steps) {
        return TG_ERR_WORK;
    }
    g->work += p->output.size * steps;
    g->latest = own + p->scratch_size;
    node->output = add_block(g, p->output.size);
    node->scratch = p->scratch_size == 0 ? TG_REF_NOTHING : add_block(g, p->scratch_size);
    g->node++;
    g->producer = op->absorbs == 0 ? NULL : op;
    return 0;
}

/* Verifies the operator of this step and adds its node. p->output is that of the step before. */
static int add_step(tg_graph *g) {
    tg_call call;
    int err = tg_file_call(&g->file, g->step, &call);
    g->fault->opcode = (int16_t)(call.opcode > INT16_MAX ? INT16_MAX : call.opcode);
    if (err != 0) {
        return err;
    }
    uint32_t kind = 0;
    const tg_op *op;
    while ((op = g->ops[kind]) != NULL && op->opcode != call.opcode) {
        kind++;
    }
    if (op == NULL) {
        return TG_ERR_OPERATOR;
    }
    if (tg_count(call.inputs) > TG_MAX_OP_INPUTS || tg_count(call.outputs) != 1) {
        return TG_ERR_GRAPH;
    }
    const uint32_t before = g->made;
    const tg_op *producer = g->producer;
    g->producer = NULL;
    const uint32_t output = tg_item32(call.outputs, 0);
    err = tg_file_options(&g->file, &call, op->options, g->p.option);
    if (err == 0) {
        err = read_inputs(g, op, call.inputs);
    }
    if (err == 0) {
        err = read_made(g, output);
    }
    if (err == 0) {
        err = check(op, &g->p);
    }
    if (err != 0) {
        return err;
    }
    g->node->op = kind;
    g->p.opcode = op->opcode;
    tg_ref made = g->node->input;
    if (op->run != NULL) {
        if (producer == NULL || tg_item32(call.inputs, 0) != before || !absorbed(g, op, producer, before)) {
            err = add_node(g, op);
            if (err != 0) {
                return err;
            }
        }
        made = (g->node - 1)->output;
    } else if (tg_is_constant(made)) {
        return TG_ERR_GRAPH;
    }
    g->block_of[output] = (uint8_t)made;
    return 0;
}

static void set_end(tg_tensor *tensor, const tg_view *view) {
    tensor->dims = view->dims;
    tensor->size = view->size;
    tensor->zero_point = view->zero_point;
    const uint16_t *dim = view->dim + TG_MAX_DIMS - view->dims;
    for (unsigned i = 0; i < TG_MAX_DIMS; i++) {
        tensor->dim[i] = i < view->dims ? dim[i] : 0;
    }
    memcpy(&tensor->scale, tg_items(view->scales), sizeof tensor->scale);
}

/* The tables whose size is the same for all models. */
typedef struct {
    tg_kind tables[TG_TABLES];
    tg_view input[TG_MAX_OP_INPUTS];
} fixed;

#define FIXED_SIZE 248U /* bytes for them: the same on every processor */

_Static_assert(sizeof(fixed) <= FIXED_SIZE, "as an arena has room for");

/* Reserves nodes and planning tables. */
static int reserve(tg_graph *g) {
    uint32_t count = g->file.operator_count;
    uint32_t tensors = tg_count(g->file.tensors);
    uint32_t blocks =
        (2U * count + 1U) * (uint32_t)sizeof(tg_block); /* an output and scratch for each step */
    uint32_t size =
        (g->p.arena.size + g->tables_size) & ~7U; /* of which those of a reading before are given back */
    g->tables_size = (FIXED_SIZE + blocks + tensors + 7U) & ~7U;
    size = size < g->tables_size ? 0 : size - g->tables_size;
    g->p.arena.size = size;
    g->p.arena.used = 0;
    tg_ref ref;
    tg_head *head = tg_alloc(&g->p.arena, (uint32_t)(sizeof(tg_head) + count * sizeof(struct tg_node)), &ref);
    if (head == NULL) {
        return TG_ERR_ARENA;
    }
    g->node = head->nodes;
    uint8_t *tables = g->p.arena.base + size;
    fixed *first = (fixed *)(void *)tables;
    g->file.tables = first->tables;
    g->p.input = first->input;
    tg_kinds_init(first->tables, TG_TABLES);
    g->blocks = (tg_block *)(void *)(tables + FIXED_SIZE);
    g->block_of = tables + FIXED_SIZE + blocks;
    memset(g->block_of, TG_NO_BLOCK, tensors);
    return 0;
}

static int read_all(tg_graph *g) {
    int err = read_made(g, g->file.input);
    if (err != 0) {
        return err;
    }
    set_end(&tg_head_of(g)->input, &g->p.output);
    g->block_of[g->file.input] = (uint8_t)add_block(g, g->p.output.size);
    for (; g->step < g->file.operator_count; g->step++) {
        g->fault->op = (int16_t)g->step;
        err = add_step(g);
        if (err != 0) {
            return err;
        }
    }
    g->fault->op = g->fault->opcode = -1;
    uint32_t output = g->file.output;
    g->output = (uint8_t)used_block(g, output);
    if (g->output == TG_NO_BLOCK) {
        return TG_ERR_GRAPH;
    }
    if (g->made != output) {
        err = tg_file_tensor(&g->file, output, TG_TENSOR, &g->p.output);
        if (err != 0) {
            return err;
        }
    }
    set_end(&tg_head_of(g)->output, &g->p.output);
    return 0;
}

int tg_graph_read(tg_graph *g, const uint8_t *data, size_t size) {
    const tg_arena *arena = &g->p.arena;
    if (data == NULL || g->ops == NULL || (arena->base == NULL && arena->size > 0)) {
        return TG_ERR_ARGUMENT;
    }
    if (size > TG_MAX_FILE_SIZE) {
        return TG_ERR_TOO_BIG;
    }
    if (((uintptr_t)data & 3U) != 0 || ((uintptr_t)arena->base & 7U) != 0) {
        return TG_ERR_ALIGNMENT;
    }
    int err = tg_file_open(&g->file, data, (uint32_t)size);
    if (err != 0) {
        return err;
    }
    g->p.file = data;
    g->tables_size = 0;
    g->absorbing = TG_MAY;
    for (;;) { /* at most twice */
        g->block_count = g->step = 0;
        g->most = g->latest = 0;
        g->producer = NULL;
        g->work = 0;
        err = reserve(g);
        if (err == 0) {
            err = read_all(g);
        }
        if (err != 0 || g->absorbing != TG_HAD) {
            return err;
        }
        g->absorbing = TG_MUST_NOT;
    }
}

int tg_graph_place(tg_graph *g, int err, tg_model *model) {
    if (err != 0 && err != TG_ERR_ARENA) {
        return err;
    }
    const tg_arena *arena = &g->p.arena;
    uint32_t size = g->tables_size; /* they lay where tensors lie from now on, behind the parameters */
    if (err == 0) {
        uint32_t planned = tg_plan(g->blocks, g->block_count);
        if (planned > arena->size + size - arena->used) {
            err = TG_ERR_ARENA;
        }
        size = planned > size ? planned : size;
    }
    const uint32_t all = (arena->used + size + 7U) & ~7U; /* as reserve() counts: such an arena must do */
    if (err != 0) {
        g->fault->arena_needed = all;
        return err;
    }
    struct tg_node *node = tg_head_of(g)->nodes;
    for (; node < g->node; node++) {
        for (unsigned i = 0; i < TG_NODE_REFS; i++) {
            tg_ref ref = node->refs[i];
            if (!tg_is_constant(ref)) {
                node->refs[i] = arena->used + g->blocks[ref & 0xFFU].u.offset + (uint32_t)tg_offset_of(ref);
            }
        }
    }
    int8_t *tensors = (int8_t *)arena->base + arena->used;
    *model = (tg_model){
        .data = g->file.reader.data,
        .arena = arena->base,
        .ops = g->ops,
        .node_count = (uint32_t)(node - tg_head_of(g)->nodes),
        .arena_used = all,
        .work = g->work,
        .input = tensors + g->blocks[0].u.offset,
        .output = tensors + g->blocks[g->output].u.offset,
    };
    return 0;
}
