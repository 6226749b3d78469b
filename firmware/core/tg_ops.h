/* The operator kinds of this core, by their TensorFlow Lite names: what a model's operator list is made of.
 */
#ifndef TG_OPS_H
#define TG_OPS_H

#include "tg_model.h"

/* X(name, NAME): as tg_op_name, and as tg_hop_name with all that running by hops takes. They are searched in
 * this order: the most frequent first. */
#define TG_OPS(X)                                                                                            \
    X(conv_2d, CONV_2D)                                                                                      \
    X(fully_connected, FULLY_CONNECTED)                                                                      \
    X(softmax, SOFTMAX)                                                                                      \
    X(depthwise_conv_2d, DEPTHWISE_CONV_2D)                                                                  \
    X(max_pool_2d, MAX_POOL_2D)                                                                              \
    X(mean, MEAN)                                                                                            \
    X(reshape, RESHAPE)                                                                                      \
    X(add, ADD)                                                                                              \
    X(average_pool_2d, AVERAGE_POOL_2D)                                                                      \
    X(expand_dims, EXPAND_DIMS)                                                                              \
    X(mul, MUL)                                                                                              \
    X(pad, PAD)                                                                                              \
    X(padv2, PADV2)                                                                                          \
    X(reduce_max, REDUCE_MAX)                                                                                \
    X(relu, RELU)                                                                                            \
    X(relu6, RELU6)                                                                                          \
    X(squeeze, SQUEEZE)                                                                                      \
    X(sub, SUB)

#define TG_OPS_DECLARE(name, NAME) extern const tg_op tg_op_##name, tg_hop_##name;
TG_OPS(TG_OPS_DECLARE)
#undef TG_OPS_DECLARE

#endif
