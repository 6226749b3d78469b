/* FULLY_CONNECTED: weights [outputs, depth]; the input is taken as rows of depth values. */
#include "tg_gemm.h"

typedef struct {
    uint32_t rows;
    uint32_t chunk; /* rows taken at a time */
    uint32_t lanes; /* bytes of scratch in front of the pair */
    uint16_t depth;
    uint16_t outputs;
    int16_t input_offset;
    tg_ref bias; /* int32 each, or TG_REF_NONE */
    tg_requant requant;
} fully_connected;

static void run(const tg_model *model, const struct tg_node *node) {
    const fully_connected *f = tg_at(model, node->params);
    const tg_gemm gemm = {
        .weights = tg_at(model, node->input2),
        .factors = tg_factors_at(model, &f->requant, f->bias, 0),
        .depth = f->depth,
        .patches = {.count = 1, .runs = 1, .skip = f->depth},
        .output_step = f->outputs,
        .channels = f->outputs,
        .input_offset = f->input_offset,
        .scratch = tg_at(model, node->scratch),
        .pair = (uint32_t *)tg_at(model, node->scratch) + f->lanes / sizeof(uint32_t),
    };
    const int8_t *input = tg_at(model, node->input);
    int8_t *output = tg_at(model, node->output);
    for (uint32_t left = f->rows; left > 0;) {
        uint32_t now = left < f->chunk ? left : f->chunk;
        tg_gemm_run(&gemm, input, now, output);
        input += now * f->depth;
        output += now * f->outputs;
        left -= now;
    }
}

/* Chooses the chunk; returns the bytes of scratch. */
static uint32_t plan(fully_connected *f, uint32_t room) {
    f->chunk = tg_gemm_chunk(f->depth, 1, 1, f->rows, room);
    f->lanes = tg_gemm_scratch(f->depth, 1, 1, f->chunk);
    return f->lanes + (f->chunk == 1U && f->depth >= 4U ? 0 : tg_gemm_pair(f->depth));
}

static int prepare(tg_prepare *p, struct tg_node *node) {
    const tg_view *input = &p->input[0];
    const tg_view *weights = &p->input[1];
    uint16_t outputs = weights->dim[DIM_W];
    uint16_t depth = weights->dim[DIM_C];
    int err = tg_check_weights(p, DIM_W, outputs);
    if (err != 0) {
        return err;
    }
    if (tg_read_u8(&p->options, FULLY_CONNECTED_WEIGHTS_FORMAT, 0) != 0) {
        return TG_ERR_OPTION; /* shuffled weights */
    }
    if (weights->dims != 2 || input->size % depth != 0 || p->output.dim[DIM_C] != outputs ||
        p->output.size != input->size / depth * outputs) {
        return TG_ERR_SHAPE;
    }
    fully_connected *f = tg_alloc(p->arena, sizeof *f, &node->params);
    if (f == NULL) {
        return TG_ERR_ARENA;
    }
    f->rows = input->size / depth;
    f->depth = depth;
    f->outputs = outputs;
    f->input_offset = (int16_t)-input->zero_point;
    f->bias = tg_constant(p, &p->input[2]);
    p->scratch_size = plan(f, p->room);
    uint8_t activation = tg_read_u8(&p->options, FULLY_CONNECTED_ACTIVATION, ACTIVATION_NONE);
    return tg_requant_make(&f->requant, p, activation, depth, outputs, true);
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    fully_connected *f = params;
    if (hop->size % f->depth != 0) {
        return TG_STREAM_ENDS;
    }
    f->rows = hop->fresh * hop->size / f->depth;
    hop->scratch = plan(f, 0);
    return TG_STREAM_YES;
}

const tg_op tg_op_fully_connected = {OP_FULLY_CONNECTED, prepare, run, NULL, stream};
