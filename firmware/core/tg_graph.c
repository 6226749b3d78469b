#include "tg_graph.h"

#include "tg_quant.h"

/* Steps of work that an output value takes besides those that its operator counts. */
#define STEPS_OF_A_VALUE 32U

/* A new block, first needed in this step. */
static unsigned add_block(tg_graph *g, uint32_t size, unsigned step) {
    unsigned i = g->block_count++;
    g->blocks[i] = (tg_block){.size = size, .first = (uint8_t)step, .last = (uint8_t)step};
    return i;
}

/* Reads the inputs of an operator into p, and where they are into `refs`: blocks or constants. */
static int read_inputs(tg_graph *g, const tg_op *op, tg_vector inputs, unsigned step, tg_ref *refs) {
    for (unsigned k = 0; k < TG_MAX_OP_INPUTS; k++) {
        tg_view *view = &g->p.input[k];
        uint32_t needs = op->needs[k];
        uint32_t index = k < tg_count(inputs) ? tg_item32(inputs, k) : UINT32_MAX;
        view->has = 0;
        view->data = NULL;
        refs[k] = TG_REF_NOTHING;
        if (index == UINT32_MAX && (needs == 0 || (needs & TG_OPTIONAL) != 0)) {
            continue;
        }
        if (needs == 0 || k >= tg_count(inputs)) {
            return TG_ERR_GRAPH; /* an input too many, or one missing */
        }
        if (index == g->made) {
            *view = g->p.output;
        } else {
            int err = tg_file_tensor(&g->file, index, view);
            if (err != 0) {
                return err;
            }
        }
        if (view->data != NULL) {
            refs[k] = tg_constant(&g->p, view);
        } else {
            unsigned block = g->block_of[index];
            if (block == TG_NO_BLOCK) {
                return TG_ERR_GRAPH; /* used before it is produced */
            }
            g->blocks[block].last = (uint8_t)step;
            refs[k] = block;
        }
        int err = tg_check_has(view, needs & ~TG_OPTIONAL);
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
    int err = tg_file_tensor(&g->file, index, view);
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
    if (((op->checks & TG_SAME_SHAPE) != 0 && !tg_same_shape(input, output)) ||
        ((op->checks & TG_SAME_SIZE) != 0 && input->size != output->size)) {
        return TG_ERR_SHAPE;
    }
    if ((op->checks & TG_SAME_QUANTIZATION) != 0 && !tg_same_quantization(input, output)) {
        return TG_ERR_QUANTIZATION;
    }
    if ((op->checks & TG_FUSED) != 0) {
        return tg_activation_range(p->option[OPTION_ACTIVATION], output, &p->low, &p->high);
    }
    return 0;
}

/* Lets the node before take this operator in, when the step before made it for this one alone. */
static bool absorbed(tg_graph *g, unsigned step, const tg_op *op, bool alone, uint32_t input) {
    struct tg_node *last = g->node - 1;
    if (!alone || last < g->head->nodes) {
        return false;
    }
    const tg_op *producer = g->ops[last->op];
    tg_block *output = &g->blocks[tg_block_of(last->output)];
    if (producer->absorb == NULL || producer->absorbs != op->opcode || output->first + 1U != step ||
        tg_file_used_after(&g->file, input, step) || !producer->absorb(g->arena.base + last->params, &g->p)) {
        return false;
    }
    output->size = g->p.output.size; /* its own output is never stored */
    output->last = (uint8_t)step;
    if (!tg_is_constant(last->scratch)) {
        g->blocks[tg_block_of(last->scratch)].size = g->p.scratch_size;
    }
    return true;
}

static uint32_t block_size(const tg_graph *g, tg_ref ref) {
    return tg_is_constant(ref) ? 0 : g->blocks[ref].size;
}

/* What the most demanding of the nodes so far needs beyond an operator's own tensors. */
static uint32_t room(tg_graph *g) {
    if (g->node > g->head->nodes) {
        const struct tg_node *last = g->node - 1;
        uint32_t size =
            block_size(g, last->input) + block_size(g, last->output) + block_size(g, last->scratch);
        g->most = size > g->most ? size : g->most;
    }
    uint32_t own = g->p.input[0].size + g->p.output.size;
    return g->most > own ? g->most - own : 0;
}

/* Adds a node of kind `kind` and has it prepared. */
static int add_node(tg_graph *g, unsigned step, unsigned kind, const tg_ref *refs) {
    tg_prepare *p = &g->p;
    const tg_op *op = g->ops[kind];
    struct tg_node *node = g->node;
    p->room = room(g);
    p->opcode = op->opcode;
    p->scratch_size = 0;
    p->steps = 1;
    void *params = tg_alloc(&g->arena, op->params, &node->params);
    if (params == NULL) {
        return TG_ERR_ARENA;
    }
    int err = op->prepare(p, params);
    if (err != 0) {
        return err;
    }
    if (p->output.size > (TG_MAX_WORK - g->work) / (p->steps + STEPS_OF_A_VALUE)) {
        return TG_ERR_WORK;
    }
    g->work += p->output.size * (p->steps + STEPS_OF_A_VALUE);
    node->op = kind;
    node->input = refs[0];
    node->input2 = refs[1];
    node->output = add_block(g, p->output.size, step);
    node->scratch = p->scratch_size == 0 ? TG_REF_NOTHING : add_block(g, p->scratch_size, step);
    g->node++;
    return 0;
}

/* Verifies operator `step` and adds its node. p->output is that of the step before. */
static int add_step(tg_graph *g, unsigned step, tg_fault *fault) {
    tg_call call;
    int err = tg_file_call(&g->file, step, &call);
    if (err != 0) {
        return err;
    }
    if (call.opcode != UINT32_MAX) {
        fault->opcode = call.opcode > INT16_MAX ? INT16_MAX : (int16_t)call.opcode;
    }
    unsigned kind = 0;
    for (; g->ops[kind] == NULL || g->ops[kind]->opcode != call.opcode; kind++) {
        if (g->ops[kind] == NULL) {
            return TG_ERR_OPERATOR;
        }
    }
    const tg_op *op = g->ops[kind];
    if (tg_count(call.inputs) > TG_MAX_OP_INPUTS || tg_count(call.outputs) != 1) {
        return TG_ERR_GRAPH;
    }
    tg_file_options(&g->file, &call, op->options, g->p.option);
    tg_ref refs[TG_MAX_OP_INPUTS];
    uint32_t before = g->made;
    err = read_inputs(g, op, call.inputs, step, refs);
    uint32_t output = tg_item32(call.outputs, 0);
    if (err == 0) {
        err = read_made(g, output);
    }
    if (err == 0) {
        err = check(op, &g->p);
    }
    if (err != 0) {
        return err;
    }
    unsigned made;
    bool alone = before == tg_item32(call.inputs, 0);
    if (op->run == NULL) {
        if (tg_is_constant(refs[0])) {
            return TG_ERR_GRAPH;
        }
        made = refs[0];
    } else {
        if (!absorbed(g, step, op, alone, before)) {
            err = add_node(g, step, kind, refs);
            if (err != 0) {
                return err;
            }
        }
        made = (g->node - 1)->output;
    }
    g->block_of[output] = (uint8_t)made;
    return 0;
}

static void set_end(tg_tensor *tensor, const tg_view *view) {
    tensor->dims = view->dims;
    tensor->size = view->size;
    tensor->zero_point = view->zero_point;
    for (unsigned i = 0; i < TG_MAX_DIMS; i++) {
        tensor->dim[i] = i < view->dims ? view->dim[TG_MAX_DIMS - view->dims + i] : 0;
    }
    memcpy(&tensor->scale, view->scales, sizeof tensor->scale);
}

/* Reserves nodes and planning tables. */
static int reserve(tg_graph *g, void *arena, size_t arena_size) {
    uint32_t count = tg_count(g->file.operators);
    uint32_t tensors = tg_count(g->file.tensors);
    uint32_t blocks =
        (2U * count + 1U) * (uint32_t)sizeof(tg_block); /* an output and scratch for each step */
    uint32_t size = arena_size > UINT32_MAX ? UINT32_MAX & ~7U : (uint32_t)arena_size & ~7U;
    g->tables_size = (TG_TABLES_SIZE + blocks + tensors + 7U) & ~7U;
    size = size < g->tables_size ? 0 : size - g->tables_size;
    g->arena = (tg_arena){.base = arena, .size = size};
    tg_ref ref;
    g->head = tg_alloc(&g->arena, (uint32_t)(sizeof(tg_head) + count * sizeof(struct tg_node)), &ref);
    if (g->head == NULL) {
        return TG_ERR_ARENA;
    }
    g->node = g->head->nodes;
    uint8_t *tables = g->arena.base + size;
    memset(tables, 0, TG_TABLES_SIZE);
    g->file.tables = (tg_tables *)(void *)tables;
    g->blocks = (tg_block *)(void *)(tables + TG_TABLES_SIZE);
    g->block_of = tables + TG_TABLES_SIZE + blocks;
    memset(g->block_of, TG_NO_BLOCK, tensors);
    return 0;
}

static int read_all(tg_graph *g, tg_fault *fault) {
    int err = read_made(g, g->file.input);
    if (err != 0) {
        return err;
    }
    set_end(&g->head->input, &g->p.output);
    g->block_of[g->file.input] = (uint8_t)add_block(g, g->p.output.size, 0);
    unsigned count = tg_count(g->file.operators);
    for (unsigned step = 0; step < count; step++) {
        fault->op = (int16_t)step;
        fault->opcode = -1;
        err = add_step(g, step, fault);
        if (err != 0) {
            return err;
        }
    }
    fault->op = fault->opcode = -1;
    uint32_t output = g->file.output;
    if (output >= tg_count(g->file.tensors) || g->block_of[output] == TG_NO_BLOCK) {
        return TG_ERR_GRAPH;
    }
    g->blocks[g->block_of[output]].last = (uint8_t)count;
    if (g->made != output) {
        err = tg_file_tensor(&g->file, output, &g->p.output);
    }
    set_end(&g->head->output, &g->p.output);
    return err;
}

int tg_graph_read(tg_graph *g, const uint8_t *data, size_t size, const tg_op *const *ops, void *arena,
                  size_t arena_size, tg_fault *fault) {
    if (data == NULL || ops == NULL || (arena == NULL && arena_size > 0)) {
        return TG_ERR_ARGUMENT;
    }
    if (size > TG_MAX_FILE_SIZE) {
        return TG_ERR_TOO_BIG;
    }
    if (((uintptr_t)data & 3U) != 0 || ((uintptr_t)arena & 7U) != 0) {
        return TG_ERR_ALIGNMENT;
    }
    int err = tg_file_open(&g->file, data, (uint32_t)size);
    if (err != 0) {
        return err;
    }
    g->ops = ops;
    g->block_count = 0;
    g->most = 0;
    g->work = 0;
    g->p.file = data;
    g->p.arena = &g->arena;
    err = reserve(g, arena, arena_size);
    return err != 0 ? err : read_all(g, fault);
}

/* Plans the tensors behind the parameters and tells every node where its memory is. */
static int place_all(tg_graph *g, tg_model *model) {
    tg_arena *arena = &g->arena;
    uint32_t size = tg_plan(g->blocks, g->block_count);
    if (size > arena->size + g->tables_size - arena->used) {
        arena->needed = size - g->tables_size;
        return TG_ERR_ARENA;
    }
    size = size < g->tables_size ? g->tables_size : size; /* they lay where tensors lie from now on */
    for (struct tg_node *node = g->head->nodes; node < g->node; node++) {
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
        .node_count = (uint32_t)(g->node - g->head->nodes),
        .arena_used = (arena->used + size + 7U) & ~7U, /* as reserve() counts: such an arena must do */
        .work = g->work,
        .input = tensors + g->blocks[0].u.offset,
        .output = tensors + g->blocks[g->block_of[g->file.output]].u.offset,
    };
    return 0;
}

int tg_graph_place(tg_graph *g, int err, tg_model *model, tg_fault *fault) {
    if (err == 0) {
        err = place_all(g, model);
    }
    if (err == TG_ERR_ARENA) {
        fault->arena_needed = (g->arena.used + g->arena.needed + g->tables_size + 7U) & ~7U;
    }
    return err;
}
