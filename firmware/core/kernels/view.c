/* RESHAPE, EXPAND_DIMS and SQUEEZE: the same values in the same order, so nothing is copied or run. */
#include "../tg_op.h"

static int prepare(tg_prepare *p, struct tg_node *node) {
    (void)node;
    const tg_view *input = &p->input[0];
    int err = tg_check_int8(input);
    if (err != 0) {
        return err;
    }
    if (input->data != NULL) {
        return TG_ERR_GRAPH;
    }
    if (input->size != p->output.size) {
        return TG_ERR_SHAPE;
    }
    return tg_same_quantization(input, &p->output) ? 0 : TG_ERR_QUANTIZATION;
}

const tg_op tg_op_reshape = {OP_RESHAPE, prepare, NULL, NULL, NULL};
const tg_op tg_op_expand_dims = {OP_EXPAND_DIMS, prepare, NULL, NULL, NULL};
const tg_op tg_op_squeeze = {OP_SQUEEZE, prepare, NULL, NULL, NULL};
