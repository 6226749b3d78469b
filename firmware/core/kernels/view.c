/* RESHAPE, EXPAND_DIMS and SQUEEZE: the same values in the same order, so nothing is copied or run. */
#include "../tg_op.h"

static const uint8_t OPTIONS[] = {TG_END};

#define VIEW(code)                                                                                           \
    {.opcode = (code),                                                                                       \
     .least_inputs = 1,                                                                                      \
     .most_inputs = 2,                                                                                       \
     .checks = TG_SAME_SIZE | TG_SAME_QUANTIZATION,                                                          \
     .options = OPTIONS}

const tg_op tg_op_reshape = VIEW(OP_RESHAPE);
const tg_op tg_op_expand_dims = VIEW(OP_EXPAND_DIMS);
const tg_op tg_op_squeeze = VIEW(OP_SQUEEZE);
