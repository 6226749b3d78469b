/* The operator kinds of this core, by their TensorFlow Lite names: what a model's operator list is made of.
 */
#ifndef TG_OPS_H
#define TG_OPS_H

#include "tg_model.h"

/* X(symbol, NAME). The generator of C arrays reads this list too. */
#define TG_OPS(X)                                                                                            \
    X(tg_op_add, ADD)                                                                                        \
    X(tg_op_average_pool_2d, AVERAGE_POOL_2D)                                                                \
    X(tg_op_conv_2d, CONV_2D)                                                                                \
    X(tg_op_depthwise_conv_2d, DEPTHWISE_CONV_2D)                                                            \
    X(tg_op_expand_dims, EXPAND_DIMS)                                                                        \
    X(tg_op_fully_connected, FULLY_CONNECTED)                                                                \
    X(tg_op_max_pool_2d, MAX_POOL_2D)                                                                        \
    X(tg_op_mean, MEAN)                                                                                      \
    X(tg_op_mul, MUL)                                                                                        \
    X(tg_op_pad, PAD)                                                                                        \
    X(tg_op_padv2, PADV2)                                                                                    \
    X(tg_op_reduce_max, REDUCE_MAX)                                                                          \
    X(tg_op_relu, RELU)                                                                                      \
    X(tg_op_relu6, RELU6)                                                                                    \
    X(tg_op_reshape, RESHAPE)                                                                                \
    X(tg_op_softmax, SOFTMAX)                                                                                \
    X(tg_op_squeeze, SQUEEZE)                                                                                \
    X(tg_op_sub, SUB)

#define TG_OPS_DECLARE(symbol, name) extern const tg_op symbol;
TG_OPS(TG_OPS_DECLARE)
#undef TG_OPS_DECLARE

#endif
