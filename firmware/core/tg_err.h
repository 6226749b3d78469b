/* Errors of every tg_ function: 0 is success, an error is negative.
 *
 * A function that fails leaves its outputs untouched. The list exists once, here: the enum,
 * tg_err_name() and the Python binding are generated from it.
 */
#ifndef TG_ERR_H
#define TG_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, value, text): text completes the sentence "refused: ...". */
#define TG_ERR_LIST(X)                                                                                       \
    X(OK, 0, "no error")                                                                                     \
    X(ERR_ARGUMENT, -1, "a null pointer or a size of zero was passed")                                       \
    X(ERR_NOT_TFLITE, -2, "the bytes are no .tflite file (identifier TFL3 missing)")                         \
    X(ERR_TRUNCATED, -3, "an offset points outside the file: truncated or corrupt")                          \
    X(ERR_ALIGNMENT, -4, "data that must be 4-byte aligned is not")                                          \
    X(ERR_VERSION, -5, "a schema or format version this code does not know")                                 \
    X(ERR_GRAPH, -6, "the graph is not one subgraph of ordered operators with one input and output")         \
    X(ERR_OPERATOR, -7, "an operator that is not supported")                                                 \
    X(ERR_TYPE, -8, "a tensor type that is not supported here (int8 model, int32 bias)")                     \
    X(ERR_SHAPE, -9, "tensor shapes that do not fit each other or the operator")                             \
    X(ERR_QUANTIZATION, -10, "quantisation parameters outside what int8 arithmetic allows")                  \
    X(ERR_OPTION, -11, "an operator option that is not supported")                                           \
    X(ERR_TOO_BIG, -12, "a size beyond the limits of the core")                                              \
    X(ERR_ARENA, -13, "the arena is too small")                                                              \
    X(ERR_NO_CONTRACT, -14, "the model carries no tinygesture.contract")                                     \
    X(ERR_CONTRACT, -15, "the contract is malformed")                                                        \
    X(ERR_CRITICAL, -16, "the contract holds a critical record this version does not know")                  \
    X(ERR_MISMATCH, -17, "contract and model disagree about window, channels or labels")                     \
    X(ERR_SELF_TEST, -18, "the self-test gave other bytes than the contract expects")                        \
    X(ERR_WORK, -19, "an inference of more steps than the core's limit")

typedef enum {
#define TG_ERR_ENUM(name, value, text) TG_##name = (value),
    TG_ERR_LIST(TG_ERR_ENUM)
#undef TG_ERR_ENUM
} tg_err;

/* Name of an error ("ERR_SHAPE") and one line about it, or "?" for an unknown value. Static strings. */
const char *tg_err_name(int err);
const char *tg_err_text(int err);

#ifdef __cplusplus
}
#endif

#endif
