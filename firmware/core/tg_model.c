#include "tg_model.h"

#include "tg_arena.h"
#include "tg_op.h"

#define MAX_TENSOR_SIZE (1U << 20)

typedef struct {
    tg_reader reader;
    tg_vector opcodes;
    tg_vector tensors;
    tg_vector buffers;
    tg_vector operators;
    uint32_t input_tensor;
    uint32_t output_tensor;
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
} graph;

static int open_graph(graph *g, const uint8_t *data, uint32_t size) {
    tg_reader *r = &g->reader;
    *r = (tg_reader){.data = data, .size = size};
    tg_table model = tg_read_root(r, TG_TFLITE_IDENTIFIER);
    if (r->err == 0 && tg_read_u32(&model, MODEL_VERSION, 0) != TG_TFLITE_VERSION) {
        return TG_ERR_VERSION;
    }
    g->opcodes = tg_read_vector(r, &model, MODEL_OPERATOR_CODES, 4);
    g->buffers = tg_read_vector(r, &model, MODEL_BUFFERS, 4);
    tg_vector subgraphs = tg_read_vector(r, &model, MODEL_SUBGRAPHS, 4);
    if (r->err != 0) {
        return r->err;
    }
    if (subgraphs.count != 1) {
        return TG_ERR_GRAPH;
    }
    tg_table subgraph = tg_read_item(r, &subgraphs, 0);
    g->tensors = tg_read_vector(r, &subgraph, SUBGRAPH_TENSORS, 4);
    g->operators = tg_read_vector(r, &subgraph, SUBGRAPH_OPERATORS, 4);
    tg_vector inputs = tg_read_vector(r, &subgraph, SUBGRAPH_INPUTS, 4);
    tg_vector outputs = tg_read_vector(r, &subgraph, SUBGRAPH_OUTPUTS, 4);
    if (r->err != 0) {
        return r->err;
    }
    if (inputs.count != 1 || outputs.count != 1 || g->operators.count == 0) {
        return TG_ERR_GRAPH;
    }
    if (g->operators.count > TG_MAX_OPS || g->tensors.count >= TG_NO_TENSOR) {
        return TG_ERR_TOO_BIG;
    }
    g->input_tensor = tg_item32(&inputs, 0);
    g->output_tensor = tg_item32(&outputs, 0);
    return 0;
}

static int read_shape(tg_reader *r, const tg_table *tensor, tg_view *view) {
    tg_vector shape = tg_read_vector(r, tensor, TENSOR_SHAPE, 4);
    if (shape.count > TG_MAX_DIMS) {
        return TG_ERR_SHAPE;
    }
    view->dims = (uint8_t)shape.count;
    view->size = 1;
    for (unsigned i = 0; i < TG_MAX_DIMS; i++) {
        unsigned padding = TG_MAX_DIMS - shape.count;
        uint32_t dim = i < padding ? 1U : tg_item32(&shape, i - padding);
        if (dim == 0 || dim > UINT16_MAX) {
            return TG_ERR_SHAPE;
        }
        view->dim[i] = (uint16_t)dim;
        view->size *= dim; /* at most 2^20 x 2^16 before the check */
        if (view->size > MAX_TENSOR_SIZE) {
            return TG_ERR_TOO_BIG;
        }
    }
    return 0;
}

/* Scales and zero points of an int8 tensor: one pair, or a scale per channel with zero points of 0. */
static int read_quantization(tg_reader *r, const tg_table *tensor, tg_view *view) {
    tg_table quantization = tg_read_table(r, tensor, TENSOR_QUANTIZATION);
    tg_vector scales = tg_read_vector(r, &quantization, QUANTIZATION_SCALE, 4);
    tg_vector zeros = tg_read_vector(r, &quantization, QUANTIZATION_ZERO_POINT, 8);
    uint32_t dimension = tg_read_u32(&quantization, QUANTIZATION_DIMENSION, 0) + TG_MAX_DIMS - view->dims;
    if (scales.count == 0 || zeros.count != scales.count) {
        return TG_ERR_QUANTIZATION;
    }
    if (scales.count > 1 && (dimension >= TG_MAX_DIMS || view->dim[dimension] != scales.count)) {
        return TG_ERR_QUANTIZATION;
    }
    int32_t zero = (int32_t)tg_load32(zeros.items);
    int32_t sign = (int32_t)tg_load32(zeros.items + 4U);
    bool ok = zero >= INT8_MIN && zero <= INT8_MAX && sign == (zero < 0 ? -1 : 0);
    uint32_t all_zeros = 0; /* or'ed */
    for (uint32_t i = 0; i < scales.count; i++) {
        all_zeros |= tg_load32(zeros.items + 8U * i) | tg_load32(zeros.items + 8U * i + 4U);
        ok &= tg_scale_valid(tg_item32(&scales, i));
    }
    if (!ok || (scales.count > 1 && all_zeros != 0)) {
        return TG_ERR_QUANTIZATION;
    }
    view->zero_point = (int8_t)zero;
    view->scales = scales.items;
    view->scale_count = scales.count;
    view->scale_dim = (uint8_t)dimension;
    return 0;
}

