#include "tg_model.h"

#include "tg_arena.h"
#include "tg_op.h"

/* Steps of work that an output value takes besides those that its operator counts. */
#define STEPS_OF_A_VALUE 32U

typedef struct {
    tg_file file;
    const tg_op *const *ops;
    tg_arena arena;
    struct tg_node *nodes;
    unsigned node_count;
    /* Planning tables: at the arena's end, where tensors may lie later. */
    tg_block *blocks;
    unsigned block_count;
    tg_places *steps;
    uint32_t tables_size;
    uint32_t last_read; /* the tensor that tg_prepare.output describes, or UINT32_MAX */
    uint32_t most;      /* bytes of the largest step so far: tensors and scratch */
    uint32_t work;      /* steps so far */
} graph;

/* Memory block that holds a tensor at this point of the graph, or TG_NO_BLOCK. */
static unsigned find_block(const graph *g, uint32_t tensor) {
    for (unsigned i = g->block_count; i-- > 0;) { /* most often one of the latest */
        if (g->blocks[i].tensor == tensor) {
            return g->blocks[i].root;
        }
    }
    return TG_NO_BLOCK;
}

/* A new block, first needed in this step. root == TG_NO_BLOCK: with memory of its own. */
static unsigned add_block(graph *g, uint32_t tensor, uint32_t size, unsigned step, unsigned root) {
    unsigned i = g->block_count++;
    tg_block *block = &g->blocks[i];
    block->size = root == TG_NO_BLOCK ? size : 0;
    block->tensor = (uint16_t)tensor;
    block->first = block->last = (uint8_t)step;
    block->root = (uint8_t)(root == TG_NO_BLOCK ? i : root);
    return block->root;
}

