#include "tg_model.h"

#include "tg_graph.h"

int tg_model_open(tg_model *model, const uint8_t *data, size_t size, const tg_op *const *ops, void *arena,
                  size_t arena_size, tg_fault *fault) {
    tg_fault unused;
    tg_graph graph;
    tg_graph_init(&graph, ops, arena, arena_size, fault, &unused);
    if (model == NULL) {
        return TG_ERR_ARGUMENT;
    }
    return tg_graph_place(&graph, tg_graph_read(&graph, data, size), model);
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

static const tg_head *head_of(const tg_model *model) {
    return (const tg_head *)(const void *)model->arena;
}

const tg_tensor *tg_model_input_tensor(const tg_model *model) {
    return &head_of(model)->input;
}

const tg_tensor *tg_model_output_tensor(const tg_model *model) {
    return &head_of(model)->output;
}

void tg_model_run(const tg_model *model, unsigned nodes) {
    const struct tg_node *node = head_of(model)->nodes;
    for (; nodes > 0; nodes--, node++) {
        const tg_run run = {
            .model = model,
            .params = model->arena + node->params,
            .input = tg_at(model, node->input),
            .input2 = tg_at(model, node->input2),
            .output = (int8_t *)model->arena + node->output,
            .scratch = model->arena + node->scratch,
        };
        model->ops[node->op]->run(&run);
    }
}

void tg_model_invoke(const tg_model *model) {
    tg_model_run(model, model->node_count);
}