static int read_data(graph *g, const tg_table *tensor, tg_view *view) {
    uint32_t index = tg_read_u32(tensor, TENSOR_BUFFER, 0);
    if (index >= g->buffers.count) {
        return TG_ERR_TRUNCATED;
    }
    tg_table buffer = tg_read_item(&g->reader, &g->buffers, index);
    tg_vector data = tg_read_vector(&g->reader, &buffer, BUFFER_DATA, 1);
    if (tg_read_u32(&buffer, BUFFER_OFFSET, 0) != 0) {
        return TG_ERR_OPTION; /* data outside the FlatBuffer: files of more than 2 GB */
    }
    if (data.count == 0) {
        return 0;
    }
    if (data.count != view->size * (view->type == TYPE_INT32 ? 4U : 1U)) {
        return TG_ERR_SHAPE;
    }
    if (view->type == TYPE_INT32 && ((uintptr_t)data.items & 3U) != 0) {
        return TG_ERR_ALIGNMENT;
    }
    view->data = data.items;
    return 0;
}

static int read_tensor(graph *g, uint32_t index, tg_view *view) {
    view->data = NULL;
    view->scales = NULL;
    view->scale_count = 0;
    view->zero_point = 0;
    if (index >= g->tensors.count) {
        return TG_ERR_TRUNCATED;
    }
    tg_table tensor = tg_read_item(&g->reader, &g->tensors, index);
    view->type = tg_read_u8(&tensor, TENSOR_TYPE, 0);
    if (view->type != TYPE_INT8 && view->type != TYPE_INT32) {
        return TG_ERR_TYPE;
    }
    tg_table sparsity = tg_read_table(&g->reader, &tensor, TENSOR_SPARSITY);
    if (sparsity.fields != NULL || tg_read_u8(&tensor, TENSOR_IS_VARIABLE, 0) != 0) {
        return TG_ERR_OPTION;
    }
    int err = read_shape(&g->reader, &tensor, view);
    if (err == 0) {
        err = read_data(g, &tensor, view);
    }
    if (err == 0 && view->type == TYPE_INT8) {
        err = read_quantization(&g->reader, &tensor, view);
    }
    return g->reader.err != 0 ? g->reader.err : err;
}

/* Memory block that holds a tensor at this point of the graph, or TG_NO_BLOCK. */
static unsigned find_block(const graph *g, uint32_t tensor) {
    for (unsigned i = 0; i < g->block_count; i++) {
        if (g->blocks[i].tensor == tensor) {
            return g->blocks[i].root;
        }
    }
    return TG_NO_BLOCK;
}

/* A new block, first needed in this step. root == TG_NO_BLOCK: with memory of its own. */
static unsigned add_block(graph *g, uint32_t tensor, uint32_t size, unsigned step, unsigned root) {
    unsigned i = g->block_count++;
    g->blocks[i] = (tg_block){
        .size = root == TG_NO_BLOCK ? size : 0,
        .tensor = (uint16_t)tensor,
        .first = (uint8_t)step,
        .last = (uint8_t)step,
        .root = (uint8_t)(root == TG_NO_BLOCK ? i : root),
    };
    return g->blocks[i].root;
}