/* Reads the inputs of an operator; blocks[k] is the block of input k, or TG_NO_BLOCK for constants. */
static int read_inputs(graph *g, const tg_op *op, tg_vector inputs, unsigned step, tg_prepare *p,
                       uint8_t *blocks) {
    for (unsigned k = 0; k < TG_MAX_OP_INPUTS; k++) {
        tg_view *view = &p->input[k];
        blocks[k] = TG_NO_BLOCK;
        view->data = NULL;
        view->has = 0;
        uint32_t needs = op->needs[k];
        if (k >= tg_count(inputs)) {
            if ((needs & TG_OPTIONAL) == 0 && needs != 0) {
                return TG_ERR_GRAPH;
            }
            continue;
        }
        uint32_t index = tg_item32(inputs, k);
        if (needs == 0) {
            return TG_ERR_GRAPH; /* an input too many */
        }
        if (index == UINT32_MAX && (needs & TG_OPTIONAL) != 0) {
            continue;
        }
        if (index == g->last_read) {
            *view = p->output; /* of the step before */
        } else {
            int err = tg_file_tensor(&g->file, index, view);
            if (err != 0) {
                return err;
            }
        }
        if (view->data == NULL) {
            unsigned block = find_block(g, index);
            if (block == TG_NO_BLOCK) {
                return TG_ERR_GRAPH; /* used before it is produced */
            }
            g->blocks[block].last = (uint8_t)step;
            blocks[k] = (uint8_t)block;
        }
        int err = tg_check_has(view, needs & ~TG_OPTIONAL);
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

static int read_output(graph *g, uint32_t index, tg_prepare *p) {
    g->last_read = UINT32_MAX;
    int err = tg_file_tensor(&g->file, index, &p->output);
    if (err != 0) {
        return err;
    }
    if (p->output.data != NULL || find_block(g, index) != TG_NO_BLOCK) {
        return TG_ERR_GRAPH; /* a constant, or produced twice */
    }
    g->last_read = index;
    return tg_check_has(&p->output, TG_ACTIVATION);
}

/* Index of an operator's kind in the list of operators, or -1. */
static int find_op(const graph *g, uint32_t opcode) {
    for (int kind = 0; g->ops[kind] != NULL; kind++) {
        if (g->ops[kind]->opcode == opcode) {
            return kind;
        }
    }
    return -1;
}

/* The checks that all kinds of operators share. */
static int check(const tg_op *op, tg_prepare *p) {
    const tg_view *input = &p->input[0];
    if (((op->checks & TG_SAME_SHAPE) != 0 && !tg_same_shape(input, &p->output)) ||
        ((op->checks & TG_SAME_SIZE) != 0 && input->size != p->output.size)) {
        return TG_ERR_SHAPE;
    }
    if ((op->checks & TG_SAME_QUANTIZATION) != 0 && !tg_same_quantization(input, &p->output)) {
        return TG_ERR_QUANTIZATION;
    }
    if (op->run == NULL && input->data != NULL) {
        return TG_ERR_GRAPH;
    }
    return (op->checks & TG_FUSED) == 0
               ? 0
               : tg_activation_range(p->option[OPTION_ACTIVATION], &p->output, &p->low, &p->high);
}

/* Whether a view, in whatever shape, was made of a block. */
static bool has_views(const graph *g, unsigned block) {
    bool found = false;
    for (unsigned i = 0; i < g->block_count && !found; i++) {
        found = i != block && g->blocks[i].root == block;
    }
    return found;
}

/* Lets the node before take operator `step` in, when it makes this one's input and nothing else uses that. */
static bool absorbed(graph *g, unsigned step, const tg_op *op, tg_prepare *p, unsigned input,
                     uint32_t output) {
    if (g->node_count == 0 || input == TG_NO_BLOCK) {
        return false;
    }
    struct tg_node *last = &g->nodes[g->node_count - 1U];
    tg_places *where = &g->steps[g->node_count - 1U];
    const tg_op *producer = g->ops[last->op];
    if (producer->absorb == NULL || producer->absorbs != op->opcode || where->output != input ||
        has_views(g, input) || tg_file_used_after(&g->file, g->blocks[input].tensor, step) ||
        !producer->absorb(g->arena.base + last->params, p)) {
        return false;
    }
    unsigned first = g->blocks[input].first;
    g->blocks[input].size = 0; /* never stored */
    if (where->scratch != TG_NO_BLOCK) {
        g->blocks[where->scratch].size = p->scratch_size;
    }
    where->output = (uint8_t)add_block(g, output, p->output.size, step, TG_NO_BLOCK);
    g->blocks[where->output].first = (uint8_t)first; /* it is written while the producer runs */
    return true;
}

static uint32_t block_size(const graph *g, unsigned block) {
    return block == TG_NO_BLOCK ? 0 : g->blocks[block].size;
}

/* What the most demanding of the nodes so far needs beyond an operator's own tensors. */
static uint32_t room(graph *g, const tg_prepare *p) {
    if (g->node_count > 0) {
        const tg_places *last = &g->steps[g->node_count - 1U];
        uint32_t size =
            block_size(g, last->input) + block_size(g, last->output) + block_size(g, last->scratch);
        g->most = size > g->most ? size : g->most;
    }
    uint32_t own = p->input[0].size + p->output.size;
    return g->most > own ? g->most - own : 0;
}

/* Verifies operator `step` and adds its node. p->output is that of the step before. */
static int add_step(graph *g, unsigned step, tg_prepare *p, tg_fault *fault) {
    tg_call call;
    int err = tg_file_call(&g->file, step, &call);
    if (err != 0) {
        return err;
    }
    if (call.opcode != UINT32_MAX) {
        fault->opcode = call.opcode > INT16_MAX ? INT16_MAX : (int16_t)call.opcode;
    }
    int kind = find_op(g, call.opcode);
    if (kind < 0) {
        return TG_ERR_OPERATOR;
    }
    const tg_op *op = g->ops[kind];
    if (tg_count(call.inputs) > TG_MAX_OP_INPUTS || tg_count(call.outputs) != 1) {
        return TG_ERR_GRAPH;
    }
    tg_file_options(&g->file, op->options, p->option);
    p->scratch_size = 0;
    p->steps = 1;
    uint8_t blocks[TG_MAX_OP_INPUTS];
    uint32_t output = tg_item32(call.outputs, 0);
    err = read_inputs(g, op, call.inputs, step, p, blocks);
    if (err == 0) {
        err = read_output(g, output, p);
    }
    if (err == 0) {
        err = check(op, p);
    }
    if (err != 0) {
        return err;
    }
    if (op->run == NULL) {
        add_block(g, output, p->output.size, step, blocks[0]);
        return 0;
    }
    if (absorbed(g, step, op, p, blocks[0], output)) {
        return 0;
    }
    struct tg_node *node = &g->nodes[g->node_count];
    node->input = blocks[0] == TG_NO_BLOCK ? tg_constant(p, &p->input[0]) : 0;
    node->input2 = blocks[1] == TG_NO_BLOCK ? tg_constant(p, &p->input[1]) : 0;
    node->output = node->scratch = 0;
    node->op = (uint32_t)kind;
    p->room = room(g, p);
    void *params = tg_alloc(&g->arena, op->params, &node->params);
    if (params == NULL) {
        return TG_ERR_ARENA;
    }
    err = op->prepare(p, params);
    if (err != 0) {
        return err;
    }
    if (p->output.size > (TG_MAX_WORK - g->work) / (p->steps + STEPS_OF_A_VALUE)) {
        return TG_ERR_WORK;
    }
    g->work += p->output.size * (p->steps + STEPS_OF_A_VALUE);
    tg_places *where = &g->steps[g->node_count];
    where->input = blocks[0];
    where->input2 = blocks[1];
    where->output = (uint8_t)add_block(g, output, p->output.size, step, TG_NO_BLOCK);
    where->scratch = p->scratch_size == 0
                         ? TG_NO_BLOCK
                         : (uint8_t)add_block(g, TG_NO_TENSOR, p->scratch_size, step, TG_NO_BLOCK);
    g->node_count++;
    return 0;
}

/* The reference of an offset within a block; without a block that of a constant. */
static tg_ref place(const graph *g, unsigned block, tg_ref offset) {
    return block == TG_NO_BLOCK ? offset : g->arena.used + g->blocks[block].u.offset + offset;
}

static void public_tensor(tg_tensor *tensor, const tg_view *view) {
    tensor->dims = view->dims;
    tensor->size = view->size;
    tensor->zero_point = view->zero_point;
    for (unsigned i = 0; i < TG_MAX_DIMS; i++) {
        tensor->dim[i] = i < view->dims ? view->dim[TG_MAX_DIMS - view->dims + i] : 0;
    }
    memcpy(&tensor->scale, view->scales, sizeof tensor->scale);
}

/* Reserves nodes and planning tables. */
static int reserve(graph *g, void *arena, size_t arena_size) {
    uint32_t count = tg_count(g->file.operators);
    uint32_t max_blocks = 2U * count + 1U; /* the input, and an output and scratch for each step */
    uint32_t tables =
        TG_TABLES_SIZE + max_blocks * (uint32_t)sizeof(tg_block) + count * (uint32_t)sizeof(tg_places);
    uint32_t size = arena_size > UINT32_MAX ? UINT32_MAX & ~7U : (uint32_t)arena_size & ~7U;
    tables = (tables + 7U) & ~7U;
    g->tables_size = tables;
    g->arena = (tg_arena){.base = arena, .size = size < tables ? 0 : size - tables, .needed = tables};
    tg_ref ref;
    g->nodes = tg_alloc(&g->arena, count * (uint32_t)sizeof(struct tg_node), &ref);
    if (g->nodes == NULL) {
        return TG_ERR_ARENA;
    }
    g->file.tables = (tg_tables *)(void *)(g->arena.base + g->arena.size);
    memset(g->file.tables, 0, sizeof *g->file.tables);
    g->blocks = (tg_block *)(void *)(g->arena.base + g->arena.size + TG_TABLES_SIZE);
    g->steps = (tg_places *)(void *)(g->blocks + max_blocks);
    return 0;
}

/* Plans the tensors behind the parameters and tells every node where its memory is. */
static int place_all(graph *g, size_t arena_size, uint32_t *used) {
    uint32_t align = (0U - g->arena.used) & (TG_TENSOR_ALIGN - 1U);
    g->arena.used += align;
    *used = g->arena.used + tg_plan(g->blocks, g->block_count);
    if (*used < g->arena.used + g->tables_size) {
        *used = g->arena.used + g->tables_size; /* the tables lay where tensors lie from now on */
    }
    *used = (*used + 7U) & ~7U; /* as reserve() counts: an arena of this very size must do */
    if (*used > arena_size) {
        g->arena.needed = *used;
        return TG_ERR_ARENA;
    }
    for (unsigned i = 0; i < g->node_count; i++) {
        const tg_places *where = &g->steps[i];
        g->nodes[i].input = place(g, where->input, g->nodes[i].input);
        g->nodes[i].input2 = place(g, where->input2, g->nodes[i].input2);
        g->nodes[i].output = place(g, where->output, g->nodes[i].output);
        g->nodes[i].scratch = where->scratch == TG_NO_BLOCK ? TG_REF_NONE : place(g, where->scratch, 0);
    }
    return 0;
}

/* Lets the planner of a stream, if there is one, change what tensors hold and for how long. */
static TG_NOINLINE int replan(graph *g, tg_planner *planner, unsigned output) {
    if (planner == NULL) {
        return 0;
    }
    tg_layout layout = {
        .ops = g->ops,
        .nodes = g->nodes,
        .places = g->steps,
        .node_count = g->node_count,
        .blocks = g->blocks,
        .block_count = g->block_count,
        .output = output,
    };
    int err = planner->plan(planner, &layout, &g->arena);
    g->block_count = layout.block_count;
    return err;
}

static int open_model(graph *g, tg_model *model, tg_planner *planner, size_t arena_size, tg_fault *fault) {
    tg_prepare p;
    p.file = g->file.reader.data;
    p.arena = &g->arena;
    int err = tg_file_tensor(&g->file, g->file.input, &p.output);
    if (err == 0) {
        err = p.output.data != NULL ? TG_ERR_GRAPH : tg_check_has(&p.output, TG_ACTIVATION);
    }
    if (err != 0) {
        return err;
    }
    g->last_read = g->file.input;
    add_block(g, g->file.input, p.output.size, 0, TG_NO_BLOCK);
    for (unsigned step = 0; step < tg_count(g->file.operators); step++) {
        fault->op = (int16_t)step;
        fault->opcode = -1;
        err = add_step(g, step, &p, fault);
        if (err != 0) {
            return err;
        }
    }
    fault->op = fault->opcode = -1;
    unsigned last = find_block(g, g->file.output);
    if (last == TG_NO_BLOCK) {
        return TG_ERR_GRAPH;
    }
    g->blocks[last].last = (uint8_t)tg_count(g->file.operators);
    if (g->last_read != g->file.output) {
        err = tg_file_tensor(&g->file, g->file.output, &p.output);
    }
    if (err == 0) {
        err = tg_file_tensor(&g->file, g->file.input, &p.input[0]);
    }
    uint32_t used = 0;
    if (err == 0) {
        err = replan(g, planner, last);
    }
    if (err == 0) {
        err = place_all(g, arena_size, &used);
    }
    if (err != 0) {
        return err;
    }
    model->data = g->file.reader.data;
    model->arena = g->arena.base;
    model->ops = g->ops;
    model->nodes = g->nodes;
    model->node_count = (uint16_t)g->node_count;
    model->arena_used = used;
    model->work = g->work;
    model->input = (int8_t *)g->arena.base + place(g, 0, 0);
    model->output = (int8_t *)g->arena.base + place(g, last, 0);
    public_tensor(&model->input_tensor, &p.input[0]);
    public_tensor(&model->output_tensor, &p.output);
    if (planner != NULL) {
        planner->placed(planner, g->blocks, g->arena.used);
    }
    return 0;
}

int tg_model_open(tg_model *model, const uint8_t *data, size_t size, const tg_op *const *ops, void *arena,
                  size_t arena_size, tg_fault *fault) {
    return tg_model_open_planned(model, data, size, ops, arena, arena_size, fault, NULL);
}

int tg_model_open_planned(tg_model *model, const uint8_t *data, size_t size, const tg_op *const *ops,
                          void *arena, size_t arena_size, tg_fault *fault, tg_planner *planner) {
    tg_fault unused;
    if (fault == NULL) {
        fault = &unused;
    }
    *fault = (tg_fault){.op = -1, .opcode = -1};
    if (model == NULL || data == NULL || ops == NULL || (arena == NULL && arena_size > 0)) {
        return TG_ERR_ARGUMENT;
    }
    if (size > TG_MAX_FILE_SIZE) {
        return TG_ERR_TOO_BIG;
    }
    if (((uintptr_t)data & 3U) != 0 || ((uintptr_t)arena & 7U) != 0) {
        return TG_ERR_ALIGNMENT;
    }
    graph g = {.ops = ops};
    int err = tg_file_open(&g.file, data, (uint32_t)size);
    if (err == 0) {
        err = reserve(&g, arena, arena_size);
    }
    if (err == 0) {
        err = open_model(&g, model, planner, arena_size, fault);
    }
    if (err == TG_ERR_ARENA) {
        fault->arena_needed = (g.arena.needed + 7U) & ~7U; /* reserve() counts whole multiples of 8 */
    }
    return err;
}

size_t tg_model_arena_size(const tg_model *model) {
    return model->arena_used;
}

int8_t *tg_model_input(const tg_model *model) {
    return model->input;
}

const int8_t *tg_model_output(const tg_model *model) {
    return model->output;
}

const tg_tensor *tg_model_input_tensor(const tg_model *model) {
    return &model->input_tensor;
}

const tg_tensor *tg_model_output_tensor(const tg_model *model) {
    return &model->output_tensor;
}

void tg_model_run(const tg_model *model, unsigned nodes) {
    const struct tg_node *node = model->nodes;
    for (; nodes > 0; nodes--, node++) {
        const tg_run run = {
            .model = model,
            .params = tg_at(model, node->params),
            .input = tg_at(model, node->input),
            .input2 = tg_at(model, node->input2),
            .output = tg_at(model, node->output),
            .scratch = tg_at(model, node->scratch),
        };
        model->ops[node->op]->run(&run);
    }
}

void tg_model_invoke(const tg_model *model) {
    tg_model_run(model, model->node_count);
}
