/* FULLY_CONNECTED: weights [outputs, depth]; the input is taken as rows of depth values. */
#include "tg_gemm.h"

typedef struct {
    uint32_t rows;
    uint32_t scratch_size;
    uint16_t depth;
    uint16_t outputs;
    int16_t input_offset;
    tg_requant requant;
} fully_connected;

static void run(const tg_run *run) {
    const fully_connected *f = run->params;
    tg_gemm gemm; /* all of it is set, without the zeros of an initialiser */
    gemm.weights = run->input2;
    tg_factors_set(&gemm.factors, run->model, &f->requant, 0);
    gemm.depth = f->depth;
    gemm.channels = f->outputs;
    gemm.input_offset = f->input_offset;
    gemm.patches = (tg_patches){1, 1, 0, 0, f->depth};
    gemm.output_step = f->outputs;
    gemm.scratch = run->scratch;
    gemm.scratch_size = f->scratch_size;
    tg_gemm_run(&gemm, run->input, f->rows, run->output);
}

static void plan(fully_connected *f, uint32_t room) {
    f->scratch_size = tg_gemm_scratch(f->depth, false, f->rows, room);
}

enum { OPTION_WEIGHTS_FORMAT = OPTION_ACTIVATION + 1 };
static const uint8_t OPTIONS[] = {TG_BYTE(FULLY_CONNECTED_ACTIVATION),
                                  TG_BYTE(FULLY_CONNECTED_WEIGHTS_FORMAT), TG_END};

static int prepare(tg_prepare *p, void *params) {
    fully_connected *f = params;
    const tg_view *input = &p->input[0];
    const tg_view *weights = &p->input[1];
    uint16_t outputs = weights->dim[DIM_W];
    uint16_t depth = weights->dim[DIM_C];
    int err = tg_check_weights(p, DIM_W, outputs);
    if (err != 0) {
        return err;
    }
    if (p->option[OPTION_WEIGHTS_FORMAT] != 0) {
        return TG_ERR_OPTION; /* shuffled weights */
    }
    const uint32_t rows = input->size / depth;
    if (weights->dims != 2 || rows * depth != input->size || p->output.dim[DIM_C] != outputs ||
        p->output.size / outputs != rows) {
        return TG_ERR_SHAPE;
    }
    f->rows = rows;
    f->depth = depth;
    f->outputs = outputs;
    f->input_offset = (int16_t)-input->zero_point;
    plan(f, p->room);
    p->scratch_size = f->scratch_size;
    p->steps = depth;
    return tg_requant_make(&f->requant, p, outputs, true);
}

static tg_stream_reason stream(void *params, tg_hop *hop) {
    fully_connected *f = params;
    if (hop->size % f->depth != 0) {
        return TG_STREAM_ENDS;
    }
    f->rows = hop->fresh * hop->size / f->depth;
    plan(f, 0);
    hop->scratch = f->scratch_size;
    return TG_STREAM_YES;
}

TG_OP(fully_connected, stream, .opcode = OP_FULLY_CONNECTED, .needs = TG_WEIGHTED, .checks = TG_FUSED,
      .params = sizeof(fully_connected), .options = OPTIONS, .prepare = prepare, .run = run);