/* Reads the inputs of an operator; blocks[k] is the block of input k, or TG_NO_BLOCK for constants. */
static int read_inputs(graph *g, const tg_table *op, unsigned step, tg_prepare *p, uint8_t *blocks) {
    tg_vector inputs = tg_read_vector(&g->reader, op, OPERATOR_INPUTS, 4);
    if (inputs.count == 0 || inputs.count > TG_MAX_OP_INPUTS) {
        return g->reader.err != 0 ? g->reader.err : TG_ERR_GRAPH;
    }
    p->input_count = (uint8_t)inputs.count;
    for (unsigned k = 1; k < TG_MAX_OP_INPUTS; k++) {
        p->input[k].data = NULL;
        p->input[k].type = 0;
    }
    for (unsigned k = 0; k < inputs.count; k++) {
        uint32_t index = tg_item32(&inputs, k);
        blocks[k] = TG_NO_BLOCK;
        if (index == UINT32_MAX && k > 0) { /* an optional input left out */
            continue;
        }
        if (index == g->last_read) {
            p->input[k] = p->output; /* of the step before */
        } else {
            int err = read_tensor(g, index, &p->input[k]);
            if (err != 0) {
                return err;
            }
        }
        if (p->input[k].data == NULL) {
            unsigned block = find_block(g, index);
            if (block == TG_NO_BLOCK) {
                return TG_ERR_GRAPH; /* used before it is produced */
            }
            g->blocks[block].last = (uint8_t)step;
            blocks[k] = (uint8_t)block;
        }
    }
    return 0;
}

static int read_output(graph *g, const tg_table *op, tg_prepare *p, uint32_t *index) {
    g->last_read = UINT32_MAX;
    tg_vector outputs = tg_read_vector(&g->reader, op, OPERATOR_OUTPUTS, 4);
    if (outputs.count != 1) {
        return g->reader.err != 0 ? g->reader.err : TG_ERR_GRAPH;
    }
    *index = tg_item32(&outputs, 0);
    int err = read_tensor(g, *index, &p->output);
    if (err != 0) {
        return err;
    }
    if (p->output.data != NULL || find_block(g, *index) != TG_NO_BLOCK) {
        return TG_ERR_GRAPH; /* a constant, or produced twice */
    }
    g->last_read = *index;
    return tg_check_int8(&p->output);
}

/* Index of the operator's kind in the list of operators; false when it is not there. */
static bool find_op(graph *g, const tg_table *op, uint32_t *kind, tg_fault *fault) {
    uint32_t index = tg_read_u32(op, OPERATOR_OPCODE_INDEX, 0);
    if (index >= g->opcodes.count) {
        return false;
    }
    tg_table code = tg_read_item(&g->reader, &g->opcodes, index);
    /* Codes up to 127 are in the older field, which stays set; the schema says to take the larger. */
    uint32_t opcode = tg_read_u8(&code, OPERATOR_CODE_DEPRECATED, 0);
    uint32_t builtin = tg_read_u32(&code, OPERATOR_CODE_BUILTIN, 0);
    opcode = builtin > opcode ? builtin : opcode;
    fault->opcode = opcode > INT16_MAX ? INT16_MAX : (int16_t)opcode;
    for (*kind = 0; g->ops[*kind] != NULL; (*kind)++) {
        if (g->ops[*kind]->opcode == opcode) {
            return true;
        }
    }
    return false;
}

