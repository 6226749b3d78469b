/* RESHAPE, EXPAND_DIMS and SQUEEZE: the same values in the same order, so nothing is copied or run. */
#include "../tg_op.h"

static const uint8_t OPTIONS[] = {TG_END};

#define VIEW(name, code)                                                                                     \
    TG_OP(name, NULL, .opcode = (code), .needs = {TG_ACTIVATION, TG_OPTIONAL},                               \
          .checks = TG_SAME_SIZE | TG_SAME_QUANTIZATION, .options = OPTIONS)

VIEW(reshape, OP_RESHAPE);
VIEW(expand_dims, OP_EXPAND_DIMS);
VIEW(squeeze, OP_SQUEEZE);