/* Whether a tensor is an input of an operator after `step`, or the graph's output. */
static bool used_after(graph *g, uint32_t tensor, unsigned step) {
    bool used = tensor == g->output_tensor;
    for (unsigned i = step + 1U; i < g->operators.count && !used; i++) {
        tg_table op = tg_read_item(&g->reader, &g->operators, i);
        tg_vector inputs = tg_read_vector(&g->reader, &op, OPERATOR_INPUTS, 4);
        used = inputs.count > TG_MAX_OP_INPUTS; /* refused at its turn: not worth more time */
        for (unsigned k = 0; k < inputs.count && !used; k++) {
            used = tg_item32(&inputs, k) == tensor;
        }
    }
    return used;
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
    if (producer->absorb == NULL || where->output != input || has_views(g, input) ||
        used_after(g, g->blocks[input].tensor, step) ||
        !producer->absorb(g->arena.base + last->params, op, p)) {
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
    tg_table table = tg_read_item(&g->reader, &g->operators, step);
    uint32_t kind = 0;
    if (!find_op(g, &table, &kind, fault)) {
        return g->reader.err != 0 ? g->reader.err : TG_ERR_OPERATOR;
    }
    const tg_op *op = g->ops[kind];
    p->options = tg_read_table(&g->reader, &table, OPERATOR_OPTIONS);
    p->scratch_size = 0;
    uint8_t blocks[TG_MAX_OP_INPUTS] = {TG_NO_BLOCK, TG_NO_BLOCK, TG_NO_BLOCK};
    uint32_t output = 0;
    int err = read_inputs(g, &table, step, p, blocks);
    if (err == 0) {
        err = read_output(g, &table, p, &output);
    }
    if (err != 0) {
        return err;
    }
    if (absorbed(g, step, op, p, blocks[0], output)) {
        return 0;
    }
    struct tg_node *node = &g->nodes[g->node_count];
    node->input = blocks[0] == TG_NO_BLOCK ? tg_constant(p, &p->input[0]) : 0;
    node->input2 = blocks[1] == TG_NO_BLOCK ? tg_constant(p, &p->input[1]) : 0;
    node->output = node->scratch = 0;
    node->params = TG_REF_NONE;
    node->op = kind;
    p->room = room(g, p);
    err = op->prepare(p, node);
    if (err != 0) {
        return err;
    }
    tg_places *where = &g->steps[g->node_count];
    if (op->run == NULL) {
        add_block(g, output, p->output.size, step, blocks[0]);
        return 0;
    }
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
    uint32_t count = g->operators.count;
    uint32_t max_blocks = 2U * count + 1U; /* the input, and an output and scratch for each step */
    uint32_t tables = max_blocks * (uint32_t)sizeof(tg_block) + count * (uint32_t)sizeof(tg_places);
    uint32_t size = arena_size > UINT32_MAX ? UINT32_MAX & ~7U : (uint32_t)arena_size & ~7U;
    tables = (tables + 7U) & ~7U;
    g->tables_size = tables;
    g->arena = (tg_arena){.base = arena, .size = size < tables ? 0 : size - tables, .needed = tables};
    tg_ref ref;
    g->nodes = tg_alloc(&g->arena, count * (uint32_t)sizeof(struct tg_node), &ref);
    if (g->nodes == NULL) {
        return TG_ERR_ARENA;
    }
    g->blocks = (tg_block *)(void *)(g->arena.base + g->arena.size);
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
static int replan(graph *g, tg_planner *planner, unsigned output) {
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
    tg_tensor input; /* the model is not touched before all is well */
    p.file = g->reader.data;
    p.arena = &g->arena;
    int err = read_tensor(g, g->input_tensor, &p.output);
    if (err == 0) {
        err = p.output.data != NULL ? TG_ERR_GRAPH : tg_check_int8(&p.output);
    }
    if (err != 0) {
        return err;
    }
    g->last_read = g->input_tensor;
    public_tensor(&input, &p.output);
    add_block(g, g->input_tensor, p.output.size, 0, TG_NO_BLOCK);
    for (unsigned step = 0; step < g->operators.count; step++) {
        fault->op = (int16_t)step;
        fault->opcode = -1;
        err = add_step(g, step, &p, fault);
        if (err != 0) {
            return err;
        }
    }
    fault->op = fault->opcode = -1;
    unsigned last = find_block(g, g->output_tensor);
    if (last == TG_NO_BLOCK) {
        return TG_ERR_GRAPH;
    }
    g->blocks[last].last = (uint8_t)g->operators.count;
    if (g->last_read != g->output_tensor) {
        err = read_tensor(g, g->output_tensor, &p.output);
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
    model->data = g->reader.data;
    model->arena = g->arena.base;
    model->ops = g->ops;
    model->nodes = g->nodes;
    model->node_count = (uint16_t)g->node_count;
    model->arena_used = used;
    model->input = (int8_t *)g->arena.base + place(g, 0, 0);
    model->output = (int8_t *)g->arena.base + place(g, last, 0);
    model->input_tensor = input;
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
    int err = open_graph(&g, data, (uint32_t)size);
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
    for (unsigned i = 0; i < nodes; i++) {
        const struct tg_node *node = &model->nodes[i];
        model->ops[node->op]->run(model, node);
    }
}

void tg_model_invoke(const tg_model *model) {
    tg_model_run(model, model->node_count);
}
